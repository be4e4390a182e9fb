"""
What a certificate says, in the words of Open Badges 3.0 and VC 2.0.

`document` is the structure and `holes_of` what fills it. Every certificate of a
job has one of few structures: what changes them is the `Shape`, and nothing a row
*says* is part of it. So one row cannot choose how another one is signed.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum, auto
from functools import lru_cache
from typing import Any

from testamur.core.words import Facts

from .contexts import OB_V3, VC_V2
from .quads import IRI

CONTEXT = [VC_V2, OB_V3]

#: An attribute of this name, in any case, is the evidence for the achievement.
EVIDENCE = "evidence"

_IS_PAGE = re.compile(rf"(?=https?:){IRI}")

#: What PyLD and all that stand on it cannot read; a line break to everybody.
_OLD_BREAKS = str.maketrans("\v\f", "\n\n")
_HAS_OLD_BREAKS = re.compile("[\v\f]")


class Evidence(StrEnum):
    """What kind of evidence a row names."""

    NONE = auto()
    PAGE = auto()  #: an address
    TEXT = auto()  #: words


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who vouches, as credentials say it."""

    #: A DID.
    id: str
    name: str
    url: str
    #: Whether addresses of recipients appear as salted hashes only.
    hides_addresses: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """All that decides a credential's structure."""

    issuer: Issuer
    has_recipient_name: bool
    has_picture: bool
    has_end: bool
    evidence: Evidence
    #: How many attributes, not counting the evidence.
    attributes: int
    has_document: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """What a credential says beside its row: where and when it stands."""

    #: The certificate's page: `https://host/c/{id}`.
    page: str
    certificate_id: str
    #: Moments in milliseconds; credentials say whole seconds.
    issued_at: int
    valid_until: int | None
    #: The status list credential's URL, and the place in it.
    status_list: str
    status_index: int
    #: The signing key's DID URL.
    verification_method: str
    #: SHA-256 (hex) of the picture's bytes, as its page serves them.
    picture_digest: str | None = None


#: What is stamped into a die: value by hole.
Holes = dict[str, str]

#: Given a hole's name, returns what to put there.
Hole = Callable[[str], str]


def shape_of(
    facts: Facts, issuer: Issuer, *, has_picture: bool, has_end: bool
) -> Shape:
    """Return the shape of the credential that says *facts*."""
    if not facts.attributes:
        evidence, count = Evidence.NONE, 0
    else:
        evidence, count = _evidence_kind(facts), len(facts.attributes)
        count -= evidence is not Evidence.NONE
    return Shape(
        issuer,
        facts.recipient_name is not None,
        has_picture,
        has_end,
        evidence,
        count,
        facts.document is not None,
    )


def document(shape: Shape, text: Hole, iri: Hole) -> dict[str, Any]:
    """
    Return the credential of *shape*.

    Each value that varies is asked for by name: of *text* or, if it names something
    else, of *iri*.

    Every node has an id where the schema allows one. Identity objects may have
    none (1EdTech's schema closes them), so they are blank nodes.
    """
    achievement: dict[str, Any] = {
        "id": iri("achievement"),
        "type": ["Achievement"],
        "achievementType": "Certificate",
        "name": text("name"),
        "description": text("description"),
        "criteria": {"id": iri("criteria"), "narrative": text("description")},
        "tag": [text("category")],
    }
    subject: dict[str, Any] = {
        "id": iri("subject"),
        "type": ["AchievementSubject"],
        "identifier": _identifiers(shape, text),
        "achievement": achievement,
    }
    if shape.has_picture:
        achievement["image"] = {"id": iri("picture"), "type": "Image"}
    numbers = range(1, shape.attributes + 1)
    if numbers:
        achievement["resultDescription"] = [
            {
                "id": iri(f"attribute {number}"),
                "type": ["ResultDescription"],
                "name": text(f"attribute name {number}"),
                "resultType": "Result",
            }
            for number in numbers
        ]
        subject["result"] = [
            {
                "id": iri(f"result {number}"),
                "type": ["Result"],
                "resultDescription": iri(f"attribute {number}"),
                "value": text(f"attribute value {number}"),
            }
            for number in numbers
        ]
    credential: dict[str, Any] = {
        "@context": CONTEXT,
        "id": iri("page"),
        "type": ["VerifiableCredential", "AchievementCredential"],
        "issuer": {
            "id": shape.issuer.id,
            "type": ["Profile"],
            "name": shape.issuer.name,
            "url": shape.issuer.url,
        },
        "validFrom": text("valid from"),
    }
    if shape.has_end:
        credential["validUntil"] = text("valid until")
    credential["name"] = text("name")
    credential["credentialSubject"] = subject
    if shape.evidence is Evidence.PAGE:
        credential["evidence"] = [{"id": iri("evidence"), "type": ["Evidence"]}]
    elif shape.evidence is Evidence.TEXT:
        credential["evidence"] = [
            {
                "id": iri("evidence"),
                "type": ["Evidence"],
                "narrative": text("evidence text"),
            }
        ]
    # What lies elsewhere is signed by its digest (VC 2.0, section 5.3).
    elsewhere = ["picture"] * shape.has_picture + ["document"] * shape.has_document
    if elsewhere:
        credential["relatedResource"] = [
            {"id": iri(one), "digestSRI": text(f"{one} digest")} for one in elsewhere
        ]
    credential["credentialStatus"] = {
        "id": iri("status"),
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": text("status index"),
        "statusListCredential": iri("status list"),
    }
    return credential


def proof_of(text: Hole, iri: Hole, *, suite: str) -> dict[str, Any]:
    """Return the proof without its value (VC Data Integrity 2.1), as `document`."""
    return {
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "created": text("created"),
        "verificationMethod": iri("verification method"),
        "proofPurpose": "assertionMethod",
    }


def holes_of(facts: Facts, placed: Placed, *, hides_addresses: bool) -> Holes:
    """
    Return what fills a credential with *facts*; some holes may not be in its die.

    The same arguments always give the same holes, so they are never stored. For
    the sake of dies that were engraved long ago, what fills a hole never changes;
    what is to be said differently gets a hole of another name.
    """
    page = placed.page
    moment = xml_moment(placed.issued_at)
    address = facts.recipient_email
    holes = {
        "page": page,
        "achievement": page + "#achievement",
        "criteria": page + "#criteria",
        "subject": page + "#recipient",
        "picture": page + "/image",
        "document": page + "/document",
        "status": page + "#status",
        "status list": placed.status_list,
        "status index": str(placed.status_index),
        "valid from": moment,
        "created": moment,
        "verification method": placed.verification_method,
        "name": facts.name,
        "description": _modern(facts.description),
        "category": facts.category,
    }
    if hides_addresses:
        # The id is random, unlike any other, and known to whoever has the
        # credential: all that a salt has to be.
        salt = placed.certificate_id
        holes["salt"] = salt
        holes["address"] = identity_hash(address, salt)
    else:
        holes["address"] = address
    if placed.picture_digest is not None:
        holes["picture digest"] = subresource_digest(placed.picture_digest)
    if facts.document is not None:
        holes["document digest"] = subresource_digest(facts.document.digest)
    if facts.recipient_name is not None:
        holes["recipient"] = facts.recipient_name
    if placed.valid_until is not None:
        holes["valid until"] = xml_moment(placed.valid_until)
    if facts.attributes:
        _fill_attributes(holes, facts, page)
    return holes


def identity_hash(identity: str, salt: str) -> str:
    """
    Return *identity* hashed as Open Badges 3.0 (IdentityHash) has it.

    The identity is hashed as it was written: letters in either case make
    different hashes, and the standard folds none.
    """
    return "sha256$" + hashlib.sha256((identity + salt).encode()).hexdigest()


@lru_cache(maxsize=64)  # many certificates may share a picture
def subresource_digest(sha256: str) -> str:
    """
    Spell a SHA-256 (hex) as W3C Subresource Integrity does.

    >>> subresource_digest("00" * 32)
    'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    """
    return "sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode()


@lru_cache(maxsize=64)  # a chunk's certificates share their moment
def xml_moment(moment: int) -> str:
    """
    Spell a moment (milliseconds) as credentials do: UTC, whole seconds.

    >>> xml_moment(1736935200999)
    '2025-01-15T10:00:00Z'
    """
    at = datetime.fromtimestamp(moment // 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _identifiers(shape: Shape, text: Hole) -> list[dict[str, Any]]:
    address: dict[str, Any] = {
        "type": "IdentityObject",
        "hashed": shape.issuer.hides_addresses,
        "identityHash": text("address"),
        "identityType": "emailAddress",
    }
    if shape.issuer.hides_addresses:
        address["salt"] = text("salt")
    if not shape.has_recipient_name:
        return [address]
    name = {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": text("recipient"),
        "identityType": "name",
    }
    return [name, address]


def _evidence_at(facts: Facts) -> int | None:
    for at, (name, _) in enumerate(facts.attributes):
        if name.lower() == EVIDENCE:
            return at
    return None


def _evidence_kind(facts: Facts) -> Evidence:
    at = _evidence_at(facts)
    if at is None:
        return Evidence.NONE
    return (
        Evidence.PAGE if _IS_PAGE.fullmatch(facts.attributes[at][1]) else Evidence.TEXT
    )


def _fill_attributes(holes: Holes, facts: Facts, page: str) -> None:
    evidence = _evidence_at(facts)
    number = 0
    for at, (name, value) in enumerate(facts.attributes):
        if at == evidence:
            if _IS_PAGE.fullmatch(value):
                holes["evidence"] = value
            else:
                holes["evidence"] = page + "#evidence"
                holes["evidence text"] = value
            continue
        number += 1
        described = f"{page}#attribute-{number}"
        holes[f"attribute {number}"] = described
        holes[f"attribute name {number}"] = name
        holes[f"attribute value {number}"] = value
        holes[f"result {number}"] = f"{page}#result-{number}"


def _modern(text: str) -> str:
    return text.translate(_OLD_BREAKS) if _HAS_OLD_BREAKS.search(text) else text
