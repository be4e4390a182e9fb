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

# Most IRIs are plain ones, and found to be so several times faster. Possessive and
# atomic: what was matched is never tried another way.
_PLAIN = (
    r"https?://[A-Za-z0-9][A-Za-z0-9._~!$&'()*+,;=:@/-]*+"
    r"(?:#[A-Za-z0-9._~!$&'()*+,;=:@/?-]*+)?"
)
_IRIS = re.compile(rf"(?:(?>{_PLAIN}\n|{IRI}\n))*+")

# Only texts with both can be in another order when sorted by UTF-16 units.
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_END_OF_BMP = re.compile("[\ue000-\uffff]")

#: What a blank node is called in its own first-degree hash, and the others.
_SELF, _OTHER = b"_:a", b"_:z"

#: Values as they stand in the texts: escaped, and UTF-8. Its bytes sort as the
#: code points do, so lines are sorted as they are.
_Values = tuple[bytes, ...]

_Fill = Callable[[_Values], bytes]


class Stamper:
    """A die made ready for stamping. Keeps nothing between two rows."""

    def __init__(self, die: Die) -> None:
        #: Whether it takes addresses as salted hashes: an argument of `holes_of`.
        self.hides_addresses = "salt" in die.texts
        self._texts = len(die.texts)
        self._pick: Callable[[Mapping[str, str]], tuple[str, ...]] = itemgetter(
            *die.texts, *die.iris
        )
        holes = len(die.texts) + len(die.iris)
        self._statement = _Stamp(die.credential, holes)
        self._proof = _Stamp(die.proof, holes)
        self._json = _filler([die.json])

    def canonical(self, holes: Mapping[str, str]) -> bytes | Reason:
        """
        Return the credential with these *holes* as RDFC-1.0 has it.

        The reason is for the row: verifiers would not agree on its order.

        Raises:
            Fault: not passing, when a hole for an IRI holds something else.
        """
        values = self._pick(holes)
        if not _IRIS.fullmatch("\n".join((*values[self._texts :], ""))):
            raise Fault("a hole for an IRI holds something else", passing=False)
        return self._statement.canonical(_escaped(values))

    def proof_digest(self, holes: Mapping[str, str]) -> bytes:
        """Return the SHA-256 of the canonical proof configuration."""
        text = self._proof.canonical(_escaped(self._pick(holes)))
        assert isinstance(text, bytes), text
        return hashlib.sha256(text).digest()

    def json(self, holes: Mapping[str, str], proof_value: str) -> bytes:
        """Return the secured credential: the same bytes for the same arguments."""
        return self._json((*_escaped(self._pick(holes)), proof_value.encode()))


def _escaped(values: tuple[str, ...]) -> _Values:
    if ESCAPABLE.search("".join(values)):
        values = tuple([value.translate(ESCAPES) for value in values])
    # No value holds a line break any more, so one encoding does for all.
    return tuple("\n".join(values).encode().split(b"\n"))


class _Stamp:
    """One statement, ready to be filled."""

    def __init__(self, statement: Statement, holes: int) -> None:
        self._all = _filler(statement.lines)
        self._nodes = statement.nodes
        self._names = [b"_:c14n%d" % number for number in range(statement.nodes)]
        constants = "".join(
            part for line in statement.lines for part in line if isinstance(part, str)
        )
        self._goes_beyond = _BEYOND_BMP.search(constants) is not None
        self._goes_to_end = _END_OF_BMP.search(constants) is not None
        # The lines each blank node is in, and what the nodes are called there.
        self._degrees: list[tuple[_Fill, _Values]] = []
        for node in range(holes, holes + statement.nodes):
            names = [_OTHER] * statement.nodes
            names[node - holes] = _SELF
            about = [line for line in statement.lines if node in line]
            self._degrees.append((_filler(about), tuple(names)))

    def canonical(self, values: _Values) -> bytes | Reason:
        names = self._names
        if self._nodes > 1:
            digests = [_degree(fill, values, names) for fill, names in self._degrees]
            ranks = dict(zip(sorted(digests), self._names, strict=True))
            if len(ranks) < self._nodes:
                return self._from_scratch(values)
            names = [ranks[digest] for digest in digests]
        lines = self._all((*values, *names)).split(b"\n")
        if len(set(lines)) < len(lines) or self._may_be_disputed(values):
            return self._from_scratch(values)
        lines.sort()
        lines.append(b"")
        return b"\n".join(lines)

    def _may_be_disputed(self, values: _Values) -> bool:
        """Say whether sorting by UTF-16 units could give another order."""
        joined = b"".join(values)
        text = "" if joined.isascii() else joined.decode()
        if not self._goes_beyond and len(text.encode("utf-16-le")) == 2 * len(text):
            return False
        return self._goes_to_end or _END_OF_BMP.search(text) is not None

    def _from_scratch(self, values: _Values) -> bytes | Reason:
        names = [b"_:b%d" % number for number in range(self._nodes)]
        text = self._all((*values, *names)).decode()
        quads = [_quad(line) for line in text.split("\n")]
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


def _degree(fill: _Fill, values: _Values, names: _Values) -> bytes:
    """Return a blank node's first-degree hash (RDFC-1.0, 4.6.3)."""
    lines = fill((*values, *names)).split(b"\n")
    lines.sort()
    lines.append(b"")
    return hashlib.sha256(b"\n".join(lines)).digest()


def _filler(patterns: Sequence[Pattern]) -> _Fill:
    """Return a function that fills *patterns* and joins them as lines."""
    parts: list[bytes] = []
    numbers: list[int] = []
    for at, pattern in enumerate(patterns):
        if at:
            parts.append(b"\n")
        for part in pattern:
            if isinstance(part, int):
                parts.append(b"%b")
                numbers.append(part)
            else:
                parts.append(part.encode().replace(b"%", b"%%"))
    text = b"".join(parts)
    if len(numbers) < 2:
        return lambda values: text % tuple([values[number] for number in numbers])
    pick: Any = itemgetter(*numbers)
    return lambda values: text % pick(values)


def _quad(line: str) -> Quad:
    subject, predicate, rest = line.split(" ", 2)
    return subject, predicate, rest.removesuffix(" ."), ""
