"""
JSON that means one thing only: what parsers disagree about is refused.

RFC 8259 leaves duplicate keys, large numbers and lone surrogates to each parser
(sections 4, 6, 8.2); two readers of one signed text must not see two things.
"""

import json
import math
import re
from typing import Any, Never

MAX_DEPTH = 64
MAX_DIGITS = 400

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NotReadable(ValueError):
    """The bytes cannot be read. *code* is stable; the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_json(data: bytes) -> Any:
    """
    Return the value that *data* spells.

    Whole numbers stay whole however they are spelt (`1.0` is `1`, as JSON-LD and
    JSON's canonical form have it).

    Raises:
        NotReadable: it is not UTF-8 or not JSON, is nested too deeply, has a key
            twice, half a character, or a number that is not finite.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotReadable(
            "json_encoding", f"Byte {error.start} is not UTF-8, as JSON has to be."
        ) from None
    if text.startswith("\ufeff"):
        raise NotReadable("json_encoding", "The text begins with a byte order mark.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=_number,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        raise NotReadable(
            "json_syntax",
            f"This is not JSON: {error.msg.lower()} at line {error.lineno}, column "
            f"{error.colno}.",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    if _is_deep(value):
        raise _too_deep()
    if _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotReadable(
                "json_encoding", "A \\u escape names half of a character."
            ) from None
    return value


def _too_deep() -> NotReadable:
    return NotReadable(
        "json_depth", f"Arrays and objects are nested more than {MAX_DEPTH} deep."
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotReadable(
            "json_duplicate_key",
            "An object has the same key twice, so two readers may see two things.",
        )
    return found


def _no_number(text: str) -> Never:
    raise NotReadable("json_number", f"{text[:24]} is no number in JSON.")


def _number(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        _no_number(text)
    value = float(text)
    if not math.isfinite(value):
        _no_number(text)
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        _no_number(text)
    return int(text)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return False
        level = [
            part
            for item in level
            for part in (item.values() if isinstance(item, dict) else item)
        ]
    return True
