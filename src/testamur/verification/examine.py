"""
What a document is, and what its proofs were made over. Runs in the child.

An examination is plain JSON, and nothing in it is a judgement on keys, dates or
status: those are made where there is a clock, a network and a database. Its keys:

- `trouble`: [code, detail] when it cannot be read; then there is nothing else.
- `cameAs`: json, jwt, png, pdf or bundle. `kind`: credential, presentation, array
  or "".
- `problems`: [code, detail, at] for every rule of form that is broken.
- `says`: what it says of itself, for people, cut to size.
- `id`, `issuer`, `holder`, `subjects`, `types`, `validFrom`, `validUntil` (ms).
- `statuses`: type, purpose, index, list. `list`: what a status list credential
  holds. `images`: url and digests it names for them.
- `proofs`: suite, method, purpose, created, expires, challenge, domain, `value`
  (base64), `messages` (base64 by hash), or `trouble`: [code, detail].
- `digest`: SHA-256 (hex) of the bytes. `fingerprint`: the same for every spelling
  and securing. `picture`: digests (hex) of the picture it was baked into.
- `inside`: examinations of what is presented. `bundle`: what came along (text).
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from . import bundle, jwt, pdf, png
from .badge_form import problems_with_badge
from .bundle import digests_of
from .form import (
    CREDENTIAL,
    ENVELOPED_CREDENTIAL,
    ENVELOPED_PRESENTATION,
    PRESENTATION,
    VC_V2,
    items,
    moment_of,
    problems_with,
    types_of,
)
from .plain_words import respelled
from .ports import TooHard, UnknownContext, Words
from .strict_json import NotReadable, read_json

Examination = dict[str, Any]

#: More than this in one presentation or array are not looked at.
MAX_INSIDE = 20
MAX_PROOFS = 8
MAX_PROBLEMS = 20
MAX_STATUSES = 4

#: What is quoted of a document.
MAX_TEXT = 300

RDFC = {"eddsa-rdfc-2022": ("sha256",), "ecdsa-rdfc-2019": ("sha256", "sha384")}
JCS = {"eddsa-jcs-2022": ("sha256",), "ecdsa-jcs-2019": ("sha256", "sha384")}


def examine(data: bytes, media_type: str, words: Words) -> Examination:
    """Return the examination of *data*, whatever it is."""
    try:
        return _seen(data, media_type, words)
    except NotReadable as problem:
        return {"trouble": [problem.code, str(problem)]}


def _seen(data: bytes, media_type: str, words: Words) -> Examination:
    if data.startswith(png.SIGNATURE):
        found = _text(png.unbaked(data), words)
        return found | {"cameAs": "png", "picture": digests_of(png.bare(data))}
    if data.startswith(pdf.SIGNATURE):
        return _text(pdf.attached(data), words) | {"cameAs": "pdf"}
    if data.startswith(b"PK\x03\x04"):
        parts = bundle.opened(data)
        found = _text(parts.credential, words)
        return found | {"cameAs": "bundle", "bundle": parts.spelled()}
    return _text(data, words)


def _text(data: bytes, words: Words) -> Examination:
    text = data.strip(b" \t\r\n")
    if not text:
        raise NotReadable("empty", "There is nothing in it.")
    if jwt.looks_like_one(text):
        return _token(text, words) | {"digest": hashlib.sha256(text).hexdigest()}
    if text[:1] not in b"{[":
        raise NotReadable(
            "unknown_format",
            "This is neither a credential (JSON or JWT) nor a picture (PNG), document "
            "(PDF) or bundle (ZIP) that holds one.",
        )
    value = read_json(data)
    if isinstance(value, list):
        found = _several(value, words)
    else:
        found = _document(value, words)
    return found | {"cameAs": "json", "digest": hashlib.sha256(data).hexdigest()}


def _several(values: list[Any], words: Words) -> Examination:
    if not values or len(values) > MAX_INSIDE:
        raise NotReadable(
            "array_size", f"A list has to have 1 to {MAX_INSIDE} credentials."
        )
    inside = []
    for value in values:
        try:
            if isinstance(value, str) and jwt.looks_like_one(value.encode()):
                inside.append(_token(value.encode(), words))
            elif isinstance(value, dict):
                inside.append(_document(value, words))
            else:
                raise NotReadable("not_an_object", "A credential is a JSON object.")
        except NotReadable as problem:
            inside.append({"trouble": [problem.code, str(problem)]})
    return {"kind": "array", "inside": inside, "problems": [], "proofs": []}


def _token(text: bytes, words: Words) -> Examination:
    token = jwt.opened(text)
    found = _document(token.payload, words, is_enveloped=True)
    found["problems"] = [
        *found["problems"],
        *([one.code, one.detail, one.at] for one in token.problems()),
    ][:MAX_PROBLEMS]
    found["proofs"] = [
        {
            "suite": f"JWT {token.algorithm}",
            "method": token.method(found.get("issuer") or found.get("holder") or ""),
            "purpose": None,
            "challenge": _cut(token.payload.get("nonce"), 2_000),
            "domain": [_cut(one) for one in items(token.payload.get("aud"))[:5]],
            "value": _b64(token.signature),
            "messages": {"jws": _b64(token.signed)},
        }
    ]
    return found | {"cameAs": "jwt"}


def _document(
    document: dict[str, Any], words: Words, *, is_enveloped: bool = False
) -> Examination:
    types = types_of(document)
    for name in (ENVELOPED_CREDENTIAL, ENVELOPED_PRESENTATION):
        if name in types:
            return _envelope(document, name, words)
    kind = "presentation" if PRESENTATION in types else "credential"
    if not {CREDENTIAL, PRESENTATION} & set(types) and "credentialSubject" not in (
        document
    ):
        kind = ""
    found: Examination = {
        "kind": kind,
        "cameAs": "json",
        "problems": [
            [one.code, one.detail, one.at]
            for one, _ in zip(
                chain(problems_with(document), problems_with_badge(document)),
                range(MAX_PROBLEMS),
                strict=False,
            )
        ],
        "says": _says(document),
        "id": _cut(document.get("id")),
        "issuer": _cut(_id_of(document.get("issuer")), 2_000),
        "holder": _cut(_id_of(document.get("holder")), 2_000),
        "types": [one[:MAX_TEXT] for one in types[:20]],
        "validFrom": moment_of(document.get("validFrom")),
        "validUntil": moment_of(document.get("validUntil")),
        "statuses": _statuses(document),
        "list": _list_of(document),
        "images": _images(document),
        "fingerprint": fingerprint(document),
        "inside": [],
    }
    if kind == "presentation":
        found["inside"] = _presented(document, words)
    found["proofs"] = [] if is_enveloped else _proofs(document, words)
    return found


#: What a credential says beside itself when it is a token.
CLAIMS = frozenset(("iss", "jti", "sub", "nbf", "exp", "iat", "aud", "nonce"))


def fingerprint(document: Mapping[str, Any]) -> str:
    """Return the same text for every spelling and securing of the same document."""
    bare = {
        key: value
        for key, value in document.items()
        if key != "proof" and key not in CLAIMS
    }
    return _digest(bare)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _envelope(document: dict[str, Any], name: str, words: Words) -> Examination:
    # VCDM 2.0, 4.12.1 and 4.12.2
    if VC_V2 not in items(document.get("@context")):
        raise NotReadable(
            "envelope_context", f"The envelope lacks the context {VC_V2}."
        )
    head, comma, body = str(document.get("id", "")).partition(",")
    if not comma or not head.startswith("data:application/"):
        raise NotReadable(
            "envelope_id", "The envelope's id is not a data: URL with a credential."
        )
    if "jwt" not in head.partition(";")[0]:
        raise NotReadable(
            "envelope_type", f"Envelopes of the type {head[5:80]} are not read here."
        )
    text = body.encode()
    if head.endswith(";base64"):
        try:
            text = base64.b64decode(text, validate=True)
        except ValueError:
            raise NotReadable("envelope_id", "The envelope's id is damaged.") from None
    found = _token(text, words)
    wanted = "presentation" if name == ENVELOPED_PRESENTATION else "credential"
    if found["kind"] != wanted:
        raise NotReadable("envelope_type", f"The envelope does not hold a {wanted}.")
    return found


def _presented(document: Mapping[str, Any], words: Words) -> list[Examination]:
    if "verifiableCredential" not in document:
        return []
    inside: list[Examination] = []
    for one in items(document["verifiableCredential"])[: MAX_INSIDE + 1]:
        if len(inside) == MAX_INSIDE:
            raise NotReadable(
                "too_many", f"It presents more than {MAX_INSIDE} credentials."
            )
        if not isinstance(one, dict):
            inside.append(
                {"trouble": ["not_an_object", "A credential is a JSON object."]}
            )
            continue
        try:
            inside.append(_document(one, words))
        except NotReadable as problem:
            inside.append({"trouble": [problem.code, str(problem)]})
    return inside


# Proofs --------------------------------------------------------------------------


def _proofs(document: dict[str, Any], words: Words) -> list[Examination]:
    if "proof" not in document:
        return []
    proofs = items(document["proof"])
    if len(proofs) > MAX_PROOFS:
        return [{"trouble": ["proofs_too_many", f"It has over {MAX_PROOFS} proofs."]}]
    unsecured = {key: value for key, value in document.items() if key != "proof"}
    said = _Said(words)
    return [_proof(proof, proofs, unsecured, said) for proof in proofs]


def _proof(
    proof: Any, proofs: Sequence[Any], unsecured: dict[str, Any], said: "_Said"
) -> Examination:
    if not isinstance(proof, dict):
        return {"trouble": ["proof_form", "Its proof is no object."]}
    suite = proof.get("cryptosuite")
    found: Examination = {
        "suite": _cut(suite if isinstance(suite, str) else proof.get("type")),
        "method": _cut(proof.get("verificationMethod"), 2_000),
        "purpose": _cut(proof.get("proofPurpose")),
        "challenge": _cut(proof.get("challenge"), 2_000),
        "domain": [_cut(one) for one in items(proof.get("domain"))[:5]],
        "created": moment_of(proof.get("created")),
        "expires": moment_of(proof.get("expires")),
    }
    if "created" in proof and found["created"] is None:
        return found | {"trouble": ["proof_form", "Its proof's date is none."]}
    if "expires" in proof and found["expires"] is None:
        return found | {"trouble": ["proof_form", "Its proof's end is no date."]}
    if proof.get("type") != "DataIntegrityProof" or suite not in {**RDFC, **JCS}:
        found["unknownSuite"] = True
        return found
    value = proof.get("proofValue")
    if not isinstance(value, str) or not 2 <= len(value) <= 400:
        return found | {"trouble": ["proof_form", "Its proof has no value."]}
    found["multibase"] = value
    config = {key: one for key, one in proof.items() if key != "proofValue"}
    if suite in RDFC:
        how = respelled(unsecured, said.terms) or respelled(
            {key: one for key, one in config.items() if key not in ("@context", "id")},
            said.terms,
        )
        if how is not None:
            detail = f"It does not say openly what it says: {how}."
            return found | {"trouble": ["respelled", detail]}
    try:
        secured = _with_previous(proof, proofs, unsecured)
        found["messages"] = {
            name: _b64(said.message(suite, config, secured, name))
            for name in {**RDFC, **JCS}[suite]
        }
    except UnknownContext as error:
        found["missing"] = ["context_unknown", str(error)]
    except TooHard as error:
        found["missing"] = ["too_hard", str(error)]
    except RecursionError:
        found["missing"] = [
            "too_hard",
            "It is made so that it would take too long to check.",
        ]
    except (ValueError, KeyError) as error:
        detail = str(error)[:MAX_TEXT] or type(error).__name__
        found["trouble"] = [
            "not_signable",
            f"What it says cannot all be covered by a signature: {detail}.",
        ]
    return found


def _with_previous(
    proof: Mapping[str, Any], proofs: Sequence[Any], unsecured: dict[str, Any]
) -> dict[str, Any]:
    """Return what *proof* covers: with the proofs before it in a chain (4.2, 4.5)."""
    if "previousProof" not in proof:
        return unsecured
    wanted = items(proof["previousProof"])
    before = [
        one
        for name in wanted
        for one in proofs
        if isinstance(one, dict) and one is not proof and one.get("id") == name
    ]
    if len(before) != len(wanted):
        raise ValueError("its proof builds on another one that is not there")
    return unsecured | {"proof": before}


class _Said:
    """What signatures are made over, worked out once for each document."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.terms = words.terms
        self._known: dict[tuple[str, str, str], str | bytes] = {}

    def message(
        self, suite: str, config: dict[str, Any], secured: dict[str, Any], name: str
    ) -> bytes:
        if suite in RDFC:
            options = {**config, "@context": secured["@context"]}
            parts = (self._nquads(options, name), self._nquads(secured, name))
        else:
            covered = dict(secured)
            if "@context" in config:
                ours, theirs = items(config["@context"]), items(secured["@context"])
                if theirs[: len(ours)] != ours:
                    raise ValueError("its proof has other contexts than it has")
                covered["@context"] = config["@context"]
            parts = (self._words.jcs(config), self._words.jcs(covered))
        return b"".join(hashlib.new(name, part).digest() for part in parts)

    def _nquads(self, document: dict[str, Any], name: str) -> bytes:
        key = ("nquads", _digest(document), name)
        if key not in self._known:
            self._known[key] = self._words.nquads(document, name).encode()
        known = self._known[key]
        assert isinstance(known, bytes)
        return known


# What it says ----------------------------------------------------------------------


def _says(document: Mapping[str, Any]) -> dict[str, Any]:
    subject = _subject(document)
    achievement = _map(subject.get("achievement"))
    issuer = document.get("issuer")
    says = {
        "id": _cut(document.get("id")),
        "name": _plain(document.get("name")) or _plain(achievement.get("name")),
        "description": _plain(document.get("description"))
        or _plain(achievement.get("description")),
        "issuer": _cut(_id_of(issuer)),
        "issuerName": _plain(_map(issuer).get("name")),
        "recipient": _recipient(subject),
        "validFrom": _cut(document.get("validFrom")),
        "validUntil": _cut(document.get("validUntil")),
        "types": [one[:MAX_TEXT] for one in types_of(document)[:10]],
    }
    return {key: value for key, value in says.items() if value}


def _recipient(subject: Mapping[str, Any]) -> str | None:
    for one in items(subject.get("identifier")):
        one = _map(one)
        if one.get("identityType") == "name" and not one.get("hashed"):
            return _plain(one.get("identityHash"))
    return _plain(subject.get("name"))


def _plain(value: Any) -> str | None:
    for one in items(value):
        if isinstance(one, str):
            return _cut(one)
        if isinstance(_map(one).get("@value"), str):
            return _cut(one["@value"])
    return None


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _subject(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first subject."""
    return _map(next(iter(items(document.get("credentialSubject"))), None))


def _id_of(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else value


def _cut(value: Any, most: int = MAX_TEXT) -> str | None:
    if not isinstance(value, str):
        return None
    return value if len(value) <= most else value[: most - 1] + "…"


def _statuses(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "credentialStatus" not in document:
        return []
    found = []
    for one in items(document["credentialStatus"])[:MAX_STATUSES]:
        if not isinstance(one, Mapping):
            continue
        index = one.get("statusListIndex")
        found.append(
            {
                "types": [text[:MAX_TEXT] for text in types_of(one)[:5]],
                "purpose": _cut(one.get("statusPurpose")),
                "index": int(index)
                if isinstance(index, str)
                and index.isascii()
                and index.isdigit()
                and len(index) < 16
                else None,
                "list": _cut(one.get("statusListCredential"), 2_000),
                "size": one.get("statusSize", 1)
                if isinstance(one.get("statusSize", 1), int)
                else None,
            }
        )
    return found


def _list_of(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a status list credential holds (Bitstring Status List 2.2)."""
    subject = document.get("credentialSubject")
    if not isinstance(subject, Mapping) or "BitstringStatusList" not in types_of(
        subject
    ):
        return None
    encoded = subject.get("encodedList")
    return {
        "purposes": [
            one for one in items(subject.get("statusPurpose")) if isinstance(one, str)
        ][:5],
        "encoded": encoded if isinstance(encoded, str) else None,
    }


def _images(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pictures it names, with the digests it names for them."""
    subject = _subject(document)
    image = _map(subject.get("achievement")).get("image")
    url = _cut(_id_of(image), 2_000)
    if url is None:
        return []
    digests = [
        {
            "sri": _cut(one.get("digestSRI")),
            "multibase": _cut(one.get("digestMultibase")),
        }
        for one in items(document.get("relatedResource"))[:50]
        if isinstance(one, Mapping) and one.get("id") == url
    ]
    return [{"url": url, "digests": digests}]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
