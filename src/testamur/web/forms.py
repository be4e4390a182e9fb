"""
application/x-www-form-urlencoded bodies: small, each field once, and text.

What parsers disagree about (a field given twice, a stray percent sign, bytes that are
not UTF-8) is refused, as in JSON.
"""

from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from testamur.core.refusals import Kind, Refusal

from .bodies import content_type, read_body
from .queries import STRAY_PERCENT

FORM_TYPE = b"application/x-www-form-urlencoded"

MAX_FORM_BYTES = 16 * 1024
MAX_FIELDS = 32


def is_form(request: Request) -> bool:
    """
    Say whether the body is called such a form.

    Raises:
        Refusal: UNSUPPORTED, when its type is not named, or named twice.
    """
    return content_type(request)[0] == FORM_TYPE


async def receive_form(request: Request) -> dict[str, str]:
    """
    Return the fields of such a form.

    Raises:
        Refusal: TOO_LARGE; MALFORMED, when it cannot be read in one way only.
    """
    return read_form(await read_body(request, MAX_FORM_BYTES))


def read_form(body: bytes) -> dict[str, str]:
    """
    Return the fields that *body* has.

    >>> read_form(b"grant_type=client_credentials&client_id=a%40b+c")
    {'grant_type': 'client_credentials', 'client_id': 'a@b c'}

    Raises:
        Refusal: MALFORMED.
    """
    pairs = [pair for pair in body.split(b"&") if pair]
    if len(pairs) > MAX_FIELDS:
        raise _malformed(f"Send at most {MAX_FIELDS} fields.")
    if STRAY_PERCENT.search(body):
        raise _malformed("A percent sign introduces two hexadecimal digits.")
    fields: dict[str, str] = {}
    for pair in pairs:
        name, _, value = (_text(part) for part in pair.partition(b"="))
        if name in fields:
            raise _malformed("A field is there twice; send each once.", name[:64])
        fields[name] = value
    return fields


def _text(part: bytes) -> str:
    try:
        text = unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise _malformed("Send the form in UTF-8.") from None
    if "\0" in text:
        raise _malformed("The form has a NUL; nothing here does.")
    return text


def _malformed(detail: str, at: str | None = None) -> Refusal:
    return Refusal(Kind.MALFORMED, "form_syntax", detail, at=at)
