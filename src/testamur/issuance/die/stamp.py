"""
Stamping: holes in, a credential's canonical form and its JSON out.

No JSON-LD is worked through and no code is made from a die: its patterns become
format strings, filled and sorted by the interpreter's own loops.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from testamur.core.refusals import Fault, Reason

from .die import Die, Pattern, Statement
from .quads import ESCAPABLE, ESCAPES, IRI, Quad
from .rdfc import canonical, utf16_units

_IRIS = re.compile(rf"(?:{IRI}\n)*")

# Only texts with both can be in another order when sorted by UTF-16 units.
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_END_OF_BMP = re.compile("[\ue000-\uffff]")

#: What a blank node is called in its own first-degree hash, and the others.
_SELF, _OTHER = "_:a", "_:z"


class Stamper:
    """A die made ready for stamping. Keeps nothing between two rows."""

    def __init__(self, die: Die) -> None:
        self._texts = len(die.texts)
        self._pick: Callable[[Mapping[str, str]], tuple[str, ...]] = itemgetter(
            *die.texts, *die.iris
        )
        self._statement = _Stamp(die.credential, len(die.texts) + len(die.iris))
        self._proof = _Stamp(die.proof, len(die.texts) + len(die.iris))
        self._json = _filler([die.json], "")

    def canonical(self, holes: Mapping[str, str]) -> bytes | Reason:
        """
        Return the credential with these *holes* as RDFC-1.0 has it.

        The reason is for the row: verifiers would not agree on its order.

        Raises:
            Fault: not passing, when a hole for an IRI holds something else.
        """
        values = self._values(holes)
        if not _IRIS.fullmatch("\n".join((*values[self._texts :], ""))):
            raise Fault("a hole for an IRI holds something else", passing=False)
        return self._statement.canonical(values)

    def proof_digest(self, holes: Mapping[str, str]) -> bytes:
        """Return the SHA-256 of the canonical proof configuration."""
        text = self._proof.canonical(self._values(holes))
        assert isinstance(text, bytes), text
        return hashlib.sha256(text).digest()

    def json(self, holes: Mapping[str, str], proof_value: str) -> bytes:
        """Return the secured credential: the same bytes for the same arguments."""
        return self._json((*self._values(holes), proof_value)).encode()

    def _values(self, holes: Mapping[str, str]) -> tuple[str, ...]:
        values = self._pick(holes)
        if ESCAPABLE.search("".join(values)):
            return tuple([value.translate(ESCAPES) for value in values])
        return values


class _Stamp:
    """One statement, ready to be filled."""

    def __init__(self, statement: Statement, holes: int) -> None:
        self._all = _filler(statement.lines, "\n")
        self._nodes = statement.nodes
        self._names = [f"_:c14n{number}" for number in range(statement.nodes)]
        # The lines each blank node is in, and what the nodes are called there.
        self._degrees = []
        for node in range(holes, holes + statement.nodes):
            names = [_OTHER] * statement.nodes
            names[node - holes] = _SELF
            about = [line for line in statement.lines if node in line]
            self._degrees.append((_filler(about, "\n"), tuple(names)))

    def canonical(self, values: tuple[str, ...]) -> bytes | Reason:
        names: Sequence[str] = self._names
        if self._nodes > 1:
            digests = [self._degree(fill, values, a) for fill, a in self._degrees]
            ranks = dict(zip(sorted(digests), self._names, strict=True))
            if len(ranks) < self._nodes:
                return self._from_scratch(values)
            names = [ranks[digest] for digest in digests]
        text = self._all((*values, *names))
        lines = text.split("\n")
        if len(set(lines)) < len(lines):
            return self._from_scratch(values)
        if not text.isascii() and _BEYOND_BMP.search(text) and _END_OF_BMP.search(text):
            return self._from_scratch(values)
        lines.sort()
        lines.append("")
        return "\n".join(lines).encode()

    def _degree(
        self,
        fill: Callable[[tuple[str, ...]], str],
        values: tuple[str, ...],
        names: tuple[str, ...],
    ) -> bytes:
        """Return a blank node's first-degree hash (RDFC-1.0, 4.6.3)."""
        lines = fill((*values, *names)).split("\n")
        lines.sort()
        lines.append("")
        return hashlib.sha256("\n".join(lines).encode()).digest()

    def _from_scratch(self, values: tuple[str, ...]) -> bytes | Reason:
        names = [f"_:b{number}" for number in range(self._nodes)]
        quads = [_quad(line) for line in self._all((*values, *names)).split("\n")]
        text = canonical(quads)
        if canonical(quads, order=utf16_units) != text:
            return Reason(
                "text_order",
                "Two of this row's attributes begin alike and go on with an emoji or "
                "a rare letter in one, and a full-width or special one in the other. "
                "Programs that check certificates do not agree which comes first. "
                "Write one of them differently.",
            )
        return text.encode()


def _filler(
    patterns: Sequence[Pattern], separator: str
) -> Callable[[tuple[str, ...]], str]:
    """Return a function that fills *patterns* and joins them."""
    parts: list[str] = []
    numbers: list[int] = []
    for at, pattern in enumerate(patterns):
        if at:
            parts.append(separator)
        for part in pattern:
            if isinstance(part, int):
                parts.append("%s")
                numbers.append(part)
            else:
                parts.append(part.replace("%", "%%"))
    text = "".join(parts)
    if not numbers:
        return lambda values: text % ()
    if len(numbers) == 1:
        return lambda values: text % values[numbers[0]]
    pick: Any = itemgetter(*numbers)
    return lambda values: text % pick(values)


def _quad(line: str) -> Quad:
    subject, predicate, rest = line.split(" ", 2)
    return subject, predicate, rest.removesuffix(" ."), ""
