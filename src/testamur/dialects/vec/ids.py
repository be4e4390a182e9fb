"""
Templates have UUIDs on this wire: ours, which are shorter, with a frame around them.

UUID version 8 (RFC 9562, 5.8): what is in it is up to whoever makes it.
"""

import re

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OURS = re.compile(r"[0-9a-f]{24}")
_FRAMED = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-7e57a0([0-9a-f]{6})"
)


def template_uuid(name: str | None) -> str | None:
    """
    Return the UUID of the template *name*.

    >>> template_uuid("0123456789abcdef01234567")
    '01234567-89ab-8cde-8f01-7e57a0234567'
    """
    if name is None or not _OURS.fullmatch(name):
        return None
    parts = (name[:8], name[8:12], "8" + name[12:15], "8" + name[15:18])
    return "-".join((*parts, "7e57a0" + name[18:]))


def template_name(text: str) -> str | None:
    """
    Return the template that is meant, by either name; None: there cannot be one.

    >>> template_name("01234567-89ab-8cde-8f01-7e57a0234567")
    '0123456789abcdef01234567'
    """
    lower = text.lower()
    if found := _FRAMED.fullmatch(lower):
        return "".join(found.groups())
    return lower if _OURS.fullmatch(lower) else None


def read_uuid(text: str) -> str | None:
    """Return *text* as a UUID in small letters; None: it is none."""
    lower = text.lower()
    return lower if UUID.fullmatch(lower) else None
