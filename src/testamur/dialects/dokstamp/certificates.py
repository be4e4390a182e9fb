"""Certificates on this wire: read and spelt, in the words of both its generations."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from testamur.core.academic import (
    REFERENCES,
    REQUIRED_REFERENCES,
    AcademicCertificate,
    AcademicState,
    AcademicWish,
)
from testamur.core.lists import Query
from testamur.core.policy import MAX_ACT_REASON_CHARACTERS
from testamur.core.refusals import Kind, Refusal

from . import values
from .query import read_query
from .spell import moment
from .values import BadValue

FILE = "file_uuid"

#: What lists can be asked for and sorted by.
FILTERABLE = ("status", *(f"{name}_uuid" for name in REFERENCES), FILE)
SORTABLE = ("created_at", "updated_at", "issued_at")

#: ISO 8601: a day, or a moment with its offset.
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?"
)


def wish(body: object, *, is_whole: bool) -> AcademicWish:
    """
    Return what *body* says of a certificate.

    With *is_whole*, what it does not say is taken away; otherwise it stays. Keys that
    are no field are passed over.

    Raises:
        Refusal: INVALID, when it is no object at all.
    """
    if not isinstance(body, dict):
        raise Refusal(Kind.INVALID, "no_object", "The body must be a JSON object.")
    uuids: dict[str, str | None] = {}
    wrong: list[Refusal] = []
    for name in (*(f"{name}_uuid" for name in REFERENCES), FILE):
        words = name.replace("_", " ")
        is_needed = name.removesuffix("_uuid") in REQUIRED_REFERENCES
        if name not in body and not (is_whole and (is_needed or name != FILE)):
            continue
        value = body.get(name)
        try:
            if not values.is_blank(value):
                uuids[name.removesuffix("_uuid")] = values.uuid(value, words)
            elif is_needed:
                raise BadValue(f"The {words} field is required.")
            else:
                uuids[name.removesuffix("_uuid")] = None
        except BadValue as problem:
            wrong.append(_wrong(name, str(problem)))
    moments: dict[str, int | None] = {}
    for names, field in (
        (("issued_at",), "awarded_at"),
        (("expires_at", "valid_until"), "valid_until"),
    ):
        for name in names:
            if name in body:
                try:
                    moments[field] = _moment(body[name], name)
                except BadValue as problem:
                    wrong.append(_wrong(name, str(problem)))
    issued = _is_to_be_issued(body, wrong)
    return AcademicWish(uuids, issued, moments, wrong)


def _is_to_be_issued(body: dict[str, Any], wrong: list[Refusal]) -> bool | None:
    """Return what the older `status`, or the newer `finish`, says."""
    said: dict[str, bool] = {}
    if not values.is_blank(body.get("status")):
        status = body["status"]
        if status in ("draft", "issued"):
            said["status"] = status == "issued"
        elif status in ("revoked", "expired"):
            wrong.append(
                _wrong(
                    "status",
                    "The selected status is invalid. Certificates are revoked with PUT "
                    "/certificates/{uuid}/revoke, and expire by themselves.",
                )
            )
        else:
            wrong.append(_wrong("status", "The selected status is invalid."))
    if not values.is_blank(body.get("finish")):
        finish = body["finish"]
        if isinstance(finish, bool) or finish in (0, 1, "0", "1"):
            said["finish"] = bool(int(finish))
        else:
            wrong.append(_wrong("finish", "The finish field must be true or false."))
    if len(set(said.values())) > 1:
        wrong.append(
            _wrong("finish", "The finish and status fields say different things.")
        )
        return None
    return next(iter(said.values()), None)


def reason(body: object) -> str:
    """
    Return why a certificate is revoked; a body, and a reason, may be missing.

    Raises:
        Refusal: INVALID.
    """
    if body is None:
        return ""
    if not isinstance(body, dict):
        raise Refusal(Kind.INVALID, "no_object", "The body must be a JSON object.")
    value = body.get("revocation_reason")
    if values.is_blank(value):
        return ""
    try:
        return values.text(
            value, "revocation reason", MAX_ACT_REASON_CHARACTERS, may_break=True
        )
    except BadValue as problem:
        raise _wrong("revocation_reason", str(problem)) from None


def query(pairs: Iterable[tuple[str, str]]) -> Query:
    """
    Return which certificates are asked for.

    Raises:
        Refusal: INVALID, with a part for each parameter that cannot be meant.
    """
    asked = read_query(pairs, FILTERABLE, SORTABLE)
    where = []
    wrong = []
    for name, value in asked.where:
        try:
            if name == "status" and value not in tuple(AcademicState):
                raise BadValue("The selected status is invalid.")
            if name != "status" and value is not None:
                value = values.uuid(value, name.replace("_", " "))
            where.append((name, value))
        except BadValue as problem:
            wrong.append(_wrong(f"where[{name}]", str(problem)))
    if wrong:
        raise Refusal(Kind.INVALID, wrong[0].code, wrong[0].detail, parts=wrong)
    return Query(tuple(where), asked.sort, asked.page, asked.per_page)


def spell(one: AcademicCertificate, public_url: str) -> dict[str, Any]:
    """Spell a certificate."""
    mentions = {
        name: {
            "uuid": found.uuid,
            ("code" if name == "cohort" else "name"): found.told,
        }
        for name, found in one.references.items()
        if name != "enrollment"
    }
    if "enrollment" in one.references:
        mentions["enrollment"] = {"uuid": one.references["enrollment"].uuid}
    if one.snapshot is not None:
        # Whatever the student is called since.
        mentions["student"]["name"] = one.snapshot["name"]
    page = one.certificate_id and f"{public_url}/c/{one.certificate_id}"
    is_awarded = one.state is not AcademicState.DRAFT
    return {
        "uuid": one.uuid,
        "status": str(one.state),
        "issued_at": moment(
            one.awarded_at if one.awarded_at is not None else one.issued_at
        )
        if is_awarded
        else moment(one.awarded_at),
        "expires_at": moment(one.valid_until),
        "revoked_at": moment(one.revoked_at),
        "revocation_reason": one.revocation_reason,
        "public_verification_url": page,
        "blockchain_tx_hash": None,
        "blockchain_tx_url": None,
        **{name: mentions.get(name) for name in REFERENCES},
        "template": None,
        "files": [{"type": "certificate", "uuid": one.file_id}] if one.file_id else [],
        "recipient": one.snapshot,
        # What this service has besides: the certificate as everybody can check it.
        "reference_number": one.reference,
        "credential_url": page and f"{page}.json",
        "document_url": page and f"{page}.pdf",
        "log_proof_url": page and f"{public_url}/v1/log/proof/{one.certificate_id}",
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def _moment(value: Any, name: str) -> int | None:
    words = name.replace("_", " ")
    if values.is_blank(value):
        return None
    if isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
        try:
            at = datetime.fromisoformat(value.strip())
            if at.tzinfo is None:
                at = at.replace(tzinfo=UTC)
            milliseconds = int(at.timestamp() * 1_000)
        except (ValueError, OverflowError):
            milliseconds = -1
        # Credentials have four digits for the year.
        if 0 <= milliseconds < 253_402_300_800_000:
            return milliseconds
    raise BadValue(f"The {words} field must be a valid date.")


def _wrong(at: str, text: str) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", text, at=at)


_UUID = {"type": "string", "format": "uuid"}
_MAYBE_UUID = {"type": ["string", "null"], "format": "uuid"}

#: The body that `wish` reads.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [f"{name}_uuid" for name in REQUIRED_REFERENCES],
    "properties": {
        **{
            f"{name}_uuid": _UUID if name in REQUIRED_REFERENCES else _MAYBE_UUID
            for name in REFERENCES
        },
        FILE: {**_MAYBE_UUID, "description": "The PDF that it looks like, unused"},
        "status": {"type": ["string", "null"], "description": "draft or issued"},
        "finish": {
            "type": ["boolean", "null"],
            "description": "Whether to issue it: what newer clients send for status",
        },
        "issued_at": {"type": ["string", "null"], "description": "ISO 8601"},
        "expires_at": {"type": ["string", "null"], "description": "ISO 8601"},
    },
}

#: The body that `reason` reads.
REASON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "revocation_reason": {
            "type": ["string", "null"],
            "maxLength": MAX_ACT_REASON_CHARACTERS,
        }
    },
}
