"""
From facts to the words that a template prints.

A template's text is taken apart once, when the template is read; a value goes into
it as text, whatever it looks like, and is never read again.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from testamur.core.columns import ATTRIBUTE_PREFIX, is_attribute_name
from testamur.core.words import Facts

from .design import Design, Field

#: What can be merged into a text, besides `attribute_...`.
FIELDS: tuple[str, ...] = (
    *("name", "description", "category", "recipientName", "recipientEmail"),
    *("issuerName", "issuedAt", "validUntil", "reference", "id", "url"),
)

#: Those that are dates and take a format. So do attributes: one that is a date, such
#: as 2030-12-31, is spelt that way; another is printed as it is.
DATES: tuple[str, ...] = ("issuedAt", "validUntil")

#: The formats that have a name.
FORMATS = ("long", "medium", "short", "iso")

_LISTED = ", ".join((*FIELDS, f"{ATTRIBUTE_PREFIX}... (a column of the rows)"))

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: What stands between apostrophes in a CLDR pattern is literal (UTS 35, part 4, 8).
_QUOTED = re.compile(r"'[^']*'")

#: The letters of UTS 35 that ask something of a date: eras, years, quarters,
#: months, weeks and days. Those of times are refused: a moment's time would need a
#: time zone, which nobody named.
_DATE_LETTERS = frozenset("GyYuQqMLwWdDFEec")

_MAX_PATTERN = 40

#: Any date will do: to find out whether a pattern is one.
_SOME_DAY = date(2026, 11, 22)


def key_of(field: Field) -> str:
    """Return under which key a field's value is: `issuedAt|iso`, `name`."""
    return field.name if field.format is None else f"{field.name}|{field.format}"


def parts_of(text: str) -> tuple[str | Field, ...]:
    """
    Take a template's text apart: `with {{attribute_hours}} hours`.

    Raises:
        ValueError: with what to change, for who wrote the template.
    """
    parts: list[str | Field] = []
    end = 0
    for place in _PLACE.finditer(text):
        parts.append(_literal(text[end : place.start()]))
        parts.append(_field(place[1]))
        end = place.end()
    parts.append(_literal(text[end:]))
    return tuple(part for part in parts if part != "")


def _literal(text: str) -> str:
    if "{{" in text:
        raise ValueError('"{{" is never closed. Write fields as {{recipientName}}.')
    if "}}" in text:
        raise ValueError('"}}" closes nothing. Write fields as {{recipientName}}.')
    return text


def _field(text: str) -> Field:
    name, bar, form = (part.strip() for part in text.partition("|"))
    shown = "{{" + text.strip()[:80] + "}}"
    if name.startswith(ATTRIBUTE_PREFIX):
        if not is_attribute_name(name.removeprefix(ATTRIBUTE_PREFIX)):
            raise ValueError(
                f"{shown} names no attribute. After attribute_ comes a letter A to Z "
                "or a to z, then up to 63 letters, digits, spaces, _ or -, just as in "
                "the header of the rows."
            )
    elif name not in FIELDS:
        raise ValueError(f"{shown} is no field. Those that there are: {_LISTED}.")
    if not bar:
        return Field(name)
    if name not in DATES and not name.startswith(ATTRIBUTE_PREFIX):
        raise ValueError(
            f"{shown} has a format, and only dates take one: {' and '.join(DATES)}, "
            f"and attributes that are dates. Write {{{{{name}}}}}."
        )
    if form not in FORMATS and not _is_pattern(form):
        raise ValueError(
            f"{shown} has no format for dates. Write one of {', '.join(FORMATS)}, or "
            "a pattern of CLDR such as d MMMM y, with other words between "
            "apostrophes."
        )
    return Field(name, form)


def _is_pattern(text: str) -> bool:
    """Say whether *text* is a CLDR pattern for dates (UTS 35, part 4)."""
    if not 0 < len(text) <= _MAX_PATTERN or text.count("'") % 2:
        return False
    letters = {c for c in _QUOTED.sub("", text) if c.isascii() and c.isalpha()}
    if not letters or letters - _DATE_LETTERS:
        return False
    try:
        return bool(format_date(_SOME_DAY, text, locale="en"))
    except (ValueError, KeyError, AttributeError):
        return False


def values_of(
    design: Design,
    facts: Facts,
    *,
    certificate_id: str,
    reference: str,
    issued_at: int,
    valid_until: int | None,
    issuer_name: str,
    url: str,
) -> Mapping[str, str]:
    """
    Return the value of every field in *design*, by `key_of`; what is not known is ''.

    A design that is Typst source gets every value that there is. Moments are
    milliseconds; dates are those of UTC, in the design's language.
    """
    plain = {
        "name": facts.name,
        "description": facts.description,
        "category": facts.category,
        "recipientName": facts.recipient_name or "",
        "recipientEmail": facts.recipient_email,
        "issuerName": issuer_name,
        "reference": reference,
        "id": certificate_id,
        "url": url,
    }
    moments = {"issuedAt": issued_at, "validUntil": valid_until}
    attributes = dict(facts.attributes)
    values = {}
    for field in fields_of(design):
        if field.name in moments:
            value = _dated(moments[field.name], field.format, design.language)
        elif field.name in plain:
            value = plain[field.name]
        else:
            value = attributes.get(field.name.removeprefix(ATTRIBUTE_PREFIX), "")
            if field.format is not None:
                value = _as_date(value, field.format, design.language)
        values[key_of(field)] = value
    if design.source is not None:
        # Nobody knows which of them it prints.
        values |= plain
        for name, moment in moments.items():
            for form in (None, *FORMATS):
                key = key_of(Field(name, form))
                values[key] = _dated(moment, form, design.language)
        for name, value in attributes.items():
            values[f"{ATTRIBUTE_PREFIX}{name}"] = value
    return values


def fields_of(design: Design) -> set[Field]:
    """Return every field that *design* prints, speaks or has in its title."""
    parts = list(design.title)
    for item in design.items:
        parts.extend(getattr(item, "parts", ()))
        alt = getattr(item, "alt", ())
        if not isinstance(alt, str):
            parts.extend(alt)
    return {part for part in parts if isinstance(part, Field)}


def filled(parts: tuple[str | Field, ...], values: Mapping[str, str]) -> str:
    """Return the text that *parts* are with *values* in them, as for a title."""
    return "".join(
        part if isinstance(part, str) else values.get(key_of(part), "")
        for part in parts
    )


def _dated(moment: int | None, form: str | None, language: str) -> str:
    if moment is None:
        return ""
    # Dates beyond year 9999 do not exist to `datetime`; no row can have one.
    return _spelt(datetime.fromtimestamp(moment // 1000, UTC).date(), form, language)


def _as_date(text: str, form: str, language: str) -> str:
    """Return *text* in the format, if it is a date."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:  # the 30th of February
        day = None
    return text if day is None else _spelt(day, form, language)


@lru_cache(maxsize=512)
def _spelt(day: date, form: str | None, language: str) -> str:
    if form == "iso":
        return day.isoformat()
    return format_date(day, form or "long", locale=locale_of(language))


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Return how *language* (BCP 47) spells dates; what CLDR lacks, as English."""
    subtags = language.replace("_", "-").split("-")
    while subtags:
        try:
            return Locale.parse("-".join(subtags), sep="-")
        except (UnknownLocaleError, ValueError):
            subtags.pop()
    return Locale("en")
