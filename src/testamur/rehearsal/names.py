"""Names of recipients that can be printed, and probably should not be."""

import re
from collections.abc import Iterator

from testamur.core.text import quoted

#: An address wherever it stands; whether it is a good one is of no matter here.
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")

#: What people write where there is nothing to write.
_STAND_INS = frozenset(
    {
        "-",
        "--",
        "?",
        "anonymous",
        "first last",
        "firstname lastname",
        "john doe",
        "jane doe",
        "n/a",
        "na",
        "name",
        "nan",
        "nil",
        "none",
        "null",
        "recipient",
        "sample",
        "student",
        "tba",
        "tbc",
        "tbd",
        "test",
        "unknown",
        "xxx",
    }
)

#: Shorter ones may be initials.
_LETTERS_TO_JUDGE = 4

#: Letters that belong together, with their accents.
_LETTERS = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")

#: Words that are small within names, and those that are capitals throughout.
_SMALL = frozenset(
    (
        *("al", "bin", "da", "das", "de", "dei", "del", "della", "den", "der", "di"),
        *("do", "dos", "du", "e", "el", "i", "ibn", "la", "las", "los", "of", "ter"),
        *("van", "vom", "von", "y", "zu", "zum", "zur"),
    )
)
_CAPITALS = re.compile("(?:I{2,3}|IV|VI{0,3}|IX|XI{0,3}|XIV|XV|XVI)", re.I)

#: Cherokee is written in what Unicode calls its capitals.
_CHEROKEE = re.compile("[\u13a0-\u13ff\uab70-\uabbf]")

#: What follows a comma behind a name in its usual order.
_AFTER_A_COMMA = re.compile(
    r"(?:jr|sr|i{2,3}|iv|ph\.? ?d|m\.? ?d|dr|esq|mba|m\.?sc|b\.?sc|m\.?a|b\.?a|"
    r"ll\.?[mb]|cpa|cfa|rn|pe|pmp|d\.?d\.?s|ed\.?d|j\.?d|m\.?ed|m\.?phil)\b",
    re.IGNORECASE,
)


def looks_like_address(text: str) -> bool:
    """Say whether *text* is an address, or has one in it."""
    return "@" in text and _ADDRESS.search(text) is not None


def doubts(name: str) -> Iterator[tuple[str, str]]:
    """Give a code and a sentence for each thing that is odd about *name*."""
    if looks_like_address(name):
        yield (
            "name_is_address",
            "This is an e-mail address, and would be printed where the name stands.",
        )
        return
    if name.casefold() in _STAND_INS:
        yield "name_stand_in", f"{quoted(name)} is hardly anybody's name. Write it."
        return
    if any(letter.isdecimal() for letter in name):
        yield (
            "name_digits",
            "There are digits in the name. Delete them if they slipped in.",
        )
    if "?" in name:
        yield (
            "name_lost_letters",
            "A ? often stands where a letter was lost when the file was saved. Write "
            "the letter again, and save the file as UTF-8.",
        )
    yield from _capitals(name)
    last, comma, first = name.partition(",")
    if comma and last.strip() and first.strip():
        first = first.strip()
        if not _AFTER_A_COMMA.match(first) and "," not in first:
            yield (
                "name_order",
                f"Is {quoted(f'{first} {last.strip()}')} meant? The name is printed as "
                "it stands.",
            )


def _capitals(name: str) -> Iterator[tuple[str, str]]:
    if sum(map(str.isalpha, name)) < _LETTERS_TO_JUDGE:
        return
    if _CHEROKEE.search(name):
        return
    titled = _titled(name)
    # A script without capitals is its own title form.
    if name.isupper() and titled != name:
        yield (
            "name_capitals",
            f"The name is in capitals only. Is {quoted(titled)} meant?",
        )
    elif name.islower() and titled != name:
        yield "name_small", f"The name has no capital. Is {quoted(titled)} meant?"
    elif name[:2] != name[:2].title() and name.swapcase().istitle():
        yield (
            "name_capitals",
            f"Capitals and small letters are swapped. Is {quoted(name.swapcase())} "
            "meant?",
        )


def _titled(name: str) -> str:
    """
    Return *name* as names are usually written.

    >>> _titled("SEÁN O'NEILL-SMITH III"), _titled("maría de la cruz")
    ("Seán O'Neill-Smith III", 'María de la Cruz')
    """
    words = name.split(" ")
    titled = " ".join(
        word.lower()
        if number and word.lower() in _SMALL
        else word.upper()
        if number and _CAPITALS.fullmatch(word)
        else _LETTERS.sub(lambda found: found[0].capitalize(), word)
        for number, word in enumerate(words)
    )
    return titled.replace("i\u0307", "i")  # which lower() makes of a Turkish capital
