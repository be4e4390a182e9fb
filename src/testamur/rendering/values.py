"""
From facts to the words that a template prints.

A template's text is taken apart once, when the template is read; a value goes into
it as text, whatever it looks like, and is never read again.
"""

from collections.abc import Mapping

from testamur.core.words import Facts

from .design import Design, Field

#: What can be merged into a text, besides `attribute_...`.
FIELDS: tuple[str, ...] = (
    *("name", "description", "category", "recipientName", "recipientEmail"),
    *("issuerName", "issuedAt", "validUntil", "reference", "id", "url"),
)

#: Those that are dates and take a format.
DATES: tuple[str, ...] = ("issuedAt", "validUntil")


def key_of(field: Field) -> str:
    """Return under which key a field's value is: `issuedAt|iso`, `name`."""
    raise NotImplementedError


def parts_of(text: str) -> tuple[str | Field, ...]:
    """
    Take a template's text apart: `with {{attribute_hours}} hours`.

    Raises:
        ValueError: with what to change, for who wrote the template.
    """
    raise NotImplementedError


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

    Moments are milliseconds; dates are those of UTC, in the design's language.
    """
    raise NotImplementedError


def filled(parts: tuple[str | Field, ...], values: Mapping[str, str]) -> str:
    """Return the text that *parts* are with *values* in them, as for a title."""
    raise NotImplementedError
