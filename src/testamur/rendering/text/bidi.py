"""
In which order a line is read and drawn when its letters run both ways (UAX #9).

Without the explicit controls of section 2: intake refuses them, and elsewhere they
count as nothing (BN). What is left is one run sequence per paragraph.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_MARKS = {"\u061c": "AL", "\u200e": "L", "\u200f": "R"}

_EXPLICIT = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_NEUTRAL = frozenset(("B", "S", "WS", "ON"))

#: What `unicodedata` does not say: Bidi_Paired_Bracket, for those that are in use.
#: The angle brackets of U+2329 are the same as those of U+3008 (BD16).
_OPENING = "([{\u0f3a\u0f3c\u169b\u2045\u207d\u208d\u2308\u230a\u2329\u2768\u276a\u276c"
_OPENING += "\u276e\u2770\u2772\u2774\u27e6\u27e8\u27ea\u27ec\u27ee\u2983\u2985\u3008"
_OPENING += "\u300a\u300c\u300e\u3010\u3014\u3016\u3018\u301a\uff08\uff3b\uff5b\uff5f"
_OPENING += "\uff62\ufe59\ufe5b\ufe5d"
_CLOSING = ")]}\u0f3b\u0f3d\u169c\u2046\u207e\u208e\u2309\u230b\u232a\u2769\u276b\u276d"
_CLOSING += "\u276f\u2771\u2773\u2775\u27e7\u27e9\u27eb\u27ed\u27ef\u2984\u2986\u3009"
_CLOSING += "\u300b\u300d\u300f\u3011\u3015\u3017\u3019\u301b\uff09\uff3d\uff5d\uff60"
_CLOSING += "\uff63\ufe5a\ufe5c\ufe5e"
_SAME = {"\u2329": "\u3008", "\u232a": "\u3009"}
_CLOSER = {
    _SAME.get(opening, opening): _SAME.get(closing, closing)
    for opening, closing in zip(_OPENING, _CLOSING, strict=True)
}
_CLOSERS = frozenset(_CLOSER.values())

#: Languages written from right to left.
_RTL_LANGUAGES = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur")
)

#: BD16: how many brackets may be open at once before none counts.
_MAX_OPEN = 63


@lru_cache(maxsize=16_384)
def class_of(character: str) -> str:
    """Return the Bidi_Class of *character*; explicit controls count as `BN`."""
    found = unicodedata.bidirectional(character) or "L"
    return "BN" if found in _EXPLICIT else found


def is_rtl(text: str) -> bool | None:
    """Say which way *text* runs by its first strong letter (P2); None: no letter."""
    for character in text:
        found = class_of(character)
        if found == "L":
            return False
        if found in ("R", "AL"):
            return True
    return None


def is_rtl_language(tag: str) -> bool:
    """Say which way a text in this language (BCP 47) runs if no letter says so."""
    return tag.casefold().partition("-")[0] in _RTL_LANGUAGES


def may_mix(text: str) -> bool:
    """Say whether anything in *text* might run from right to left."""
    return not text.isascii() and any(
        class_of(character) in ("R", "AL", "AN") for character in text
    )


def levels_of(text: str, base: int) -> list[int]:
    """
    Return the embedding level of each character: odd ones run right to left.

    *text* is one paragraph, *base* its level: 0, or 1 from right to left.
    """
    original = [class_of(character) for character in text]
    # Boundary neutrals are not there for any rule (X9).
    places = [at for at, kind in enumerate(original) if kind != "BN"]
    classes = [original[at] for at in places]
    edge = "R" if base else "L"
    _resolve_weak(classes, edge)
    _resolve_brackets(classes, [text[at] for at in places], original, places, edge)
    _resolve_neutral(classes, edge)
    levels = [base] * len(text)
    for at, kind in zip(places, classes, strict=True):
        levels[at] = _level(kind, base)
    # A boundary neutral goes with what comes before it, as X9 asks.
    for at, kind in enumerate(original):
        if kind == "BN" and at:
            levels[at] = levels[at - 1]
    _reset_edges(levels, original, base)
    return levels


def _level(kind: str, base: int) -> int:
    """Rules I1 and I2."""
    if base:
        return 1 if kind == "R" else 2
    return {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)


def _resolve_weak(classes: list[str], edge: str) -> None:
    """Rules W1 to W7, each in its own pass, as they are written."""
    previous = edge
    for at, kind in enumerate(classes):  # W1
        if kind == "NSM":
            classes[at] = previous
        previous = classes[at]
    strong = edge
    for at, kind in enumerate(classes):  # W2, W3
        if kind in ("L", "R", "AL"):
            strong = kind
        if kind == "EN" and strong == "AL":
            classes[at] = "AN"
    for at, kind in enumerate(classes):
        if kind == "AL":
            classes[at] = "R"
    for at in range(1, len(classes) - 1):  # W4
        before, kind, after = classes[at - 1 : at + 2]
        if before == after and (
            (kind in ("ES", "CS") and before == "EN")
            or (kind == "CS" and before == "AN")
        ):
            classes[at] = before
    at = 0
    while at < len(classes):  # W5, W6
        if classes[at] not in ("ET", "ES", "CS"):
            at += 1
            continue
        end = at
        while end < len(classes) and classes[end] == "ET":
            end += 1
        if end == at:
            classes[at] = "ON"
            at += 1
            continue
        is_beside = (at and classes[at - 1] == "EN") or (
            end < len(classes) and classes[end] == "EN"
        )
        classes[at:end] = ["EN" if is_beside else "ON"] * (end - at)
        at = end
    strong = edge
    for at, kind in enumerate(classes):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            classes[at] = "L"


def _strong(kind: str) -> str | None:
    """Return what *kind* counts as for N0 to N2: numbers are R."""
    if kind == "L":
        return "L"
    return "R" if kind in ("R", "EN", "AN") else None


def _resolve_brackets(
    classes: list[str],
    characters: Sequence[str],
    original: Sequence[str],
    places: Sequence[int],
    edge: str,
) -> None:
    """Rule N0."""
    for opening, closing in _pairs(classes, characters):
        inside = {_strong(kind) for kind in classes[opening + 1 : closing]} - {None}
        if not inside:
            continue
        taken = edge
        if edge not in inside:
            taken = next(
                (s for s in map(_strong, reversed(classes[:opening])) if s), edge
            )
        for bracket in (opening, closing):
            classes[bracket] = taken
            # What was a mark before W1 goes with the bracket that it stands on.
            after = bracket + 1
            while after < len(classes) and original[places[after]] == "NSM":
                classes[after] = taken
                after += 1


def _pairs(classes: Sequence[str], characters: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of brackets, in the order of their openings (BD16)."""
    pairs = []
    waiting: list[tuple[str, int]] = []
    for at, (kind, character) in enumerate(zip(classes, characters, strict=True)):
        if kind != "ON":
            continue
        character = _SAME.get(character, character)
        if character in _CLOSER:
            if len(waiting) == _MAX_OPEN:
                return []
            waiting.append((_CLOSER[character], at))
        elif character in _CLOSERS:
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == character:
                    pairs.append((waiting[depth][1], at))
                    del waiting[depth:]
                    break
    return sorted(pairs)


def _resolve_neutral(classes: list[str], edge: str) -> None:
    """Rules N1 and N2."""
    at = 0
    while at < len(classes):
        if classes[at] not in _NEUTRAL:
            at += 1
            continue
        end = at
        while end < len(classes) and classes[end] in _NEUTRAL:
            end += 1
        before = _strong(classes[at - 1]) if at else edge
        after = _strong(classes[end]) if end < len(classes) else edge
        taken = before if before == after and before else edge
        classes[at:end] = [taken] * (end - at)
        at = end


def _reset_edges(levels: list[int], original: Sequence[str], base: int) -> None:
    """Rule L1, for a paragraph that is one line."""
    is_edge = True
    for at in range(len(levels) - 1, -1, -1):
        kind = original[at]
        if kind in ("B", "S"):
            is_edge = True
        elif kind not in ("WS", "BN"):
            is_edge = False
        if is_edge:
            levels[at] = base


def visual_order(levels: Sequence[int]) -> list[int]:
    """Return the places of runs (or letters) of these *levels* from left to right."""
    order = list(range(len(levels)))
    if not levels:
        return order
    for level in range(max(levels), 0, -1):  # L2
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            if end > at:
                order[at:end] = order[at:end][::-1]
            at = end + 1
    return order
