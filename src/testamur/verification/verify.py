"""The one verb: bytes in, a verdict out."""

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from testamur.core.clock import SECOND, Clock, rfc3339
from testamur.core.ids import is_id
from testamur.core.refusals import Kind, Reason, Refusal

from .digests import multibase_digest, sri_digests
from .examine import fingerprint
from .keys import NoKey, holds, short
from .multibase import from_multibase
from .ports import CheckLog, Fetch, House, HouseCertificate, Reader
from .reading_room import busy
from .sources import KeyWanting, Sources, Wish
from .status import AGAINST, NoStatus, bit_at
from .strict_json import NotReadable, read_json
from .verdict import Check, Outcome, Step, Verdict, failed, left_out, missed, passed

__all__ = ["Verifier", "Wish"]

#: How many may be verified at once: what waits for other servers holds a thread.
AT_ONCE = 6

#: Clocks differ.
SKEW = 60 * SECOND

Found = Mapping[str, Any]


class Verifier:
    """
    Verifies what anybody sends. Threads may share it.

    Without *house* nothing is known of our own records, and without *fetch* nobody
    is asked: what would have been found there is not checked, and said to be so.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        clock: Clock,
        check_log: CheckLog,
        house: House | None = None,
        fetch: Fetch | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._check_log = check_log
        self._house = house
        self._fetch = fetch
        self._places = threading.BoundedSemaphore(at_once)

    def verify(
        self, data: bytes, media_type: str = "", wish: Wish | None = None
    ) -> Verdict:
        """
        Return the verdict on *data*.

        JSON, an array of JSON credentials, an EnvelopedVerifiableCredential, a
        presentation, a JWT, a PNG with a credential baked in, or a bundle (ZIP):
        what it is is seen from the bytes.

        Raises:
            Refusal: TOO_OFTEN `verifier_busy`.
        """
        if not self._places.acquire(blocking=False):
            raise busy()
        try:
            sources = Sources(wish or Wish(), self._house, self._fetch, self._clock())
            found = self._reader.read(data, media_type)
            self._open_bundle(found, sources)
            return self._judge(found, sources, found.get("cameAs", ""))
        finally:
            self._places.release()

    def verify_name(self, name: str) -> Verdict:
        """
        Return the verdict on a certificate of this house, by its id or URL.

        Raises:
            Refusal: NOT_FOUND, when there is none; INVALID, when *name* is neither;
                TOO_OFTEN `verifier_busy`.
        """
        if self._house is None:
            raise Refusal(Kind.INVALID, "no_house", "There are no certificates here.")
        certificate_id = self._id_in(name.strip())
        if certificate_id is None:
            raise Refusal(
                Kind.INVALID,
                "certificate_name",
                "Give a certificate's id (24 letters and digits) or its address here, "
                f"which begins with {self._house.public_url}/c/. Certificates of "
                "others are checked from their file.",
            )
        certificate = self._house.certificate(certificate_id)
        if certificate is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                "There is no certificate with this id here. Compare it with the one "
                "you were given.",
            )
        if certificate.credential is None:
            return self._unsigned(certificate)
        verdict = self.verify(certificate.credential)
        return Verdict(
            verdict.checks, verdict.checked_at, verdict.kind, verdict.says, "id"
        )

    def _id_in(self, name: str) -> str | None:
        assert self._house is not None
        if is_id(name):
            return name
        ours, given = urlsplit(self._house.public_url + "/c/"), urlsplit(name)
        if given.netloc.lower() != ours.netloc.lower():
            return None
        if not given.path.startswith(ours.path):
            return None
        rest = given.path.removeprefix(ours.path).partition("/")[0].partition(".")[0]
        return rest if is_id(rest) else None

    def _unsigned(self, certificate: HouseCertificate) -> Verdict:
        now = self._clock()
        return Verdict(
            [
                missed(
                    Step.PROOF,
                    "not_a_credential",
                    "This certificate is in this server's records, but was issued "
                    "before certificates were signed: it is not a verifiable "
                    "credential. Look at its page instead.",
                ),
                _standing(certificate, now),
            ],
            now,
            "certificate",
            {"id": certificate.id},
            "id",
        )

    # One document ------------------------------------------------------------------

    def _judge(self, found: Found, sources: Sources, came_as: str) -> Verdict:
        if trouble := found.get("trouble"):
            check = failed(Step.READING, trouble[0], trouble[1])
            return Verdict([check], sources.now, came_as=came_as)
        kind = found.get("kind", "")
        inside = [self._judge(one, sources, "") for one in found.get("inside", ())]
        read = passed(Step.READING, "readable", _how_read(came_as or "json"))
        if kind == "array":
            return Verdict([read], sources.now, "array", {}, came_as, inside)
        checks = [read, _form(found), *self._proof(found, sources)]
        checks.append(_validity(found, sources.now))
        if kind == "presentation":
            checks.append(_occasion(found, sources.wish))
        else:
            checks.append(self._status(found, sources))
            checks.append(_image(found))
            checks += self._records(found, sources)
        return Verdict(
            checks, sources.now, kind, found.get("says", {}), came_as, inside
        )

    def _proof(self, found: Found, sources: Sources) -> list[Check]:
        proofs = found.get("proofs", ())
        if not proofs:
            return [
                failed(Step.PROOF, "proof_missing", "Nobody has signed it."),
                missed(Step.ISSUER_KEY, "proof_missing", "No key is named."),
            ]
        pairs = [self._one_proof(proof, found, sources) for proof in proofs]
        good = [
            pair
            for pair in pairs
            if all(check.outcome is Outcome.PASSED for check in pair)
        ]
        bad = [pair for pair in pairs if any(c.outcome is Outcome.FAILED for c in pair)]
        # Every proof of a set has to hold that can be checked; one that cannot is no
        # reason against the others.
        wrong = [pair for pair in bad if pair[0].outcome is Outcome.FAILED]
        if wrong:
            return list(wrong[0])
        if good:
            proof, key = good[0]
            others = len(pairs) - len(good)
            if others:
                detail = f"{proof.detail} {others} further proof(s) were not checked."
                proof = passed(Step.PROOF, proof.code, detail)
            return [proof, key]
        return list((bad or pairs)[0])

    def _one_proof(
        self, proof: Found, found: Found, sources: Sources
    ) -> tuple[Check, Check]:
        no_key = missed(Step.ISSUER_KEY, "proof_unclear", "It was not looked for.")
        if trouble := proof.get("trouble"):
            return failed(Step.PROOF, trouble[0], trouble[1]), no_key
        if proof.get("unknownSuite"):
            detail = (
                f"It is signed with {proof.get('suite') or 'something'}, which is not "
                "known here."
            )
            return missed(Step.PROOF, "suite_unknown", detail), no_key
        is_presented = found.get("kind") == "presentation"
        purposes = (
            ("authentication", "assertionMethod")
            if is_presented
            else ("assertionMethod",)
        )
        purpose = proof.get("purpose") or purposes[0]
        if "purpose" in proof and proof["purpose"] is None and "multibase" in proof:
            return _wrong("proof_purpose", "Its proof names no purpose."), no_key
        if purpose not in purposes:
            return _wrong("proof_purpose", "Its proof was made for another purpose."), (
                no_key
            )
        if (proof.get("expires") or sources.now) < sources.now - SKEW:
            return _wrong("proof_expired", "Its proof is no longer good."), no_key
        method = proof.get("method") or ""
        if not method:
            return _wrong("proof_form", "Its proof names no key."), no_key
        signer = found.get("holder" if is_presented else "issuer")
        try:
            key = sources.key(method, purpose)
        except NoKey as problem:
            say = missed if isinstance(problem, KeyWanting) else failed
            return (
                missed(
                    Step.PROOF,
                    "key_missing",
                    "The signature could not be checked without the key.",
                ),
                say(Step.ISSUER_KEY, problem.code, str(problem)),
            )
        owner = method.partition("#")[0]
        if owner == signer or (is_presented and signer is None):
            key_check = passed(Step.ISSUER_KEY, key.code, key.detail, key.as_of)
        else:
            key_check = failed(
                Step.ISSUER_KEY,
                "key_of_another",
                f"It says that it is from {short(str(signer))}, but it is signed by "
                f"{short(owner)}.",
            )
        return self._signature(proof, key.key), key_check

    def _signature(self, proof: Found, key: Any) -> Check:
        if missing := proof.get("missing"):
            return missed(Step.PROOF, missing[0], missing[1])
        if "multibase" in proof:
            text = proof["multibase"]
            # Data Integrity signatures are base58btc, and nothing else.
            signature = from_multibase(text) if text.startswith("z") else None
        else:
            signature = base64.b64decode(proof["value"])
        messages = {
            name: base64.b64decode(text) for name, text in proof["messages"].items()
        }
        suite = proof["suite"]
        held = signature is not None and holds(key, suite, messages, signature)
        if held is None:
            return _wrong("key_suite", f"Its key is not one that signs with {suite}.")
        if not held:
            return _wrong(
                "signature_wrong",
                "The signature does not hold: something was changed after it was "
                "signed, or the issuer never signed it.",
            )
        return passed(
            Step.PROOF,
            "signature_holds",
            f"The signature ({suite}) holds: not a word was changed since.",
        )

    # Status ------------------------------------------------------------------------

    def _status(self, found: Found, sources: Sources) -> Check:
        statuses = found.get("statuses", ())
        if not statuses:
            return left_out(
                Step.STATUS,
                "status_none",
                "It names no status list, so there is no way to learn whether it was "
                "taken back.",
            )
        checks = [self._one_status(one, found, sources) for one in statuses]
        for outcome in (Outcome.FAILED, Outcome.NOT_CHECKED):
            for check in checks:
                if check.outcome is outcome and check.is_needed:
                    return check
        return checks[0]

    def _one_status(self, status: Found, found: Found, sources: Sources) -> Check:
        if "BitstringStatusListEntry" not in status["types"]:
            name = ", ".join(status["types"])[:80]
            return missed(
                Step.STATUS, "status_type", f"Its status ({name}) is not read here."
            )
        purpose, index, url = status["purpose"], status["index"], status["list"]
        if purpose is None or index is None or url is None or status["size"] != 1:
            return missed(Step.STATUS, "status_form", "Its status entry is not clear.")
        if purpose not in AGAINST:
            return left_out(
                Step.STATUS,
                "status_purpose",
                f"Its status list ({purpose[:40]}) says nothing about validity.",
            )
        try:
            is_set, where, as_of = self._bit(url, purpose, index, found, sources)
        except NoStatus as problem:
            return missed(Step.STATUS, problem.code, str(problem))
        if not is_set:
            return passed(
                Step.STATUS,
                f"not_{AGAINST[purpose]}",
                f"It was not {AGAINST[purpose]}, says the issuer's list {where}.",
                as_of,
            )
        word = AGAINST[purpose]
        if purpose == "revocation" and self._is_suspension(url, index, found, sources):
            word = "suspended"
        return failed(
            Step.STATUS,
            word,
            f"The issuer has {word} it, says the list {where}.",
            as_of,
        )

    def _bit(
        self, url: str, purpose: str, index: int, found: Found, sources: Sources
    ) -> tuple[bool, str, int | None]:
        data, where, is_live = self._list(url, sources)
        listed = self._reader.read(data)
        problem = f"The status list {short(url)} cannot be relied on"
        if trouble := listed.get("trouble"):
            raise NoStatus("status_list", f"{problem}. {trouble[1]}")
        for check in (_form(listed), *self._proof(listed, sources)):
            if check.outcome is not Outcome.PASSED:
                raise NoStatus("status_list", f"{problem}. {check.detail}")
        if listed.get("issuer") != found.get("issuer"):
            raise NoStatus("status_issuer", f"{problem}. It is from another issuer.")
        if listed.get("id") not in (None, url) or not listed.get("list"):
            raise NoStatus("status_list", f"{problem}. It is another document.")
        said_at = listed.get("validFrom")
        if is_live:
            validity = _validity(listed, sources.now)
            if validity.outcome is not Outcome.PASSED:
                raise NoStatus("status_old", f"{problem}. {validity.detail}")
        is_set = bit_at(listed["list"], purpose, index)
        return is_set, where, sources.now if is_live else said_at

    def _list(self, url: str, sources: Sources) -> tuple[bytes, str, bool]:
        """Return the list at *url*, where it is from, and whether that is now."""
        if url in sources.wish.status_lists:
            return sources.wish.status_lists[url], "that you named", False
        if self._is_own(url):
            assert self._house is not None
            own = self._house.status_list(url)
            if own is None:
                raise NoStatus("status_list", f"There is no list {short(url)} here.")
            return own, "in this server's records", True
        if url in sources.bundled_lists and sources.wish.trusts_bundle:
            return (
                sources.bundled_lists[url],
                "in the bundle, as it was then: it may have been taken back since",
                False,
            )
        data = sources.fetch(url)
        if isinstance(data, Reason):
            raise NoStatus(
                "status_unreachable",
                f"Whether it was taken back could not be learnt: {data.message}",
            )
        return data, f"fetched from {short(url)}", True

    def _is_own(self, url: str) -> bool:
        return self._house is not None and url.startswith(self._house.public_url + "/")

    def _is_suspension(
        self, url: str, index: int, found: Found, sources: Sources
    ) -> bool:
        """Say whether a set bit of ours is a suspension (see docs/verification.md)."""
        beside = url + "/suspension"
        if not self._is_own(beside) and beside not in sources.bundled_lists:
            return False
        try:
            return self._bit(beside, "suspension", index, found, sources)[0]
        except NoStatus:
            return False

    # Log, and our own records --------------------------------------------------------

    def _records(self, found: Found, sources: Sources) -> list[Check]:
        certificate, standing = self._own(found, sources)
        bundle = found.get("bundle") or {}
        keys = [
            *sources.wish.log_keys,
            *(self._house.log_keys if self._house is not None else ()),
        ]
        proof, digest = "", b""
        if certificate is not None and certificate.log_proof:
            assert certificate.credential is not None
            proof, digest = certificate.log_proof, _sha256(certificate.credential)
        elif bundle.get("logProof"):
            proof, digest = bundle["logProof"], bytes.fromhex(found["digest"])
        if not proof:
            log = left_out(
                Step.LOG,
                "log_none",
                "It is not in the public log yet."
                if certificate is not None
                else "It came without a proof that a transparency log has it.",
            )
        else:
            log = self._log(proof, digest, keys, bundle, sources)
        return [log, standing]

    def _log(
        self,
        proof: str,
        digest: bytes,
        keys: Sequence[str],
        bundle: Found,
        sources: Sources,
    ) -> Check:
        note = ""
        if not keys and sources.wish.trusts_bundle and bundle.get("logKeys"):
            keys = bundle["logKeys"]
            note = (
                " The log's key was taken from the bundle itself: compare it with the "
                "one that the log publishes."
            )
        if not keys:
            return left_out(
                Step.LOG,
                "log_key",
                "It came with a proof of a log whose key is not known here.",
            )
        try:
            said = self._check_log(proof, digest, keys)
        except ValueError as problem:
            return failed(
                Step.LOG, "log_proof", f"The log's proof is wrong: {problem}."
            )
        witnesses = (
            f", and {', '.join(said.witnesses)} witnessed it" if said.witnesses else ""
        )
        return passed(
            Step.LOG,
            "logged_by_bundle_key" if note else "logged",
            f"The log {said.origin} has it as leaf {said.index} of {said.size}, signed "
            f"by {said.signed_by}{witnesses}.{note}",
            None if said.at is None else said.at * SECOND,
        )

    def _own(
        self, found: Found, sources: Sources
    ) -> tuple[HouseCertificate | None, Check]:
        """Return what our own records say of a document, if it claims to be ours."""
        if self._house is None or not sources.is_ours(found.get("issuer") or ""):
            detail = "It is from an issuer whose records are not kept here."
            return None, left_out(Step.STANDING, "not_ours", detail)
        certificate_id = self._id_in(found.get("id") or "")
        if certificate_id is None:
            detail = "Its issuer is here, but it is no certificate with a page here."
            return None, left_out(Step.STANDING, "no_page", detail)
        certificate = self._house.certificate(certificate_id)
        if certificate is None or certificate.credential is None:
            return None, failed(
                Step.STANDING,
                "not_issued",
                "It names an address here, but this server never issued it.",
                sources.now,
            )
        if _unsecured(certificate.credential) != found.get("fingerprint"):
            return None, failed(
                Step.STANDING,
                "not_as_issued",
                "It says something else than the certificate that was issued at its "
                "address.",
                sources.now,
            )
        return certificate, _standing(certificate, sources.now)

    def _open_bundle(self, found: Found, sources: Sources) -> None:
        """Take note of what came along; whether it counts is the caller's wish."""
        bundle = found.get("bundle")
        if not bundle:
            return
        try:
            document = (
                read_json(bundle["issuer"].encode()) if bundle["issuer"] else None
            )
        except NotReadable:
            document = None
        if isinstance(document, dict) and isinstance(document.get("id"), str):
            sources.bundled_dids[document["id"]] = document
        for text in bundle["status"]:
            try:
                listed = read_json(text.encode())
            except NotReadable:
                continue
            if isinstance(listed, dict) and isinstance(listed.get("id"), str):
                sources.bundled_lists[listed["id"]] = text.encode()


def _wrong(code: str, detail: str) -> Check:
    return failed(Step.PROOF, code, detail)


def _how_read(came_as: str) -> str:
    return {
        "json": "It was read as JSON.",
        "jwt": "It was read as a JSON Web Token.",
        "png": "It was found inside the picture.",
        "bundle": "It was found in the bundle.",
    }.get(came_as, "It was read.")


def _form(found: Found) -> Check:
    problems = found.get("problems", ())
    if problems:
        code, detail, _ = problems[0]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        return failed(Step.FORM, code, detail + more)
    return passed(
        Step.FORM, "well_formed", "It has the form that W3C's VC Data Model demands."
    )


def _validity(found: Found, now: int) -> Check:
    first, last = found.get("validFrom"), found.get("validUntil")
    if first is not None and first > now + SKEW:
        return failed(
            Step.VALIDITY, "not_yet_valid", f"It is not valid before {_at(first)}.", now
        )
    if last is not None and last < now:
        return failed(Step.VALIDITY, "expired", f"It expired: {_at(last)}.", now)
    detail = f"It is valid until {_at(last)}." if last else "It does not expire."
    return passed(Step.VALIDITY, "in_period", detail, now)


def _at(moment: int) -> str:
    try:
        return rfc3339(moment)[:19].replace("T", " ") + " UTC"
    except (ValueError, OverflowError, OSError):
        return "a moment beyond the calendar"


def _occasion(found: Found, wish: Wish) -> Check:
    """Say whether a presentation answers what its holder was asked."""
    wanted = {"challenge": wish.challenge, "domain": wish.domain}
    if not any(wanted.values()):
        return left_out(
            Step.HOLDER,
            "not_asked",
            "It may have been made for another occasion: no challenge was named.",
        )
    for proof in found.get("proofs", ()):
        if wish.challenge is not None and proof.get("challenge") != wish.challenge:
            continue
        if wish.domain is not None and wish.domain not in (proof.get("domain") or ()):
            continue
        return passed(Step.HOLDER, "challenge_met", "It was made for this occasion.")
    return failed(Step.HOLDER, "challenge_missed", "It was made for another occasion.")


def _image(found: Found) -> Check:
    images = found.get("images", ())
    named = [digest for image in images for digest in image["digests"]]
    if not named:
        return left_out(
            Step.IMAGE, "image_no_digest", "It names no digest of a picture."
        )
    picture = (found.get("bundle") or {}).get("picture") or found.get("picture")
    if not picture:
        return left_out(
            Step.IMAGE, "image_not_here", "Its picture did not come along with it."
        )
    known = set(picture.values())
    for one in named:
        wanted = sri_digests(one["sri"]) | multibase_digest(one["multibase"])
        if wanted and not wanted & known:
            if found.get("picture"):
                return left_out(
                    Step.IMAGE,
                    "image_converted",
                    "The picture around it is not the original file. Rely on what the "
                    "credential says, not on what the picture shows.",
                )
            return failed(
                Step.IMAGE,
                "image_changed",
                "The picture is not the one that the credential names.",
            )
    return passed(
        Step.IMAGE, "image_same", "The picture is the one that the credential names."
    )


def _standing(certificate: HouseCertificate, now: int) -> Check:
    since = f" since {_at(certificate.since)}" if certificate.since else ""
    reason = f" ({certificate.reason})" if certificate.reason else ""
    corrected = (
        f" A corrected version stands in its place: {certificate.corrected_by}"
        if certificate.corrected_by
        else ""
    )
    if certificate.standing in ("revoked", "suspended"):
        return failed(
            Step.STANDING,
            certificate.standing,
            f"The issuer has {certificate.standing} it{since}{reason}.{corrected}",
            now,
        )
    if certificate.standing == "erased":
        return left_out(
            Step.STANDING,
            "erased",
            "What this server kept about its person was erased, so its records cannot "
            "confirm it.",
        )
    if corrected:
        return failed(Step.STANDING, "corrected", corrected.strip(), now)
    return passed(
        Step.STANDING, "in_force", "It is in force, says this server's own record.", now
    )


def _sha256(data: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(data).digest()


def _unsecured(credential: bytes) -> str:
    return fingerprint(json.loads(credential))
