"""Uploaded files on this wire: what is asked, and what comes back."""

from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.words import KeptFile

from .problems import WHOLE
from .query import Query
from .spell import moment

#: Its fields by the names that this wire has for them.
FIELDS = {
    "uuid": "id",
    "original_name": "original_name",
    "mime_type": "media_type",
    "extension": "extension",
    "size": "size",
}

#: `unused` is ours: it says what `where[used_at]=null` says, in other words.
FILTERABLE = (*FIELDS, "used_at", "unused")

SORTABLE = ("created_at", "original_name", "mime_type", "extension", "size", "used_at")

#: How many files one request may name.
MAX_UUIDS = 1_000

#: Longer than any name: what is too long is refused by who reads names.
MAX_CHARACTERS = 4_096

TRUTHS = {"1": True, "true": True, "0": False, "false": False}

#: What the database can compare a size with.
MAX_SIZE = 2**63 - 1

NAME: dict[str, Any] = {
    "type": "object",
    "required": ["original_name"],
    "properties": {
        "original_name": {"type": "string", "minLength": 1, "maxLength": 255}
    },
}

UUIDS: dict[str, Any] = {
    "type": "object",
    "required": ["uuids"],
    "properties": {
        "uuids": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_UUIDS,
            "items": {"type": "string", "format": "uuid"},
        }
    },
}

UPLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["files[]"],
    "properties": {
        "files[]": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "PDF, PNG or JPEG; any number of parts of this name",
        }
    },
}

EXAMPLE = {
    "uuid": "0b9c6f0e-6a83-4c55-9d0f-0f5a4c1f7e21",
    "original_name": "diploma-1.pdf",
    "mime_type": "application/pdf",
    "extension": "pdf",
    "size": 245_760,
    "used_at": None,
    "file": "https://example.org/files/0b9c6f0e-6a83-4c55-9d0f-0f5a4c1f7e21/download",
    "created_at": "2026-12-01T09:30:00.000000Z",
}


def file(kept: KeptFile, public_url: str) -> dict[str, Any]:
    """Spell an uploaded file."""
    return {
        "uuid": kept.id,
        "original_name": kept.original_name,
        "mime_type": kept.media_type,
        "extension": kept.extension,
        "size": kept.size,
        "used_at": moment(kept.used_at),
        "file": f"{public_url}/files/{kept.id}/download",
        "created_at": moment(kept.created_at),
    }


def conditions(query: Query) -> tuple[dict[str, object], bool | None]:
    """
    Return what fields of files must be, and whether they must be used.

    Raises:
        Refusal: INVALID, when no file can be asked for like that.
    """
    where: dict[str, object] = {}
    is_used: bool | None = None
    for name, asked in query.where:
        value = None if asked is None else str(asked)
        if name in ("used_at", "unused"):
            wanted = _is_used(name, value)
            if is_used not in (None, wanted):
                raise _wrong(name, "This and the other filter exclude each other.")
            is_used = wanted
        elif name == "size":
            text = value or ""
            if not (text.isascii() and text.isdigit() and len(text) < 20):
                raise _wrong(name, "The size field must be a whole number.")
            where["size"] = min(int(text), MAX_SIZE)
        else:
            where[FIELDS[name]] = (value or "").lower() if name == "uuid" else value
    return where, is_used


def sorting(query: Query) -> tuple[str, bool] | None:
    """Return what files are sorted by, in our words."""
    if query.sort is None:
        return None
    column, is_falling = query.sort
    return FIELDS.get(column, column), is_falling


def new_name(body: object) -> str:
    """
    Return the name that the body of a PATCH or PUT gives a file.

    Raises:
        Refusal: INVALID.
    """
    value = _object(body).get("original_name")
    if value is None or value == "":
        problem = "The original name field is required."
    elif not isinstance(value, str):
        problem = "The original name field must be a string."
    elif len(value) > MAX_CHARACTERS:
        problem = "The original name field must not be greater than 255 characters."
    else:
        return value
    raise Refusal(Kind.INVALID, "field_required", problem, at="original_name")


def uuids(body: object) -> list[str]:
    """
    Return the uuids that the body of a batch call names, in lower case.

    Raises:
        Refusal: INVALID.
    """
    value = _object(body).get("uuids")
    if not isinstance(value, list) or not value:
        problem = "The uuids field must be an array with at least 1 item."
    elif len(value) > MAX_UUIDS:
        problem = f"The uuids field must not have more than {MAX_UUIDS} items."
    elif not all(isinstance(one, str) and len(one) == 36 for one in value):
        problem = "The uuids field must be an array of UUIDs."
    else:
        return [one.lower() for one in value]
    raise Refusal(Kind.INVALID, "uuids_format", problem, at="uuids")


def _is_used(name: str, value: str | None) -> bool:
    """Return whether files must be used, as the filter *name* says it."""
    if name == "used_at":
        if value in (None, "null"):
            return False
        raise _wrong(name, "Send null here: only unused files can be asked for.")
    if (value or "") not in TRUTHS:
        raise _wrong(name, "The unused field must be 1 or 0.")
    return not TRUTHS[value or ""]


def _wrong(name: str, problem: str) -> Refusal:
    return Refusal(Kind.INVALID, "filter", problem, at=f"where[{name}]")


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(Kind.INVALID, "wrong_type", "Send an object: {...}.", at=WHOLE)
    return body
