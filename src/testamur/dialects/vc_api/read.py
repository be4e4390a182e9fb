"""What a client of the VC-API sends, in our words."""

import json
import re
from dataclasses import dataclass
from typing import Any

from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Kind, Refusal

#: Three parts of base64url (RFC 7515, 3.1).
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

CRYPTOSUITES = ("eddsa-rdfc-2022", "eddsa-jcs-2022")
ALGORITHMS = ("EdDSA", "RS256")

#: What is made when nothing else is asked for.
DATA_INTEGRITY = "DataIntegrityProof"
JWT = "vc+jwt"

STATUS_ENTRY = "BitstringStatusListEntry"
PURPOSE = "revocation"


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """A credential, and how it is to be secured."""

    credential: dict[str, Any]
    #: A cryptosuite, or `vc+jwt`.
    security: str
    #: Of a `vc+jwt`.
    algorithm: str
    wants_status: bool


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What is to be verified, as bytes, and what the holder was asked to sign."""

    data: bytes
    media_type: str
    challenge: str | None
    domain: str | None


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """What is to become of a credential."""

    event: StandingEvent
    reason: str
    #: The credential's own id, if it was named by it,
    name: str | None
    #: the id of our certificate, if that id is the address of one,
    certificate_id: str | None
    #: and its list's name and index, if they were named.
    place: tuple[str, str] | None


#: Everybody may read it.
DEFAULT_REASON = "Set through the VC-API"

_EVENTS = {
    ("revocation", True): StandingEvent.REVOKE,
    ("suspension", True): StandingEvent.SUSPEND,
    ("suspension", False): StandingEvent.REINSTATE,
}


def issue_request(body: Any) -> IssueRequest:
    """
    Read `{"credential": {...}, "options": {...}}` (VC-API, Issue Credential).

    Raises:
        Refusal: INVALID, naming the field. An option that we do not know is one
            that we would not honour.
    """
    fields = _object(body, "body", known={"credential", "options"})
    credential = fields.get("credential")
    if not isinstance(credential, dict):
        raise _wrong("credential", "Send the credential as an object.")
    wanted = fields.get("options")
    options = _object(
        {} if wanted is None else wanted,
        "options",
        known={"type", "cryptosuite", "algorithm", "credentialStatus"},
    )
    made = _one_of(options, "type", (DATA_INTEGRITY, JWT))
    suite = _one_of(options, "cryptosuite", CRYPTOSUITES)
    algorithm = _one_of(options, "algorithm", ALGORITHMS)
    if made == JWT and "cryptosuite" in options:
        raise _wrong("options.cryptosuite", f"A {JWT} has an algorithm, and no suite.")
    if made != JWT and "algorithm" in options:
        raise _wrong("options.algorithm", f"Only a {JWT} has an algorithm.")
    return IssueRequest(
        credential,
        JWT if made == JWT else suite,
        algorithm,
        wants_status=_wants_status(options.get("credentialStatus")),
    )


def status_request(body: Any, public_url: str) -> StatusRequest:
    """
    Read `{"credentialId": ..., "credentialStatus": {...}, "status": ...}`.

    The credential is named by its own id, or by its place in a list: the two
    members of `credentialStatus` that the credential has as well. *public_url* is
    what the addresses of our lists and certificates begin with.

    Raises:
        Refusal: INVALID, naming the field.
    """
    fields = _object(
        body, "body", {"credentialId", "credentialStatus", "status", "reason"}
    )
    wanted = _object(
        fields.get("credentialStatus"),
        "credentialStatus",
        {
            *("id", "type", "statusPurpose"),
            *("statusListCredential", "statusListIndex"),
        },
    )
    if wanted.get("type", STATUS_ENTRY) != STATUS_ENTRY:
        raise _wrong("credentialStatus.type", f"Use {STATUS_ENTRY}.")
    purpose = wanted.get("statusPurpose", PURPOSE)
    is_set = fields.get("status", True)
    if not isinstance(is_set, bool):
        raise _wrong("status", "Send true to set the status, false to clear it.")
    event = _EVENTS.get((purpose, is_set) if isinstance(purpose, str) else ("", True))
    if event is None:
        raise _wrong(
            "credentialStatus.statusPurpose",
            "A revocation can be set, and a suspension set and cleared.",
        )
    name, reason = fields.get("credentialId"), fields.get("reason", DEFAULT_REASON)
    if name is not None and not isinstance(name, str):
        raise _wrong("credentialId", "The credential's id must be text.")
    if not isinstance(reason, str):
        raise _wrong("reason", "The reason must be text.")
    place = _place(wanted, public_url)
    if name is None and place is None:
        raise _wrong(
            "credentialId",
            "Name the credential by its id, or by statusListCredential and "
            "statusListIndex as they stand in it.",
        )
    certificate = None
    if name is not None and name.startswith(f"{public_url}/c/"):
        certificate = name.removeprefix(f"{public_url}/c/")
    return StatusRequest(event, reason, name, certificate, place)


def _place(entry: dict[str, Any], public_url: str) -> tuple[str, str] | None:
    url, index = entry.get("statusListCredential"), entry.get("statusListIndex")
    if url is None and index is None:
        return None
    if isinstance(index, int) and not isinstance(index, bool):
        index = str(index)
    start = f"{public_url}/status/"
    if not (isinstance(url, str) and url.startswith(start) and isinstance(index, str)):
        raise _wrong(
            "credentialStatus.statusListCredential",
            "Send statusListCredential and statusListIndex as they stand in the "
            "credential.",
        )
    return url.removeprefix(start), index


def verify_credential(body: Any) -> VerifyRequest:
    """
    Read `{"verifiableCredential": ..., "options": {...}}`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    return _verify(body, "verifiableCredential", "application/vc")


def verify_presentation(body: Any) -> VerifyRequest:
    """
    Read `{"verifiablePresentation": ..., "options": {...}}`.

    Raises:
        Refusal: INVALID, naming the field.
    """
    return _verify(body, "verifiablePresentation", "application/vp")


def _verify(body: Any, name: str, media_type: str) -> VerifyRequest:
    if not isinstance(body, dict):
        raise _wrong("body", "Send one JSON object.")
    document = body.get(name)
    options = body.get("options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise _wrong("options", "Send options as an object.")
    challenge, domain = options.get("challenge"), options.get("domain")
    for option, value in (("challenge", challenge), ("domain", domain)):
        if value is not None and not isinstance(value, str):
            raise _wrong(f"options.{option}", f"The {option} must be text.")
    if isinstance(document, str) and _TOKEN.fullmatch(document):
        return VerifyRequest(document.encode(), f"{media_type}+jwt", challenge, domain)
    if not isinstance(document, dict):
        raise _wrong(name, f"Send {name} as an object, or as a JWT.")
    data = json.dumps(document, ensure_ascii=False).encode()
    return VerifyRequest(data, media_type, challenge, domain)


def _wants_status(value: Any) -> bool:
    if value is None:
        return False
    wanted = _object(value, "options.credentialStatus", {"type", "statusPurpose"})
    kind = wanted.get("type", STATUS_ENTRY)
    purpose = wanted.get("statusPurpose", PURPOSE)
    if (kind, purpose) != (STATUS_ENTRY, PURPOSE):
        raise _wrong(
            "options.credentialStatus",
            f"There are entries of the type {STATUS_ENTRY} with the purpose {PURPOSE}.",
        )
    return True


def _one_of(options: dict[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = options.get(name, known[0])
    if value not in known:
        raise _wrong(f"options.{name}", f"Use {' or '.join(known)}.")
    return str(value)


def _object(value: Any, at: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(at, "Send one JSON object.")
    for name in value:
        if name not in known:
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                f"There is no such field; there are {', '.join(sorted(known))}.",
                at=f"{at}.{name[:64]}",
            )
    return value


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=at)
