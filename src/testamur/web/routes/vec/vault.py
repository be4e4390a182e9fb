"""`/business/certificate-vault`: files are uploaded, and become certificates."""

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.download import Download
from testamur.core.policy import MIB, Scope
from testamur.core.vault import (
    VaultCertificate,
    VaultEntries,
    VaultFile,
    VaultQuery,
)
from testamur.core.words import Caller
from testamur.dialects.vec import query, read, spell, wire
from testamur.dialects.vec.ids import read_uuid

from ...answers import json_answer
from ...bodies import receive_json
from ...downloads import download_answer
from ...pile import FileRule
from ...uploads import Upload, receive
from ...verbs import Verbs
from .door import admitted, asked, not_found

MAX_FILE_BYTES = 20 * MIB
ONE_FILE = FileRule(MAX_FILE_BYTES, is_named=True)

#: A thousand characters of four bytes each.
MAX_FIELD_BYTES = 4 * 1_000

#: Ten thousand entries, each as long as it may be in letters of two bytes.
MAX_BULK_BYTES = 32 * MIB

UUID = Path(alias="uuid", description="Of the certificate")


class VaultVerbs(Protocol):
    """What is done with certificates of the vault."""

    def keep(
        self, caller: Caller, path: FilePath, digest: str, size: int, name: str, at: str
    ) -> VaultFile:
        """Keep an uploaded file for a while, or refuse."""
        ...

    def bulk(self, caller: Caller, asked: VaultEntries) -> str:
        """Have all entries be issued, or none; return their batch."""
        ...

    def create(
        self, caller: Caller, asked: VaultEntries, file: VaultFile | None
    ) -> VaultCertificate:
        """Have one certificate be issued, or refuse."""
        ...

    def find(self, caller: Caller, uuid: str) -> VaultCertificate:
        """Return a certificate, or refuse."""
        ...

    def page(
        self, caller: Caller, query: VaultQuery
    ) -> tuple[Sequence[VaultCertificate], int]:
        """Return one page of certificates, and how many there are."""
        ...

    def retry(self, caller: Caller, uuid: str) -> VaultCertificate:
        """Have one that failed be tried again, or refuse."""
        ...

    def verified(self, caller: Caller, uuid: str) -> Download:
        """Return the verified PDF of a certificate, or refuse."""
        ...


def vault_routes(verbs: Verbs, vault: VaultVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=spell.VAULT, tags=["VEC: vault"], responses=wire.PROBLEMS)
    public_url = verbs.account.public_url

    async def kept(known: Caller, sent: Upload, at: str) -> VaultFile | None:
        """Keep the only file of a form; None if there is none."""
        if not sent.many:
            return None
        one = sent.many[0]
        file = one.file
        return await verbs.ask_slowly(
            vault.keep, known, file.path, file.sha256_hex, file.size, one.name, at
        )

    @router.post(
        "/upload-file",
        status_code=201,
        summary="Upload a file that becomes a certificate",
        openapi_extra={**wire.form(wire.UPLOAD), "x-scope": Scope.VAULT_CREATE},
        responses={201: wire.answer("The file")},
    )
    async def upload(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_CREATE)
        async with await receive(
            request, files={"file": ONE_FILE}, fields=(), spool=verbs.spool
        ) as sent:
            file = await kept(known, sent, "file")
        if file is None:
            raise read.required("file")
        return json_answer(spell.uploaded(file), 201)

    @router.post(
        "/bulk",
        status_code=202,
        summary="Create certificates of uploaded files",
        openapi_extra={**wire.body(wire.BULK), "x-scope": Scope.VAULT_CREATE},
        responses={
            202: wire.answer(
                "All of them are accepted",
                spell.queued("8f7d6e5c-4b3a-4910-a987-654321fedcba", 5),
            )
        },
    )
    async def bulk(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_CREATE)
        body = await receive_json(request, MAX_BULK_BYTES, per_item=True)

        def accepted() -> tuple[str, int]:
            entries = read.entries(body, known.tenant.plan.max_rows)
            return vault.bulk(known, entries), len(entries.entries)

        return json_answer(spell.queued(*await verbs.ask_slowly(accepted)), 202)

    @router.post(
        "",
        status_code=201,
        summary="Create a certificate of a file",
        openapi_extra={**wire.form(wire.FORM), "x-scope": Scope.VAULT_CREATE},
        responses={201: wire.answer("The certificate")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_CREATE)
        async with await receive(
            request,
            files={"certificate_file": ONE_FILE},
            fields=read.FORM_FIELDS,
            spool=verbs.spool,
            max_field_bytes=MAX_FIELD_BYTES,
        ) as sent:
            entries = read.form(sent.fields)
            file = await kept(known, sent, "certificate_file")
        made = await verbs.ask_slowly(vault.create, known, entries, file)
        answer = {
            "message": "Vault certificate created successfully",
            "data": spell.certificate(made, public_url),
        }
        return json_answer(answer, 201)

    @router.get(
        "",
        summary="List certificates of the vault",
        openapi_extra={
            "parameters": query.described(query.VAULT),
            "x-scope": Scope.VAULT_LIST,
        },
        responses={200: wire.answer("A page of them, the newest first")},
    )
    async def listing(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_LIST)
        given, links = asked(request, query.VAULT)
        wanted = query.certificates(given, is_vault=True)
        found, total = await verbs.ask_slowly(vault.page, known, wanted)
        return json_answer(
            spell.page(
                [spell.item(one) for one in found],
                number=wanted.page,
                size=wanted.per_page,
                total=total,
                path=f"{public_url}{spell.VAULT}",
                asked=links,
            )
        )

    @router.get(
        "/{uuid}",
        summary="Read a certificate of the vault",
        openapi_extra={"x-scope": Scope.VAULT_VIEW},
        responses={200: wire.answer("The certificate")},
    )
    async def show(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_VIEW)
        found = await verbs.ask(vault.find, known, named(name))
        return json_answer({"data": spell.certificate(found, public_url)})

    @router.post(
        "/{uuid}/retry",
        summary="Retry a certificate that failed",
        openapi_extra={"x-scope": Scope.VAULT_UPDATE},
        responses={200: wire.answer("The certificate")},
    )
    async def retry(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_UPDATE)
        found = await verbs.ask_slowly(vault.retry, known, named(name))
        answer = {
            "message": "Vault certificate retry initiated",
            "data": spell.certificate(found, public_url),
        }
        return json_answer(answer)

    @router.get(
        "/{uuid}/download",
        summary="Download the verified PDF of a certificate",
        openapi_extra={"x-scope": Scope.VAULT_DOWNLOAD},
        response_class=Response,
        responses={
            200: {
                "description": "The document, its verification page, and attachments",
                "content": {
                    "application/pdf": {
                        "schema": {"type": "string", "format": "binary"}
                    }
                },
            },
            206: {"description": "Some of it, as Range says"},
            304: {"description": "It is what is held"},
            416: {"description": "There is nothing so far behind"},
        },
    )
    async def download(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.VAULT_DOWNLOAD)
        found = await verbs.ask_slowly(vault.verified, known, named(name))
        return download_answer(request, found)

    return router


def named(text: str) -> str:
    """
    Return the UUID in a path.

    Raises:
        Refusal: NOT_FOUND, when nothing can be called that.
    """
    found = read_uuid(text)
    if found is None:
        raise not_found()
    return found
