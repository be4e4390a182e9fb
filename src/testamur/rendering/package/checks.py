"""
Values of a JSON document, read one by one; whatever is wrong is noted, and read on.

So a person learns of every fault at once. What could not be read has a value that
does as well, since nothing is made of a document with faults.
"""

import difflib
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.text import has_lone_surrogate, nfc, quoted, text_problem

#: More than these and the document is another kind of document.
MAX_FAULTS = 20

COLOUR = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
MAX_TEXT_CHARACTERS = 4_096


class Faults:
    """What is wrong with a document."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    def add(self, path: str, code: str, detail: str) -> None:
        """Note what is wrong at *path*, and the remedy."""
        at = path or "template.json"
        self.found.append(Refusal(Kind.INVALID, code, detail, at=at))

    def refuse(self) -> None:
        """
        Return if nothing is wrong.

        Raises:
            Refusal: INVALID `template_invalid`, its parts what is wrong.
        """
        if not self.found:
            return
        first = self.found[0]
        count = len(self.found)
        more = f" There are {count - 1} more faults." if count > 2 else ""
        more = " There is another fault." if count == 2 else more
        raise Refusal(
            Kind.INVALID,
            "template_invalid",
            f"{first.at}: {first.detail}{more}",
            at=first.at,
            parts=self.found[:MAX_FAULTS],
        )


class Value:
    """A value and where it stands."""

    def __init__(self, raw: Any, path: str, faults: Faults) -> None:
        self.raw = raw
        self.path = path
        self._faults = faults

    def fault(self, code: str, detail: str) -> None:
        """Note that something is wrong with this value."""
        self._faults.add(self.path, code, detail)

    def fields(
        self, known: Collection[str], *, needed: Collection[str] = ()
    ) -> "Fields":
        """Return the fields of an object, which are all *known*."""
        if not isinstance(self.raw, dict):
            self.fault(
                "value_type", f"This is an object {{…}}, not {_called(self.raw)}."
            )
            return Fields({}, self.path, self._faults)
        for name in self.raw:
            # Whoever has so many is not helped by more, and looking takes time.
            if name not in known and len(self._faults.found) <= MAX_FAULTS:
                near = difflib.get_close_matches(name[:64], known, 1, 0.5)
                advice = (
                    f"Did you mean {near[0]}?"
                    if near
                    else f"There are {', '.join(sorted(known))}."
                )
                shown = quoted(name)[1:-1]
                self._faults.add(
                    _join(self.path, shown),
                    "unknown_field",
                    f"There is no field of this name here. {advice}",
                )
        fields = Fields(self.raw, self.path, self._faults)
        for name in needed:
            if self.raw.get(name) is None:
                self._faults.add(
                    _join(self.path, name), "missing_field", f"{name} is missing."
                )
        return fields

    def each(self, *, most: int) -> Iterator["Value"]:
        """Give the values of a list."""
        if not isinstance(self.raw, list):
            self.fault("value_type", f"This is a list […], not {_called(self.raw)}.")
            return
        if len(self.raw) > most:
            self.fault("value_range", f"This list has at most {most} entries.")
            return
        for number, one in enumerate(self.raw):
            yield Value(one, f"{self.path}[{number}]", self._faults)

    def text(self, *, most: int = 255, may_break: bool = False) -> str:
        """Return a text of 1 to *most* characters."""
        raw = self.raw
        if not isinstance(raw, str):
            self.fault("value_type", f"This is a text, not {_called(raw)}.")
            return "?"
        if not raw.strip() or len(raw) > most:
            self.fault("value_range", f"This text has 1 to {most:,} characters.")
            return "?"
        raw = nfc(raw) if not has_lone_surrogate(raw) else raw
        problem = text_problem(raw, "text", may_break=may_break)
        if problem is not None:
            detail = problem.message.removeprefix("Column text: ")
            self.fault(problem.code, detail[:1].upper() + detail[1:])
            return "?"
        return raw

    def number(self, low: float, high: float, *, unit: float = 1.0) -> float:
        """Return a number, times *unit*; *low* and *high* bound what it is then."""
        raw = self.raw
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            self.fault("value_type", f"This is a number, not {_called(raw)}.")
            return low
        # A whole number may be too large for a float.
        value = raw * unit if abs(raw) < 1e9 else math.inf
        if not low <= value <= high:
            self.fault(
                "value_range",
                f"This is a number from {low / unit:.6g} to {high / unit:.6g}.",
            )
            return low
        return float(value)

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.raw, bool):
            self.fault("value_type", f"This is true or false, not {_called(self.raw)}.")
        return self.raw is True

    def choice(self, choices: Sequence[str]) -> str:
        """Return one of *choices*."""
        if isinstance(self.raw, str) and self.raw in choices:
            return self.raw
        near = difflib.get_close_matches(str(self.raw)[:100], choices, 1, 0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        self.fault("value_unknown", f"This is one of {', '.join(choices)}.{hint}")
        return choices[0]

    def colour(self) -> str:
        """Return a colour as `#rrggbb`."""
        raw = self.raw
        if not isinstance(raw, str) or not COLOUR.fullmatch(raw):
            self.fault("colour_format", "Write the colour like #1a2b3c.")
            return "#000000"
        if len(raw) == 4:
            raw = "#" + "".join(2 * digit for digit in raw[1:])
        return raw.lower()


class Fields:
    """The fields of an object."""

    def __init__(self, raw: Mapping[str, Any], path: str, faults: Faults) -> None:
        self._raw = raw
        self.path = path
        self._faults = faults

    def __contains__(self, name: str) -> bool:
        """Say whether there is a field of this name, and it is not null."""
        return self._raw.get(name) is not None

    def is_null(self, name: str) -> bool:
        """Say whether the field is there to say that there is nothing."""
        return name in self._raw and self._raw[name] is None

    def __getitem__(self, name: str) -> Value:
        return Value(self._raw.get(name), _join(self.path, name), self._faults)

    def fault(self, code: str, detail: str) -> None:
        """Note that something is wrong with the object."""
        self._faults.add(self.path, code, detail)

    def object(self, name: str, known: Collection[str]) -> "Fields":
        """Return the fields of an object; none when it is left out."""
        if name in self:
            return self[name].fields(known)
        return Fields({}, _join(self.path, name), self._faults)

    def text(self, name: str, default: str, *, most: int = 255) -> str:
        """Return a text, or *default* when it is left out or empty."""
        if name not in self or self._raw[name] == "":
            return default
        return self[name].text(most=most)

    def number(
        self, name: str, default: float, low: float, high: float, *, unit: float = 1.0
    ) -> float:
        """Return a number times *unit*, or *default* when it is left out."""
        return self[name].number(low, high, unit=unit) if name in self else default

    def flag(self, name: str) -> bool:
        """Return true or false; false when it is left out."""
        return name in self and self[name].flag()

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """Return one of *choices*, or *default* when it is left out."""
        return self[name].choice(choices) if name in self else default

    def colour(self, name: str, default: str) -> str:
        """Return a colour, or *default* when it is left out."""
        return self[name].colour() if name in self else default


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _called(raw: Any) -> str:
    match raw:
        case None:
            return "nothing"
        case bool():
            return "true" if raw else "false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
