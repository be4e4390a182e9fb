"""
The pages that anybody may see: a certificate, its picture, and the front door.

No script and no cookie, and nothing is loaded from another place. Whatever a row
said is escaped, and would do nothing if it were not: see `CSP`.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import cache
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from testamur.core.clock import Clock, system_clock
from testamur.core.ids import is_id
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import Certificate

from .certificate_view import page_fields, public_facts
from .trust_view import Trust, trust_facts, trust_fields

#: Calls a function that may block, in a thread or not, and returns its result.
Ask = Callable[..., Awaitable[Any]]

Endpoint = Callable[[Request], Awaitable[Response]]

HERE = Path(__file__).parent

CSP = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

ALWAYS = {
    "content-security-policy": CSP,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PRIVATE = {**ALWAYS, "x-robots-tag": "noindex"}
#: What other people's pages may read: the facts and pictures are public.
SHARED = {
    **PRIVATE,
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}

#: May be kept, and is asked for again each time: a status can change.
REVALIDATE = "no-cache"
#: Never changes under its address.
FOR_EVER = "public, max-age=31536000, immutable"

HTML = "text/html; charset=utf-8"
JSON = "application/json"
#: W3C Verifiable Credentials 2.0, section 6.3, for those who ask for it.
VC = "application/vc"

#: What a certificate that is a PDF can be had as.
DRAWN = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "card": "image/jpeg",
}

PIECE = 64 * 1024

#: Pages may be read by crawlers, because it is in them that they say "noindex",
#: and because link previews of messengers and networks obey this file too.
ROBOTS = "User-agent: *\nDisallow:\n"

#: One answer for ids that do not exist and for what cannot be an id.
NOT_FOUND = (
    "There is no certificate here",
    "The address may have been copied in part, or mistyped. Compare it with the one "
    "you were given: after /c/ it has 24 letters and digits.",
    "If it is the same, ask whoever issued the certificate.",
)
ERASED = (
    "This certificate was erased",
    "It was erased at the request of the person it was about. It is no longer valid, "
    "and nothing of what it said is kept here.",
)
NOT_PNG = (
    "This picture is not a PNG",
    "The certificate exists, and has no picture in the PNG format. Take “.png” off "
    "the address to see it.",
)

NO_PICTURE = (
    "This certificate has no picture",
    "Take “.png” off the address to see the certificate, or put “.json” in its place "
    "to have the credential that can be checked.",
)
NO_PDF = (
    "This certificate is no PDF",
    "It is a picture that its issuer made. Take “.pdf” off the address to see it.",
)
NOT_SIGNED = (
    "This certificate has no signed PDF",
    "Its institution has not signed it as a PDF. Take “/signed.pdf” off the address to "
    "see it.",
)
NO_CREDENTIAL = (
    "This certificate has no bundle",
    "It was issued before certificates were signed here. Take “.zip” off the address "
    "to see it.",
)

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


class CertificateFiles(Protocol):
    """What is made of a certificate for people to keep."""

    def png(self, certificate: Certificate) -> BinaryIO | None:
        """Return its picture with its credential inside; None if it has not both."""
        ...

    def bundle(self, certificate: Certificate) -> BinaryIO | None:
        """Return all that checking it needs, as a ZIP; None without a credential."""
        ...

    def pdf(self, certificate: Certificate) -> BinaryIO | None:
        """Return it as a PDF; None if it is none."""
        ...

    def signed(self, certificate: Certificate) -> BinaryIO | None:
        """Return it as its institution signed it; None if it did not."""
        ...

    def is_signed(self, certificate: Certificate) -> bool:
        """Say whether there is such a file."""
        ...

    def drawn(self, certificate: Certificate, kind: str) -> BinaryIO | None:
        """Return it as `png`, `jpeg` or `card`; None if it is no PDF."""
        ...


class Pages:
    """The templates, compiled once, and the style sheet under its hash."""

    def __init__(self, public_url: str, clock: Clock = system_clock) -> None:
        self.public_url = public_url.rstrip("/")
        self.clock = clock
        css = (HERE / "static" / "page.css").read_bytes()
        self.style = f"page.{hashlib.sha256(css).hexdigest()[:12]}.css"
        self.assets = {self.style: css}
        self.favicon = (HERE / "static" / "favicon.svg").read_bytes()
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        #: What the address has before every path of ours.
        self.path = urlsplit(self.public_url).path
        self._common = {
            "base": self.path,
            "style": self.style,
        }

    def certificate(
        self, certificate: Certificate, trust: Trust | None, *, has_signed: bool = False
    ) -> bytes:
        """Return the page of *certificate*; *trust* is None if it is not signed."""
        fields = page_fields(certificate, self.public_url, self.clock())
        fields["has_signed"] = has_signed
        fields["trust"] = trust and trust_fields(trust, fields["path"])
        return self._render("certificate.html", fields)

    def front(self, *, is_halted: bool) -> bytes:
        """Return the page at `/`."""
        return self._render("front.html", {"is_halted": is_halted})

    def reference(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page at `/docs`."""
        return self._render("reference.html", fields)

    def issuer(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page of an issuer."""
        return self._render("issuer.html", fields)

    def verify(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page on which certificates are checked."""
        return self._render("verify.html", fields)

    def sign(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page on which a document is signed."""
        return self._render("sign.html", fields)

    def signed(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page that says who signed a document."""
        return self._render("signed.html", fields)

    def unsubscribe(self, fields: Mapping[str, Any]) -> bytes:
        """Return the page on which mails are stopped."""
        return self._render("unsubscribe.html", fields)

    def message(self, heading: str, *lines: str) -> bytes:
        """Return a page that says one thing."""
        return self._render("message.html", {"heading": heading, "lines": lines})

    def _render(self, name: str, fields: Mapping[str, Any]) -> bytes:
        template = self._templates.get_template(name)
        return template.render(self._common, **fields).encode()


def page_routes(
    *,
    find: Callable[[str], Certificate | None],
    credential_of: Callable[[str], bytes | None],
    open_blob: Callable[[str], BinaryIO],
    guessed: Callable[[str], None],
    public_url: str,
    ask: Ask,
    files: CertificateFiles | None = None,
    ask_slowly: Ask | None = None,
    clock: Clock = system_clock,
    is_halted: Callable[[], bool] = lambda: False,
    trust_of: Callable[[str], Trust | None] = lambda _: None,
) -> APIRouter:
    """
    Return the routes of every public page.

    *public_url* is what the outside calls this server, without a slash at the
    end; it may have a path, where a proxy takes it away again. *guessed* counts an
    id that does not exist for the address it came from, or refuses.
    """
    pages = Pages(public_url, clock)

    async def found(request: Request) -> Certificate | None:
        wanted = request.path_params["id"]
        certificate: Certificate | None = None
        if is_id(wanted):
            certificate = await ask(find, wanted)
        return certificate

    async def page(request: Request) -> Response:
        certificate = await found(request)
        accept = request.headers.get("accept", "")
        if certificate is not None and VC in accept:
            return await credential(request)
        wants_json = prefers_json(accept)
        if certificate is None:
            return unknown(request, wants_json=wants_json)
        trust = await ask(trust_of, certificate.id)
        if wants_json:
            return facts_of(request, certificate, trust)
        headers = {**PRIVATE, "cache-control": REVALIDATE, "vary": "Accept"}
        has_signed = bool(
            files is not None
            and certificate.template is not None
            and await ask(files.is_signed, certificate)
        )
        body = pages.certificate(certificate, trust, has_signed=has_signed)
        return answer(request, body, HTML, headers)

    async def credential(request: Request) -> Response:
        wanted = request.path_params["id"]
        body = await ask(credential_of, wanted) if is_id(wanted) else None
        if body is not None:
            # The credential never changes. What may is asked of its status list.
            headers = {**SHARED, "cache-control": REVALIDATE, "vary": "Accept"}
            wants_vc = VC in request.headers.get("accept", "")
            return answer(request, body, VC if wants_vc else JSON, headers)
        certificate = await found(request)
        if certificate is None:
            return unknown(request, wants_json=True)
        # Issued before there were credentials.
        return facts_of(request, certificate, None)

    async def image(request: Request) -> Response:
        certificate = await found(request)
        if certificate is not None and certificate.has_file:
            return await drawn(request, certificate, "png")
        if certificate is None or certificate.picture is None:
            return unknown(request)
        picture = certificate.picture
        return await stored(request, picture.digest, picture.media_type)

    async def drawn(request: Request, certificate: Certificate, kind: str) -> Response:
        """Answer with a certificate that is a PDF."""
        # What a certificate looks like never changes.
        tag = f'"{kind}-{certificate.id}-{look_of(certificate)}"'
        headers = {**SHARED, "cache-control": REVALIDATE, "etag": tag}
        if is_known(request, tag):
            return Response(status_code=304, headers=headers)
        if files is None or ask_slowly is None:
            return unknown(request)
        if kind == "pdf":
            made: BinaryIO | None = await ask_slowly(files.pdf, certificate)
            headers |= named_file(f"{certificate.reference}.pdf", inline=True)
        else:
            made = await ask_slowly(files.drawn, certificate, kind)
        if made is None:
            return unknown(request)
        return whole(request, made, DRAWN[kind], headers)

    async def pdf(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None:
            return unknown(request)
        if not certificate.has_file:
            return missing(NO_PDF)
        return await drawn(request, certificate, "pdf")

    async def signed(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None or files is None or ask_slowly is None:
            return unknown(request)
        made: BinaryIO | None = await ask_slowly(files.signed, certificate)
        if made is None:
            return missing(NOT_SIGNED)
        name = named_file(f"{certificate.reference}-signed.pdf", inline=True)
        headers = {**SHARED, "cache-control": REVALIDATE, **name}
        return whole(request, made, DRAWN["pdf"], headers)

    async def document(request: Request) -> Response:
        # The name that a credential has for the document it is about.
        certificate = await found(request)
        if certificate is None or certificate.facts.document is None:
            return unknown(request)
        return await drawn(request, certificate, "pdf")

    async def jpeg(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None or not certificate.has_file:
            return unknown(request)
        return await drawn(request, certificate, "jpeg")

    async def card(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None or not certificate.has_file:
            return unknown(request)
        return await drawn(request, certificate, "card")

    async def thumbnail(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None or certificate.picture is None or certificate.has_file:
            return unknown(request)
        picture = certificate.picture
        return await stored(
            request, picture.thumbnail_digest, picture.thumbnail_media_type
        )

    async def png(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None:
            return unknown(request)
        picture = certificate.picture
        if picture is None and not certificate.has_file:
            return missing(NO_PICTURE)
        if files is not None and ask_slowly is not None:
            # Neither the picture nor the credential ever changes.
            tag = f'"baked-{certificate.id}-{look_of(certificate)}"'
            headers = {**SHARED, "cache-control": REVALIDATE, "etag": tag}
            if is_known(request, tag):
                return Response(status_code=304, headers=headers)
            made: BinaryIO | None = await ask_slowly(files.png, certificate)
            if made is not None:
                headers |= named_file(f"{certificate.id}.png", inline=True)
                return whole(request, made, "image/png", headers)
        if picture is None or certificate.has_file:
            return missing(NO_PICTURE)
        if picture.media_type != "image/png":
            return missing(NOT_PNG)
        return await stored(request, picture.digest, picture.media_type)

    async def bundle(request: Request) -> Response:
        certificate = await found(request)
        if certificate is None or files is None or ask_slowly is None:
            return unknown(request)
        made: BinaryIO | None = await ask_slowly(files.bundle, certificate)
        if made is None:
            return missing(NO_CREDENTIAL)
        # Its status lists and its place in the log are those of this moment.
        headers = {**SHARED, "cache-control": "no-store"}
        headers |= named_file(f"{certificate.id}.zip")
        return whole(request, made, "application/zip", headers)

    def whole(
        request: Request, file: BinaryIO, media_type: str, headers: Mapping[str, str]
    ) -> Response:
        length = str(file.seek(0, SEEK_END))
        headers = {**headers, "content-length": length, "content-type": media_type}
        if request.method == "HEAD":
            file.close()
            return Response(headers=headers)
        file.seek(0)
        return StreamingResponse(pieces(file, ask), headers=headers)

    async def front(request: Request) -> Response:
        headers = {**ALWAYS, "cache-control": REVALIDATE}
        page = pages.front(is_halted=await ask(is_halted))
        return answer(request, page, HTML, headers)

    async def robots(request: Request) -> Response:
        headers = {**ALWAYS, "cache-control": "public, max-age=3600"}
        return answer(request, ROBOTS.encode(), "text/plain; charset=utf-8", headers)

    async def favicon(request: Request) -> Response:
        headers = {**ALWAYS, "cache-control": "public, max-age=86400"}
        return answer(request, pages.favicon, "image/svg+xml", headers)

    async def asset(request: Request) -> Response:
        data = pages.assets.get(request.path_params["name"])
        if data is None:
            return missing()
        headers = {**ALWAYS, "cache-control": FOR_EVER}
        return answer(request, data, "text/css; charset=utf-8", headers)

    def facts_of(
        request: Request, certificate: Certificate, trust: Trust | None
    ) -> Response:
        told = trust_facts(trust, pages.public_url, certificate.id)
        facts = public_facts(certificate, pages.public_url, pages.clock(), told)
        body = orjson.dumps(facts)
        headers = {**SHARED, "cache-control": REVALIDATE, "vary": "Accept"}
        return answer(request, body, JSON, headers)

    async def stored(request: Request, digest: str, media_type: str) -> Response:
        headers = {**SHARED, "cache-control": FOR_EVER, "etag": f'"{digest}"'}
        if is_known(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        try:
            file: BinaryIO = await ask(open_blob, digest)
        except OSError as error:
            raise Fault(f"stored picture {digest} is gone", passing=False) from error
        # Who has it keeps it for a year: a bit that rotted must not get out.
        if not await ask(is_whole, file, digest):
            file.close()
            raise Fault(f"stored picture {digest} is damaged", passing=False)
        headers["content-length"] = str(file.seek(0, SEEK_END))
        headers["content-type"] = media_type
        if request.method == "HEAD":
            file.close()
            return Response(headers=headers)
        file.seek(0)
        return StreamingResponse(pieces(file, ask), headers=headers)

    @cache
    def said(message: tuple[str, ...]) -> bytes:
        return pages.message(*message)

    def unknown(request: Request, *, wants_json: bool = False) -> Response:
        """Answer for an id that does not exist, or that was guessed too often."""
        try:
            guessed(request.client.host if request.client else "")
        except Refusal as refusal:
            headers = {
                **PRIVATE,
                "cache-control": "no-store",
                "retry-after": str(refusal.retry_after_seconds or 1),
            }
            if wants_json:
                raise
            body = pages.message("Too many wrong addresses", refusal.detail)
            return Response(body, 429, headers, HTML)
        return missing(wants_json=wants_json)

    def missing(
        message: tuple[str, ...] = NOT_FOUND,
        *,
        wants_json: bool = False,
        status: int = 404,
        code: str = "not_found",
    ) -> Response:
        headers = {**PRIVATE, "cache-control": "no-store", "vary": "Accept"}
        if not wants_json:
            return Response(said(message), status, headers, HTML)
        error = {
            "type": "invalid_request_error",
            "code": code,
            "message": message[0] + ".",
        }
        body = orjson.dumps({"success": False, "error": error})
        return Response(body, status, {**SHARED, **headers}, JSON)

    def unless_erased(endpoint: Endpoint) -> Endpoint:
        async def checked(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Refusal as refusal:
                if refusal.kind is not Kind.GONE:
                    raise
                accept = request.headers.get("accept", "")
                is_json = request.url.path.endswith(".json") or prefers_json(accept)
                return missing(
                    ERASED,
                    wants_json=is_json or VC in accept,
                    status=410,
                    code=refusal.code,
                )

        return checked

    router = APIRouter()
    for path, endpoint in (
        ("/", front),
        ("/robots.txt", robots),
        ("/favicon.svg", favicon),
        ("/assets/{name}", asset),
        ("/c/{id}.json", credential),
        ("/c/{id}.png", png),
        ("/c/{id}.pdf", pdf),
        ("/c/{id}.jpg", jpeg),
        ("/c/{id}.zip", bundle),
        ("/c/{id}/card.jpg", card),
        ("/c/{id}/document", document),
        ("/c/{id}/signed.pdf", signed),
        ("/c/{id}/image", image),
        ("/c/{id}/thumbnail", thumbnail),
        ("/c/{id}", page),
    ):
        # GET brings HEAD along.
        router.add_route(
            path, unless_erased(endpoint), methods=["GET"], include_in_schema=False
        )
    return router


def look_of(certificate: Certificate) -> str:
    """Return what tells what it looks like from what others look like."""
    if certificate.template is not None:
        return f"{certificate.template.version_id}"
    if certificate.facts.document is not None:
        return certificate.facts.document.digest[:16]
    return certificate.picture.digest[:16] if certificate.picture else ""


def answer(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return *body*, or "not modified" to who has it already."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {**headers, "etag": tag}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        length = {"content-length": str(len(body))}
        return Response(headers=headers | length, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


def named_file(name: str, *, inline: bool = False) -> dict[str, str]:
    """Return the header that says what a file is called when it is saved."""
    how = "inline" if inline else "attachment"
    return {"content-disposition": f'{how}; filename="{name}"'}


def is_known(request: Request, tag: str) -> bool:
    """Say whether the caller holds what *tag* names (RFC 9110 section 13.1.2)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or tag in _TAG.findall(held)


def prefers_json(accept: str) -> bool:
    """
    Say whether *accept* asks for JSON rather than for a page.

    Wildcards ask for neither. Who names both as equals gets the page.

    >>> prefers_json("application/json, text/plain, */*")
    True
    >>> prefers_json("text/html,application/xhtml+xml,*/*;q=0.8")
    False
    """
    wanted = {"application/json": 0.0, "text/html": 0.0}
    for part in accept.lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in wanted:
            quality = _QUALITY.search(part)
            wanted[kind] = float(quality[1]) if quality else 1.0
    return wanted["application/json"] > wanted["text/html"]


def is_whole(file: BinaryIO, digest: str) -> bool:
    """Say whether *file* holds the bytes whose SHA-256 (hex) is *digest*."""
    found = hashlib.sha256()
    while piece := file.read(PIECE):
        found.update(piece)
    return found.hexdigest() == digest


async def pieces(file: BinaryIO, ask: Ask) -> AsyncIterator[bytes]:
    """Give the bytes of *file* piece by piece, and close it."""
    with file:
        while piece := await ask(file.read, PIECE):
            yield piece
