"""Fields of a body, one by one; what is wrong with them is told all at once."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from testamur.core.policy import MAX_NAME_CHARACTERS
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import is_blank, nfc, text_problem, trim

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WHOLE = re.compile(r"[1-9][0-9]{0,17}")
MAX_WHOLE = 10**18 - 1


class Fields:
    """
    The fields of the object *body*, called *at* in messages if it is not the whole.

    What is wrong is noted, and raised by `done`; a field that is wrong reads as if it
    had not been sent. Fields that nobody asks for are passed over.

    Raises:
        Refusal: INVALID, when *body* is no object.
    """

    def __init__(
        self, body: object, *, at: str = "", wrong: list[Refusal] | None = None
    ) -> None:
        self.wrong: list[Refusal] = [] if wrong is None else wrong
        self._at = f"{at}." if at else ""
        self._body: Mapping[str, Any] = {}
        if isinstance(body, dict):
            self._body = body
        elif at:
            self.refuse("", "must be an object", name=at)
        else:
            raise Refusal(
                Kind.INVALID,
                "body_type",
                "Send a JSON object.",
                at="body",
            )

    def __contains__(self, field: str) -> bool:
        return self._body.get(field) is not None

    def done(self) -> None:
        """Return if nothing is wrong, or refuse all that is."""
        if self.wrong:
            first = self.wrong[0]
            raise Refusal(
                first.kind, first.code, first.detail, at=first.at, parts=self.wrong
            )

    def refuse(self, field: str, problem: str, *, name: str | None = None) -> None:
        """Note that a field has a *problem*: "must be a string"."""
        at = name or self._at + field
        words = at if "." in at else at.replace("_", " ")
        text = f"The {words} field {problem}."
        self.wrong.append(Refusal(Kind.INVALID, "field_invalid", text, at=at))

    def text(
        self,
        field: str,
        *,
        most: int = MAX_NAME_CHARACTERS,
        is_required: bool = False,
        may_break: bool = False,
    ) -> str | None:
        """Return a text without white space around it, in NFC; None for none."""
        value = self._body.get(field)
        if value is not None and not isinstance(value, str):
            self.refuse(field, "must be a string")
            return None
        text = nfc(trim(value)) if value else ""
        if not text or is_blank(text):
            if is_required:
                self.refuse(field, "is required")
            return None
        if len(text) > most:
            self.refuse(field, f"must not be greater than {most} characters")
            return None
        if text_problem(text, field, may_break=may_break) is not None:
            self.refuse(field, "has characters that cannot be seen; delete them")
            return None
        return text

    def flag(self, field: str) -> bool | None:
        """Return true or false, as Laravel reads it; None for none."""
        value = self._body.get(field)
        if value is None:
            return None
        if value not in (True, False, "0", "1") or isinstance(value, float):
            self.refuse(field, "must be true or false")
            return None
        return value in (True, "1")

    def whole(self, field: str, *, is_required: bool = False) -> int | None:
        """Return an id: a whole number, or one in digits; None for none."""
        value = self._body.get(field)
        if value is None:
            if is_required:
                self.refuse(field, "is required")
            return None
        found = whole_of(value)
        if found is None:
            self.refuse(field, "must be an integer")
        return found

    def uuid(self, field: str, *, is_required: bool = False) -> str | None:
        """Return a UUID in small letters; None for none."""
        value = self._body.get(field)
        if value is None or value == "":
            if is_required:
                self.refuse(field, "is required")
            return None
        found = uuid_of(value)
        if found is None:
            self.refuse(field, "must be a valid UUID")
        return found

    def choice(self, field: str, choices: Mapping[str, Any]) -> Any:
        """Return what *choices* has for the field's text; None for none."""
        value = self._body.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or value not in choices:
            names = ", ".join(choices)
            self.refuse(field, f"must be one of: {names}")
            return None
        return choices[value]

    def values(
        self, field: str, *, most: int, is_required: bool = False
    ) -> list[Any] | None:
        """Return the entries of an array; None for none."""
        value = self._body.get(field)
        if value is None or value == []:
            if is_required:
                self.refuse(field, "is required")
            return value
        if not isinstance(value, list):
            self.refuse(field, "must be an array")
            return None
        if len(value) > most:
            self.refuse(field, f"must not have more than {most:,} items")
            return None
        return value

    def objects(
        self, field: str, *, most: int, is_required: bool = False
    ) -> "Iterator[Fields]":
        """Give the objects of an array, each with its own fields."""
        found = self.values(field, most=most, is_required=is_required) or []
        for place, value in enumerate(found):
            yield Fields(value, at=f"{self._at}{field}.{place}", wrong=self.wrong)

    @property
    def at(self) -> str:
        """What these fields are called together: `signers.0`."""
        return self._at[:-1]


def whole_of(value: object) -> int | None:
    """
    Return an id that came as a number or in digits; None, if it cannot be one.

    >>> whole_of(101), whole_of("101"), whole_of(True), whole_of("1e3"), whole_of(0)
    (101, 101, None, None, None)
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 1 <= value <= MAX_WHOLE else None
    return None


def uuid_of(value: object) -> str | None:
    """Return a UUID in small letters; None, if it is none."""
    if isinstance(value, str) and _UUID.fullmatch(value.lower()):
        return value.lower()
    return None


def name_of(value: object) -> int | str | None:
    """Return what something is called: an id or a UUID; None, if it is neither."""
    return whole_of(value) or uuid_of(value)
