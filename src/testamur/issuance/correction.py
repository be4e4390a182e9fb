"""What a corrected certificate says: what the old one said, but for the changes."""

from collections.abc import Mapping
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.columns import (
    CATEGORY,
    DESCRIPTION,
    DOCUMENT,
    EXPIRY_DAYS,
    IMAGE,
    NAME,
    RECIPIENT_EMAIL,
    RECIPIENT_NAME,
)
from testamur.core.lifecycle import Standing
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Certificate

from .check import spell_document
from .validity import VALID_UNTIL, is_valid_until

ATTRIBUTES = "attributes"


def corrected_record(
    certificate: Certificate, changes: Mapping[str, Any], *, picture_url: str
) -> dict[str, Any]:
    """
    Return the row of the certificate that is to stand in this one's place.

    As rows come in JSON. *changes* has the same fields; null takes a value away,
    and attributes that it does not name stay. The end stays the day it was,
    unless it is changed. *picture_url* means the old one's picture.

    Raises:
        Refusal: INVALID `nothing_to_correct`; `unknown_field`, for the document,
            which stays the one it is about. Whether the other fields are sound is
            not looked at.
    """
    facts = certificate.facts
    attributes: dict[str, Any] = dict(facts.attributes)
    if certificate.valid_until is not None:
        attributes[VALID_UNTIL] = rfc3339(certificate.valid_until)
    record: dict[str, Any] = {
        NAME: facts.name,
        DESCRIPTION: facts.description,
        CATEGORY: facts.category,
        RECIPIENT_EMAIL: facts.recipient_email,
        RECIPIENT_NAME: facts.recipient_name,
        EXPIRY_DAYS: facts.expiry_days,
        IMAGE: picture_url,
        ATTRIBUTES: attributes,
    }
    if facts.document is not None:
        if DOCUMENT in changes:
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                "The document of a certificate cannot be changed. Revoke it, and issue "
                "another one with the right document.",
                at=DOCUMENT,
            )
        record[DOCUMENT] = spell_document(facts.document)
    new: dict[str, Any] = {**record, **changes}
    if ATTRIBUTES in changes:
        new[ATTRIBUTES] = _merged(attributes, changes[ATTRIBUTES])
    if new == record:
        raise Refusal(
            Kind.INVALID,
            "nothing_to_correct",
            "This is what the certificate says already. Send the fields that are to "
            "be different.",
        )
    return new


def refuse_uncorrectable(certificate: Certificate) -> None:
    """
    Return when another certificate may stand in this one's place.

    Raises:
        Refusal: CONFLICT `certificate_revoked` or `certificate_corrected`.
    """
    taken = certificate.taken_back
    if taken is not None and taken.replaced_by is not None:
        raise Refusal(
            Kind.CONFLICT,
            "certificate_corrected",
            f"This certificate was corrected already, by {taken.replaced_by}. Correct "
            "that one.",
            at="id",
        )
    if taken is not None and taken.standing is Standing.REVOKED:
        raise Refusal(
            Kind.CONFLICT,
            "certificate_revoked",
            "This certificate is revoked, and that is for ever. Issue a new one as a "
            "job of its own.",
            at="id",
        )


def _merged(old: Mapping[str, Any], changes: Any) -> Any:
    if not isinstance(changes, Mapping):
        return changes  # refused like any other row's
    if any(isinstance(name, str) and is_valid_until(name) for name in changes):
        old = {name: value for name, value in old.items() if not is_valid_until(name)}
    merged = {**old, **changes}
    return {name: value for name, value in merged.items() if value is not None}
