"""
Open Badges 2.0: issuer, badge class and assertion, each at its own address.

The words are those of https://www.imsglobal.org/spec/ob/v2p0; a program that follows
one address to the next needs nothing else.
"""

from typing import Any

from testamur.core.badges import (
    BadgeAssertion,
    BadgeClass,
    BadgeIssuer,
    BadgeWithdrawn,
)
from testamur.core.clock import rfc3339

CONTEXT = "https://w3id.org/openbadges/v2"

ISSUER = "/institutions/{uuid}/badges/issuers"
CLASS = "/courses/{uuid}/badges/classes"
IMAGE = "/courses/{uuid}/badges/image"
ISSUER_IMAGE = "/institutions/{uuid}/badges/image"
ASSERTION = "/certificates/{uuid}/badges/assertions"


def issuer(one: BadgeIssuer, public_url: str) -> dict[str, Any]:
    """Spell an institution."""
    told = _begin("Issuer", ISSUER, one.uuid, public_url)
    told |= {"name": one.name, "url": one.url}
    if one.has_image:
        told["image"] = public_url + ISSUER_IMAGE.format(uuid=one.uuid)
    return told


def badge_class(one: BadgeClass, public_url: str) -> dict[str, Any]:
    """Spell a course."""
    return {
        **_begin("BadgeClass", CLASS, one.uuid, public_url),
        "name": one.name,
        "description": one.description,
        "image": public_url + IMAGE.format(uuid=one.uuid),
        "criteria": {"narrative": f"Awarded by the issuer for: {one.name}."},
        "issuer": public_url + ISSUER.format(uuid=one.institution),
    }


def assertion(one: BadgeAssertion, public_url: str) -> dict[str, Any]:
    """Spell a certificate that was issued."""
    told = {
        **_begin("Assertion", ASSERTION, one.uuid, public_url),
        "recipient": {
            "type": "email",
            "hashed": True,
            "salt": one.salt,
            "identity": one.identity_hash,
        },
        "issuedOn": rfc3339(one.awarded_at),
        "badge": public_url + CLASS.format(uuid=one.course),
        "verification": {"type": "HostedBadge"},
        "evidence": one.page,
    }
    if one.valid_until is not None:
        told["expires"] = rfc3339(one.valid_until)
    return told


def withdrawn(one: BadgeWithdrawn, public_url: str) -> dict[str, Any]:
    """Spell a certificate that is not to be relied on; its status is 410."""
    told = _begin("Assertion", ASSERTION, one.uuid, public_url)
    told["revoked"] = True
    if one.reason:
        told["revocationReason"] = one.reason
    return told


def _begin(kind: str, path: str, uuid: str, public_url: str) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "type": kind,
        "id": public_url + path.format(uuid=uuid),
    }
