"""Base 58 as Bitcoin spells it, which multibase calls `z` (base58btc)."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {digit: value for value, digit in enumerate(_ALPHABET)}
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_PAIR = 58**2
#: Ten digits fit into a machine word, so most divisions are cheap ones.
_WORD = 58**10


def base58btc(data: bytes) -> str:
    """
    Return *data* in base 58.

    >>> base58btc(b"\\0Hello World!")
    '12NEpo7TZRRrLZSi2U'
    """
    number = int.from_bytes(data)
    words = []
    while number:
        number, word = divmod(number, _WORD)
        word, e = divmod(word, _PAIR)
        word, d = divmod(word, _PAIR)
        word, c = divmod(word, _PAIR)
        a, b = divmod(word, _PAIR)
        words.append(_PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _PAIRS[e])
    words.reverse()
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(words).lstrip("1")


def from_base58btc(text: str) -> bytes:
    """
    Return the bytes that *text* spells in base 58.

    Raises:
        ValueError: *text* holds something that is no digit.
    """
    number = 0
    for digit in text:
        if digit not in _DIGITS:
            raise ValueError(f"{digit!r} is no digit of base 58")
        number = number * 58 + _DIGITS[digit]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
