"""
The transparency log for anybody: static files under /log, proofs under /v1/log.

No key is asked for. A log that chooses its readers proves nothing.
"""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.refusals import Kind, Refusal
from testamur.dialects.native import wire

from ..answers import json_answer
from ..queries import Query, documented, query_of
from ..verbs import Asking
from .renditions import ALGORITHMS, FORMATS, QUERY

#: A tile never changes under its path; a checkpoint is old in a second.
FOR_EVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=1"

TEXT = "text/plain; charset=utf-8"

WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")


class Log(Protocol):
    """The published log, as the web sees it."""

    def checkpoint(self) -> str:
        """Return the newest checkpoint, or refuse."""
        ...

    def tile(self, path: str) -> bytes | None:
        """Return the tile or bundle of entries at *path*, or None."""
        ...

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the path from a leaf to the root of a size, or refuse."""
        ...

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """Return the proof that the log only grew between sizes, or refuse."""
        ...


def log_routes(
    log: Log,
    *,
    vkeys: Sequence[str],
    proof_of: Callable[[str], str],
    ask: Asking,
    proof_in: Callable[[str, str, str], str] | None = None,
) -> APIRouter:
    """
    Return the routes.

    *vkeys* are the log's keys, the one in use first. *proof_of* returns the
    tlog-proof of the certificate with an id, or refuses; *proof_in* of the same in
    a format with an algorithm.
    """
    router = APIRouter(tags=["Transparency log"], responses=wire.PROBLEMS)

    @router.get(
        "/log/checkpoint",
        summary="The newest signed size and root (C2SP tlog-checkpoint)",
        openapi_extra={"x-scope": None},
        responses={200: {"description": "A signed note", "content": {TEXT: {}}}},
    )
    async def checkpoint() -> Response:
        return _static(await ask(log.checkpoint), TEXT, SHORTLY)

    @router.get(
        "/log/key",
        summary="The keys that sign checkpoints, one verifier key per line",
        openapi_extra={"x-scope": None},
        responses={200: {"description": "Verifier keys", "content": {TEXT: {}}}},
    )
    async def key() -> Response:
        return _static("".join(f"{vkey}\n" for vkey in vkeys), TEXT, SHORTLY)

    @router.get(
        "/log/tile/{path:path}",
        summary="A tile of hashes, or a bundle of entries (C2SP tlog-tiles)",
        openapi_extra={"x-scope": None},
        responses={200: {"description": "Bytes that never change"}},
    )
    async def tile(path: str) -> Response:
        found = await ask(log.tile, f"tile/{path}")
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "tile_not_found",
                "The log has no such tile. Take its size from /log/checkpoint; C2SP "
                "tlog-tiles says which tiles a log of that size has.",
            )
        return _static(found, "application/octet-stream", FOR_EVER)

    @router.get(
        "/v1/log/proof/{certificateId}",
        summary="Where a certificate's credential is in the log (C2SP tlog-proof)",
        openapi_extra={"x-scope": None, **documented(QUERY)},
        responses={200: {"description": "A tlog-proof", "content": {TEXT: {}}}},
    )
    async def proof(
        request: Request, certificate_id: str = Path(alias="certificateId")
    ) -> Response:
        query = query_of(request, allowed=QUERY)
        format = query.choice("format", FORMATS)
        algorithm = query.choice("alg", ALGORITHMS) or ALGORITHMS[0]
        if format is None or proof_in is None:
            found = await ask(proof_of, certificate_id)
        else:
            found = await ask(proof_in, certificate_id, format, algorithm)
        # Each later checkpoint gives another proof of the same.
        return _static(found, TEXT, "no-cache")

    @router.get(
        "/v1/log/inclusion",
        summary="The path from a leaf to the root of a size",
        openapi_extra={"x-scope": None},
    )
    async def inclusion(request: Request) -> Response:
        query = query_of(request, allowed=("index", "size"))
        index, size = _whole(query, "index"), _whole(query, "size")
        path = await ask(log.inclusion, index, size)
        return json_answer({"index": index, "size": size, "hashes": _spelled(path)})

    @router.get(
        "/v1/log/consistency",
        summary="The proof that the log only grew between two sizes",
        openapi_extra={"x-scope": None},
    )
    async def consistency(request: Request) -> Response:
        query = query_of(request, allowed=("from", "to"))
        old, new = _whole(query, "from"), _whole(query, "to")
        path = await ask(log.consistency, old, new)
        return json_answer({"from": old, "to": new, "hashes": _spelled(path)})

    return router


def _static(body: str | bytes, media_type: str, caching: str) -> Response:
    return Response(
        body,
        media_type=media_type,
        headers={"Cache-Control": caching, "Access-Control-Allow-Origin": "*"},
    )


def _whole(query: Query, name: str) -> int:
    text = query.one(name) or ""
    if not WHOLE.fullmatch(text):
        raise Refusal(
            Kind.MALFORMED,
            "log_range",
            f"{name} is needed: a whole number in plain digits.",
            at=name,
        )
    return int(text)


def _spelled(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]
