"""The DokStamp API: institutional certificates."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.pins import Password, Pin, read_password, read_pin
from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.signers import SignerView
from testamur.core.words import Caller
from testamur.dialects.dokstamp import certs, spell, wire
from testamur.dialects.dokstamp.query import described, read_query

from ...answers import json_answer
from ...bodies import read_body, receive_json
from ...queries import pairs_of
from ...spool import Spool
from ...uploads import MAX_OVERHEAD_BYTES, FileRule, Form, read_boundary
from ...verbs import Verbs
from .door import admitted

#: A key, and a chain of certificates with long names: a tenth of it.
MAX_FILE_BYTES = 256 * 1024

FIELDS = ("name", "pin", "password")


class SignerVerbs(Protocol):
    """What is done with signers."""

    def listing(self, caller: Caller) -> Sequence[SignerView]:
        """Return the caller's signers, the oldest first."""
        ...

    def find(self, caller: Caller, signer_id: int) -> SignerView:
        """Return one of them, or refuse."""
        ...

    def add(
        self,
        caller: Caller,
        name: str,
        data: bytes,
        pin: Pin,
        password: Password | None,
    ) -> SignerView:
        """Keep the key of a PKCS #12 file, or refuse."""
        ...

    def rename(self, caller: Caller, signer_id: int, name: object) -> SignerView:
        """Call a signer otherwise, or refuse."""
        ...

    def revoke(self, caller: Caller, signer_id: int) -> SignerView:
        """Let a signer sign no more, or refuse."""
        ...


def cert_routes(verbs: Verbs, signers: Callable[[], SignerVerbs]) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/certs", tags=["DokStamp: certificates"], responses=wire.PROBLEMS
    )

    @router.get(
        "",
        summary="List the institution's signing certificates",
        openapi_extra={
            "x-scope": Scope.DOCUMENTS_READ,
            "parameters": described(certs.FILTERABLE, certs.SORTABLE),
        },
        responses={200: wire.answer("A page of them")},
    )
    async def listing(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        query = read_query(pairs_of(request), certs.FILTERABLE, certs.SORTABLE)
        found = certs.chosen(await verbs.ask_slowly(signers().listing, known), query)
        start = (query.page - 1) * query.per_page
        return json_answer(
            spell.page(
                [certs.spell(one) for one in found[start : start + query.per_page]],
                number=query.page,
                size=query.per_page,
                total=len(found),
                path=f"{verbs.account.public_url}/certs",
            )
        )

    @router.post(
        "",
        status_code=201,
        summary="Add a signing certificate",
        openapi_extra={
            "x-scope": Scope.DOCUMENTS_SIGN,
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": certs.FORM}},
            },
        },
        responses={201: wire.answer("The certificate", certs.EXAMPLE)},
    )
    async def add(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_SIGN)
        name, data, pin, password = await _received(request)
        made = await verbs.ask_slowly(signers().add, known, name, data, pin, password)
        answer: dict[str, Any] = certs.spell(made)
        if made.warnings:
            answer["warnings"] = list(made.warnings)
        return json_answer(spell.data(answer), 201)

    @router.get(
        "/{id}",
        summary="Read a signing certificate",
        openapi_extra={"x-scope": Scope.DOCUMENTS_READ},
        responses={200: wire.answer("The certificate", certs.EXAMPLE)},
    )
    async def read(request: Request, cert_id: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        signer_id = certs.read_id(cert_id)
        found = await verbs.ask_slowly(signers().find, known, signer_id)
        return json_answer(spell.data(certs.spell(found)))

    @router.patch(
        "/{id}",
        summary="Call a signing certificate otherwise",
        openapi_extra={"x-scope": Scope.DOCUMENTS_SIGN, **wire.body(certs.NAME)},
        responses={200: wire.answer("The certificate", certs.EXAMPLE)},
    )
    async def rename(request: Request, cert_id: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_SIGN)
        signer_id = certs.read_id(cert_id)
        await verbs.ask_slowly(signers().find, known, signer_id)
        name = certs.read_name(await receive_json(request))
        changed = await verbs.ask_slowly(signers().rename, known, signer_id, name)
        return json_answer(spell.data(certs.spell(changed)))

    @router.delete(
        "/{id}",
        status_code=204,
        summary="Revoke a signing certificate: it signs no more, for ever",
        openapi_extra={"x-scope": Scope.DOCUMENTS_SIGN},
    )
    async def revoke(request: Request, cert_id: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_SIGN)
        signer_id = certs.read_id(cert_id)
        await verbs.ask_slowly(signers().revoke, known, signer_id)
        return Response(status_code=204)

    return router


class _InMemory:
    """A file of a form that never touches the disk."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    @property
    def size(self) -> int:
        """How much of it has come."""
        return len(self.buffer)

    def add(self, data: bytes) -> None:
        """Take *data*."""
        self.buffer += data


class _Nowhere:
    """Stands for the spool: what opens a key is written to no file, however short."""

    @staticmethod
    def new_file() -> _InMemory:
        """Return a file that does not exist yet, and never will."""
        return _InMemory()


async def _received(request: Request) -> tuple[str, bytes, Pin, Password | None]:
    """
    Return name, file, PIN and password of a form.

    Raises:
        Refusal: what `uploads.Form` refuses; INVALID, all that is wrong at once.
    """
    boundary = read_boundary(request)
    body = await read_body(request, MAX_FILE_BYTES + MAX_OVERHEAD_BYTES)
    form = Form(
        boundary,
        {"certificate": FileRule(MAX_FILE_BYTES)},
        FIELDS,
        cast(Spool, _Nowhere),
    )
    form.read(body)
    form.end()
    del body
    texts: dict[str, Any] = dict(form.texts)
    wrong: list[Refusal] = []
    for field in ("certificate", "name"):
        if not (form.growing if field == "certificate" else texts).get(field):
            wrong.append(
                Refusal(
                    Kind.INVALID,
                    f"{field}_required",
                    f"The {field} field is required.",
                    at=field,
                )
            )
    pin = password = None
    try:
        pin = read_pin(texts.pop("pin", None))
    except Refusal as refusal:
        wrong.append(refusal)
    try:
        if "password" in texts:
            password = read_password(texts.pop("password"))
    except Refusal as refusal:
        wrong.append(refusal)
    form.texts.clear()
    if wrong or pin is None:
        raise Refusal(
            Kind.INVALID, wrong[0].code, "The form lacks something.", parts=wrong
        )
    return texts["name"], bytes(form.growing["certificate"].buffer), pin, password
