"""
Checking a credential, for anybody: `POST /v1/verify`, and the page `/verify`.

No key is asked for. What is sent is read in a child process, and kept nowhere.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import MIB
from testamur.core.refusals import Kind, Refusal
from testamur.dialects.native import wire

from ..answers import json_answer
from ..bodies import content_type, read_body, read_json
from ..pages import CSP, HTML, PRIVATE, Pages
from ..pages import answer as page_answer
from ..queries import query_of
from ..verbs import Asking
from ..verify_view import verdict_fields

MAX_BYTES = 5 * MIB
#: A picture or bundle is large because of what can be seen in it.
MAX_FILE_BYTES = 10 * MIB
#: A form's own lines.
FORM_BYTES = 64 * 1024

#: So many bodies may be on their way at once.
MAX_RECEIVING = 16

JSON_TYPES = (b"application/json", b"application/vc", b"application/vp")
TOKEN_TYPES = (
    b"application/jwt",
    b"application/vc+jwt",
    b"application/vp+jwt",
    b"text/plain",
)
FILE_TYPES = (
    b"image/png",
    b"application/pdf",
    b"application/zip",
    b"application/octet-stream",
)

#: So many are checked at once, in threads; the others wait for their turn, as long
#: as people do.
AT_ONCE = 8
MAX_WAITING = 64
WAIT_SECONDS = 10.0

#: `{"id": "..."}`, at its longest.
MAX_NAME_BYTES = 4_096

#: The page has a form that is sent to this server.
FORM_CSP = CSP.replace("form-action 'none'", "form-action 'self'")
FORM_HEADERS = {**PRIVATE, "content-security-policy": FORM_CSP}

#: What the description says of a body.
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "description": "A credential, a presentation, an array of them, "
                    "an EnvelopedVerifiableCredential; or an object with nothing but "
                    "`id` (a certificate of this server) or `url` (its address).",
                }
            },
            "application/vc": {"schema": {"type": "object"}},
            "application/vc+jwt": {"schema": {"type": "string"}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "One file or one text, and nothing beside it.",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "text": {"type": "string"},
                    },
                }
            },
        },
    }
}

OUTCOMES = ["passed", "failed", "not_checked"]
VERDICT: dict[str, Any] = {
    "type": "object",
    "required": ["verified", "result", "summary", "checkedAt", "says", "checks"],
    "properties": {
        "verified": {"type": "boolean"},
        "result": {"enum": ["valid", "invalid", "unreadable"]},
        "summary": {"type": "string"},
        "checkedAt": {"type": "string", "format": "date-time"},
        "kind": {"type": ["string", "null"]},
        "cameAs": {"type": ["string", "null"]},
        "says": {"type": "object"},
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["check", "outcome", "code", "detail", "asOf"],
                "properties": {
                    "check": {"type": "string"},
                    "outcome": {"enum": OUTCOMES},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "asOf": {"type": ["string", "null"], "format": "date-time"},
                },
            },
        },
        "inside": {"type": "array", "items": {"type": "object"}},
    },
}

Verdict = Mapping[str, Any]


class _Sent:
    """What somebody wants checked: bytes, or the name of a certificate here."""

    def __init__(self, data: bytes = b"", media_type: str = "", name: str = "") -> None:
        self.data = data
        self.media_type = media_type
        self.name = name


def verify_routes(
    *,
    verify: Callable[[bytes, str], Verdict],
    verify_name: Callable[[str], Verdict],
    admit: Callable[[str], None],
    pages: Pages,
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *admit* counts a request for the address it came from, or refuses.
    """
    router = APIRouter(tags=["Verification"], responses=wire.PROBLEMS)
    receiving = waiting = 0
    turns = asyncio.Semaphore(AT_ONCE)

    async def received(request: Request, *, is_page: bool = False) -> _Sent:
        nonlocal receiving
        admit(request.client.host if request.client else "")
        if receiving >= MAX_RECEIVING:
            raise _busy()
        receiving += 1
        try:
            return await _receive(request, is_page=is_page)
        finally:
            receiving -= 1

    async def judged(sent: _Sent) -> Verdict:
        nonlocal waiting
        if waiting >= MAX_WAITING:
            raise _busy()
        waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turns.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            waiting -= 1
        try:
            if sent.name:
                return await ask_slowly(verify_name, sent.name)
            return await ask_slowly(verify, sent.data, sent.media_type)
        finally:
            turns.release()

    @router.post(
        "/v1/verify",
        summary="Check a credential, whoever issued it (no key needed)",
        openapi_extra={**BODY, "x-scope": None},
        responses={
            200: {
                "description": "The verdict, whatever it is",
                "content": {"application/json": {"schema": VERDICT}},
            }
        },
    )
    async def verify_anything(request: Request) -> Response:
        return json_answer(await judged(await received(request)))

    async def form(request: Request) -> Response:
        query = query_of(request, allowed=("id",))
        name = query.one("id")
        if name is None or request.method == "HEAD":
            body = pages.verify({"verdict": None, "problem": None, "text": ""})
            headers = {**FORM_HEADERS, "cache-control": "no-cache"}
            return page_answer(request, body, HTML, headers)
        admit(request.client.host if request.client else "")
        return await told(_Sent(name=name), name)

    async def sent_form(request: Request) -> Response:
        try:
            sent = await received(request, is_page=True)
        except Refusal as refusal:
            return problem_page(refusal, "")
        text = sent.name if sent.name else ""
        return await told(sent, text)

    async def told(sent: _Sent, text: str) -> Response:
        try:
            verdict = await judged(sent)
        except Refusal as refusal:
            return problem_page(refusal, text)
        fields = {"verdict": verdict_fields(verdict), "problem": None, "text": text}
        headers = {**FORM_HEADERS, "cache-control": "no-store"}
        return Response(pages.verify(fields), 200, headers, HTML)

    def problem_page(refusal: Refusal, text: str) -> Response:
        fields = {"verdict": None, "problem": refusal.detail, "text": text[:200]}
        status = PAGE_STATUS.get(refusal.kind, 400)
        headers = {**FORM_HEADERS, "cache-control": "no-store"}
        if refusal.retry_after_seconds is not None:
            headers["retry-after"] = str(refusal.retry_after_seconds)
        return Response(pages.verify(fields), status, headers, HTML)

    router.add_route("/verify", form, methods=["GET"], include_in_schema=False)
    router.add_route("/verify", sent_form, methods=["POST"], include_in_schema=False)
    return router


def _busy() -> Refusal:
    return Refusal(
        Kind.TOO_OFTEN,
        "verifier_busy",
        "Too many credentials are being checked at this moment. Try again shortly.",
        retry_after_seconds=2,
    )


PAGE_STATUS = {
    Kind.NOT_FOUND: 404,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.TOO_OFTEN: 429,
}


async def _receive(request: Request, *, is_page: bool) -> _Sent:
    kind, _ = content_type(request)
    if kind == b"multipart/form-data":
        return await _form(request, is_page=is_page)
    if kind in JSON_TYPES or kind.endswith(b"+json"):
        data = await read_body(request, MAX_BYTES)
        return _named(data) or _Sent(_some(data), kind.decode())
    if kind in TOKEN_TYPES:
        return _Sent(_some(await read_body(request, MAX_BYTES)), kind.decode())
    if kind in FILE_TYPES:
        return _Sent(_some(await read_body(request, MAX_FILE_BYTES)), kind.decode())
    raise Refusal(
        Kind.UNSUPPORTED,
        "content_type",
        "Send a credential as application/json, application/vc, application/vc+jwt, "
        "image/png, application/pdf or application/zip; or a form with one file.",
    )


def _some(data: bytes) -> bytes:
    if not data.strip():
        raise Refusal(
            Kind.MALFORMED, "body_empty", "Send a credential; the body is empty."
        )
    return data


def _named(data: bytes) -> _Sent | None:
    """Return what `{"id": ...}` and `{"url": ...}` ask for; None for a credential."""
    if len(data) > MAX_NAME_BYTES or b"@context" in data:
        return None
    try:
        value = read_json(data)
    except Refusal:
        return None  # the child says what is wrong with it
    if not isinstance(value, dict) or list(value) not in (["id"], ["url"]):
        return None
    (name,) = value.values()
    if not isinstance(name, str) or not name.strip():
        raise Refusal(Kind.INVALID, "certificate_name", "Give the id or URL as text.")
    return _Sent(name=name.strip())


async def _form(request: Request, *, is_page: bool) -> _Sent:
    """
    Return the one file or text of a form.

    The page's own form may have both: the text is what was asked before, and the
    file what is asked now. From programs that is refused, for one of the two would
    go unchecked.
    """
    body = await read_body(request, MAX_FILE_BYTES + FORM_BYTES)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = MultiPartParser(
        request.headers,
        pieces(),
        max_files=1,
        max_fields=4,
        max_part_size=MAX_BYTES,
    )
    parser.spool_max_size = MAX_FILE_BYTES + FORM_BYTES  # never on a disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise Refusal(
            Kind.MALFORMED,
            "form",
            "The form cannot be read. It has one file, or one text.",
        ) from None
    files, texts = [], []
    try:
        for value in form.values():
            if isinstance(value, UploadFile):
                data = await value.read()
                if data.strip():
                    files.append(_Sent(data, value.content_type or ""))
            elif value.strip():
                texts.append(value.strip())
    finally:
        await form.close()
    if len(files) + len(texts) > 1 and not is_page:
        raise Refusal(
            Kind.MALFORMED,
            "form",
            "The form has more than one file or text. Send one at a time.",
        )
    if files:
        return files[0]
    text = texts[-1] if texts else ""
    if not text:
        raise Refusal(
            Kind.MALFORMED,
            "form_empty",
            "Choose a file, or enter a certificate's address or a credential.",
        )
    if text.startswith(("{", "[")) or (text.count(".") == 2 and "/" not in text):
        return _Sent(text.encode(), "text/plain")
    return _Sent(name=text)
