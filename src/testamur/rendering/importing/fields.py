"""Which lines of a page hold fields, and what each says as a template's text."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from testamur.core.columns import ATTRIBUTE_PREFIX
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import quoted

from ..pdfium.said import has_rtl
from ..values import FIELDS, parts_of
from .checks import refuse
from .letters import Letter, Look, Row
from .room import is_centred

#: A placeholder that is no field: the code goes there.
QR = "{{qr}}"

#: Braces may stand apart: letters that are spaced do.
_PLACE = re.compile(r"\{ ?\{(.*?)\} ?\}")

#: The same, whole.
_PLACES = re.compile(r"\{\{.*?\}\}")

_EXPORT_TEXT = (
    "Export it again with text kept as text: not as outlines, curves or a picture, "
    "and not flattened."
)


@dataclass(frozen=True, slots=True)
class Found:
    """Text of the page that leaves it, for the template."""

    row: Row
    letters: tuple[Letter, ...]
    #: As `template.json` has it.
    text: str
    #: That of most of its letters.
    look: Look
    is_upper: bool
    #: Whether words before it stay in the background, so that it must begin there.
    is_led: bool
    #: Whether letters of other looks are in it.
    is_mixed: bool
    #: The baselines of its lines.
    baselines: tuple[float, ...]

    @property
    def has_fields(self) -> bool:
        """Whether values go into it."""
        return "{{" in self.text


def found_in(rows: Sequence[Row], page_width: float) -> list[Found]:
    """
    Return what leaves the page: texts with fields, and what is one piece with them.

    Raises:
        Refusal: `placeholder`, `import_turned`, `import_hidden_text`.
    """
    found: list[Found] = []
    faults: list[Refusal] = []
    for row in rows:
        places = list(_PLACE.finditer(row.text))
        if not places:
            if "{{" in row.text or "}}" in row.text:
                faults.append(_halved(row.text))
            continue
        first = _letter_at(row, places[0].start())
        if abs(first.angle) > 0.5:
            refuse(
                "import_turned",
                f"{places[0][0]} stands at an angle. Texts of a template are level: "
                "turn it upright.",
            )
        if not first.look.is_visible:
            refuse(
                "import_hidden_text",
                f"{places[0][0]} is there for searching only, and what is seen is a "
                f"picture. {_EXPORT_TEXT}",
            )
        try:
            found.append(_taken(row, places, first, page_width))
        except ValueError as error:
            faults.append(Refusal(Kind.INVALID, "placeholder", str(error)))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise Refusal(
            Kind.INVALID,
            "placeholder",
            " ".join(dict.fromkeys(fault.detail for fault in faults)),
            parts=faults,
        )
    try:
        along = _drawn_along(rows, found)
    except ValueError as error:
        raise Refusal(Kind.INVALID, "placeholder", str(error)) from None
    return sorted(
        [*_joined(found), *along],
        key=lambda one: (one.baselines[0], one.row.x0),
    )


def check_there_are_fields(rows: Sequence[Row], found: Sequence[Found]) -> None:
    """
    Say what is missing when a page has no fields.

    Raises:
        Refusal: `import_no_text` or `import_no_placeholders`.
    """
    if found:
        return
    words = "".join(row.text for row in rows)
    unread = words.count("\ufffd") + sum(ord(one) < 32 for one in words)
    if len(words) <= 2 * unread:
        refuse(
            "import_no_text",
            "There is no text in this PDF that can be read, only shapes and pictures. "
            + _EXPORT_TEXT,
        )
    refuse(
        "import_no_placeholders",
        "There is no field in this PDF. Write {{recipientName}} where the name goes, "
        "in the tool it was designed in, and export it again. " + _known(),
    )


def _known() -> str:
    names = ", ".join(f"{{{{{name}}}}}" for name in FIELDS)
    return (
        f"There are {names}, {{{{{ATTRIBUTE_PREFIX}...}}}} for columns of your own, "
        f"and {QR} for the code."
    )


def _halved(text: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "placeholder",
        f"{quoted(text[:80])} has only one end of a field: the other is missing, or "
        "on another line. Write fields on one line: make the text box wider.",
    )


def _check_order(text: str) -> None:
    """
    Refuse words from right to left: a PDF says only how they look.

    Raises:
        ValueError: what to do.
    """
    if has_rtl(text):
        raise ValueError(
            f"{quoted(' '.join(_PLACES.findall(text)) or text[:80])} is one text with "
            "words from right to left, whose order a PDF does not keep. Write the "
            "field on a line of its own, in a text box of its own, and leave the "
            "words beside it or above it in theirs."
        )


def _letter_at(row: Row, index: int) -> Letter:
    return next(owner for owner in row.owners[index:] if owner is not None)


def _taken(
    row: Row, places: Sequence[re.Match[str]], first: Letter, page_width: float
) -> Found:
    """Return what of *row* leaves the page."""
    owners = {
        id_of
        for place in places
        for id_of in _addresses(row, place.start(), place.end())
    }
    is_middle = is_centred(row, page_width)
    start = places[0].start()
    while start > 0:
        letter = row.owners[start - 1]
        if letter is not None and letter.owner not in owners:
            # Words of another look may stay where they are, but not before a text
            # in the middle: that must stay there whatever its length.
            if not is_middle and not _is_alike(letter.look, first.look):
                break
            owners.add(letter.owner)
        start -= 1
    kept = [letter for letter in row.owners[start:] if letter is not None]
    text = row.text[start:]
    written = _PLACE.sub(lambda place: _field(place[1]), text)
    written = re.sub(r" {2,}", " ", written).strip()
    parts_of(written.replace(QR, ""))
    _check_order(written)
    if QR in written and written != QR:
        raise ValueError(f"{QR} stands beside other words. Give it a line of its own.")
    letters = [one for one in _PLACE.sub("", text) if one.isalpha()]
    names = [one for place in places for one in place[1] if one.isalpha()]
    return Found(
        row=row,
        letters=tuple(dict.fromkeys(kept)),
        text=written,
        look=Counter(letter.look for letter in kept).most_common(1)[0][0],
        is_upper=all(one.isupper() for one in [*letters, *names]) and bool(names),
        is_led=any(one is not None for one in row.owners[:start]),
        is_mixed=any(
            not _is_alike(letter.look, first.look)
            for letter in kept
            if not letter.text.isspace()
        ),
        baselines=(first.baseline,),
    )


def _addresses(row: Row, start: int, end: int) -> set[int]:
    return {owner.owner for owner in row.owners[start:end] if owner is not None}


def _is_alike(one: Look, other: Look) -> bool:
    return (
        one.font == other.font
        and one.colour == other.colour
        and abs(one.size - other.size) <= 0.02 * other.size
    )


def _field(written: str) -> str:
    """Return a placeholder as `template.json` spells it."""
    name, bar, style = written.partition("|")
    bare = re.sub(r"[\s_-]", "", name).casefold()
    if bare == "qr":
        return QR
    known = next((one for one in FIELDS if one.casefold() == bare), None)
    if known is None:
        known = re.sub(r"\s", "", name)
        if known.isupper():
            known = known.lower()
    style = style.strip()
    if style.isupper() and len(style) > 2:
        style = style.lower()
    return f"{{{{{known}{bar}{style}}}}}"


def _joined(found: Sequence[Found]) -> list[Found]:
    """Return *found* with sentences whole that the design tool has wrapped."""
    joined: list[Found] = []
    for one in sorted(found, key=lambda one: (one.baselines[0], one.row.x0)):
        before = next((other for other in joined if _goes_on(other, one)), None)
        if before is None:
            joined.append(one)
            continue
        joined[joined.index(before)] = replace(
            before,
            row=Row([*before.row.letters, *one.row.letters], before.row.tracking),
            letters=(*before.letters, *one.letters),
            text=f"{before.text} {one.text}",
            is_mixed=before.is_mixed or one.is_mixed,
            baselines=(*before.baselines, *one.baselines),
        )
    return joined


def _goes_on(one: Found, other: Found) -> bool:
    """Say whether *other* is the next line of the same sentence."""
    size = one.look.size
    step = other.baselines[0] - one.baselines[-1]
    is_below = 0.9 * size < step < 1.8 * size
    edges = (
        one.row.x0 - other.row.x0,
        one.row.x1 - other.row.x1,
        one.row.middle - other.row.middle,
    )
    return (
        is_below
        and _is_alike(one.look, other.look)
        and one.is_upper == other.is_upper
        and not one.is_led
        and not other.is_led
        and min(map(abs, edges)) < 2
        # A new line that begins with a capital or a field may be a new thing.
        and other.text[:1].islower()
    )


def _drawn_along(rows: Sequence[Row], found: Sequence[Found]) -> list[Found]:
    """Return what is one object with a found text, and on another line or column."""
    owners = {letter.owner for one in found for letter in one.letters}
    taken = {letter for one in found for letter in one.letters}
    along = []
    for row in rows:
        rest = [
            letter
            for letter in row.letters
            if letter.owner in owners and letter not in taken
        ]
        words = "".join(letter.text for letter in rest).strip()
        if not words:
            continue
        only = Row(rest, row.tracking)
        pairs = [
            (character, owner)
            for character, owner in zip(row.text, row.owners, strict=True)
            if owner is None or owner in rest
        ]
        text = "".join(character for character, _ in pairs).strip()
        _check_order(text)
        look = rest[0].look
        along.append(
            Found(
                only,
                tuple(rest),
                text,
                look,
                is_upper=False,
                is_led=False,
                is_mixed=False,
                baselines=(rest[0].baseline,),
            )
        )
    return along
