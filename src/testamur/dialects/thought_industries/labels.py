"""
Labels: what a certificate template prints, where, and in which letters.

A label names a field of the instance (`certificateFieldId`) or says itself what it
prints (`type`, `text`, `dateFormat`). Fields are made in the administrator's panel
of the service, which is not here: one is known by its type, or when the template
brings it along (`certificateFields`).
"""

import re
from collections.abc import Mapping
from typing import Any

from testamur.core.columns import is_attribute_name
from testamur.core.text import quoted

from .values import BadItem, an_object, colour, flag, line, one_of, whole

MAX_LABELS = 100
MAX_FIELDS = 200

#: No page is larger: labels beyond it are mistakes.
MAX_PLACE = 20_000
MIN_FONT_SIZE = 4
MAX_FONT_SIZE = 400
DEFAULT_FONT_SIZE = 16

#: How dates are written, as CLDR patterns.
DATE_FORMATS: Mapping[str, str] = {
    "euroShort": "dd-MM-yyyy",
    "iso8601": "yyyy-MM-dd",
    "usLong": "MMMM d, yyyy",
    "usShort": "MM-dd-yyyy",
}
DEFAULT_DATE_FORMAT = "usLong"

#: Dates of the award, and of its end.
AWARD_DATES = ("dateLabel", "contentCompletionDate")
END_DATE = "expirationDateLabel"

USER_REFS = tuple(f"userRef{number}Label" for number in range(1, 11))

#: Every type of field that the service has.
TYPES = (
    *("awardLabel", "contentCompletionDate", "contentFieldLabel", "contentStartDate"),
    *("courseLabel", "dateLabel", END_DATE, "identifier", "learnerClientNameLabel"),
    *("nameLabel", "sessionCustomContentField", "shareToLinkedIn", "textLabel"),
    *("userFieldLabel", *USER_REFS, "viewCertificateLink"),
)

#: Types whose value is that of an attribute of the certificate, and which one it is
#: unless a slug says so.
ATTRIBUTES: Mapping[str, str] = {
    "awardLabel": "award",
    "contentFieldLabel": "",
    "contentStartDate": "contentStartDate",
    "learnerClientNameLabel": "client",
    "sessionCustomContentField": "",
    "userFieldLabel": "",
    **{name: f"ref{number}" for number, name in enumerate(USER_REFS, 1)},
}

#: Where each type finds the slug of its custom field.
SLUGS: Mapping[str, str] = {
    "contentFieldLabel": "customFieldSlug",
    "sessionCustomContentField": "sessionCustomContentFieldSlug",
    "userFieldLabel": "userCustomFieldSlug",
}

IDENTIFIER_LENGTHS = (4, 32)
DEFAULT_IDENTIFIER_LENGTH = 12

_PLACES = ("x", "y", "fontSize", "fontColor", "textAlign")
_CONTENT = (
    *("type", "label", "text", "dateFormat", "awardTypeId", *SLUGS.values()),
    *("hasIdentifierPrefix", "identifierPrefix", "identifierBodyLength"),
)
#: Where a field may be seen besides on the certificate: nothing to print.
_ELSEWHERE = ("includeOnTranscript", "includeOnExternalCertificate")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def read_fields(value: Any, warnings: list[str]) -> dict[str, dict[str, Any]]:
    """Read the fields that a template brings along, by their ids."""
    if not isinstance(value, list) or len(value) > MAX_FIELDS:
        raise BadItem(f"certificateFields must be a list of at most {MAX_FIELDS}.")
    found: dict[str, dict[str, Any]] = {}
    for number, raw in enumerate(value):
        name = f"certificateFields[{number}]"
        given = an_object(raw, name)
        _warn_of_unknown(given, ("id", *_CONTENT, *_ELSEWHERE), name, warnings)
        content = _content(given, name)
        if "type" not in content:
            raise BadItem(f"{name}.type is missing; it is one of {', '.join(TYPES)}.")
        found[_id(given.get("id"), f"{name}.id")] = content
    return found


def read_labels(
    value: Any, fields: Mapping[str, Mapping[str, Any]], warnings: list[str]
) -> list[dict[str, Any]]:
    """Read labels; those that cannot be printed are left out, with a warning."""
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        raise BadItem(f"labels must be a list of at most {MAX_LABELS}.")
    labels = []
    for number, raw in enumerate(value):
        label = _label(raw, f"labels[{number}]", fields, warnings)
        if label is not None:
            labels.append(label)
    return labels


def _label(
    raw: Any,
    name: str,
    fields: Mapping[str, Mapping[str, Any]],
    warnings: list[str],
) -> dict[str, Any] | None:
    given = an_object(raw, name)
    _warn_of_unknown(
        given,
        ("id", "certificateFieldId", *_PLACES, *_CONTENT, *_ELSEWHERE),
        name,
        warnings,
    )
    names = {
        key: _id(given[key], f"{name}.{key}")
        for key in ("id", "certificateFieldId")
        if given.get(key) is not None
    }
    content = _content(given, name)
    field = given.get("certificateFieldId")
    if field is not None and field in fields:
        content = {**fields[field], **content}
    elif field in TYPES:
        content.setdefault("type", field)
    for place in ("x", "y"):
        if given.get(place) is None:
            raise BadItem(f"{name}.{place} is missing; send where the label stands.")
    label = {
        **names,
        "x": whole(given["x"], f"{name}.x", 0, MAX_PLACE),
        "y": whole(given["y"], f"{name}.y", 0, MAX_PLACE),
        **content,
    }
    if given.get("fontSize") is not None:
        label["fontSize"] = whole(
            given["fontSize"], f"{name}.fontSize", MIN_FONT_SIZE, MAX_FONT_SIZE
        )
    if given.get("fontColor") is not None:
        label["fontColor"] = colour(given["fontColor"], f"{name}.fontColor")
    if given.get("textAlign") is not None:
        label["textAlign"] = one_of(
            given["textAlign"], f"{name}.textAlign", ("left", "center", "right")
        )
    return label if _is_printable(label, name, warnings) else None


def _is_printable(label: dict[str, Any], name: str, warnings: list[str]) -> bool:
    kind = label.get("type")
    if kind is None:
        warnings.append(
            f"{name} is left out: the field that it names is not known here. Send its "
            "type with the label."
        )
        return False
    if kind == "shareToLinkedIn":
        warnings.append(f"{name} is left out: a printed page has no button to share.")
        return False
    if kind == "textLabel" and "text" not in label:
        raise BadItem(f"{name}.text is missing; a textLabel prints it.")
    if kind in SLUGS and SLUGS[kind] not in label:
        raise BadItem(f"{name}.{SLUGS[kind]} is missing; a {kind} prints that field.")
    return True


def _content(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read what is printed."""
    found: dict[str, Any] = {}
    if given.get("type") is not None:
        found["type"] = one_of(given["type"], f"{name}.type", TYPES)
    if given.get("text") is not None:
        found["text"] = line(given["text"], f"{name}.text", most=1_000)
        if "{{" in found["text"] or "}}" in found["text"]:
            raise BadItem(
                f"{name}.text holds two braces side by side, which begin a field "
                "elsewhere. Take them apart."
            )
    if given.get("dateFormat") is not None:
        found["dateFormat"] = one_of(
            given["dateFormat"], f"{name}.dateFormat", tuple(DATE_FORMATS)
        )
    for key in SLUGS.values():
        if given.get(key) is not None:
            found[key] = read_slug(given[key], f"{name}.{key}")
    if given.get("hasIdentifierPrefix") is not None:
        flag(given["hasIdentifierPrefix"], f"{name}.hasIdentifierPrefix")
    if given.get("identifierPrefix") not in (None, ""):
        prefix = line(given["identifierPrefix"], f"{name}.identifierPrefix", most=32)
        if given.get("hasIdentifierPrefix") is not False:
            found["identifierPrefix"] = prefix
    if given.get("identifierBodyLength") is not None:
        found["identifierBodyLength"] = whole(
            given["identifierBodyLength"],
            f"{name}.identifierBodyLength",
            *IDENTIFIER_LENGTHS,
        )
    return found


def read_slug(value: Any, name: str) -> str:
    """Read the slug of a custom field, which is also its attribute's name."""
    if (
        not isinstance(value, str)
        or not is_attribute_name(value)
        or value.lower() == "validuntil"  # which would be a certificate's end
    ):
        shown = quoted(value) if isinstance(value, str) else "no text"
        raise BadItem(
            f"{name} must begin with a letter A to Z and have at most 64 letters, "
            f"digits, hyphens or underscores, and is {shown}."
        )
    return value


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadItem(f"{name} must be an id of 1 to 64 letters, digits and hyphens.")
    return value


def _warn_of_unknown(
    given: Mapping[str, Any], known: tuple[str, ...], name: str, warnings: list[str]
) -> None:
    warnings.extend(
        f"{name}.{key[:64]}: there is no such field; it is left out."
        for key in given
        if key not in known
    )
