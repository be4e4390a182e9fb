"""Answers as bytes: JSON from orjson, refusals in the words of their dialect."""

import logging
import secrets
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.dialects.dokstamp import problems as dokstamp_problems
from testamur.dialects.native import problems as native_problems
from testamur.dialects.pocketbook import problems as pocketbook_problems
from testamur.dialects.thought_industries import problems as ti_problems
from testamur.dialects.vc_api import problems as vc_api_problems
from testamur.dialects.vec import problems as vec_problems

log = logging.getLogger(__name__)


#: What the paths of DokStamp's API begin with.
DOKSTAMP = frozenset(
    (
        *("auth", "oauth", "files", "institutions", "organizations", "modules"),
        *("courses", "cohorts", "students", "enrollments", "certificates"),
        *("document-types", "documents", "signers", "certs"),
    )
)

#: The path of VEC's API whose errors are a list.
VEC_BULK = "/business/certificate-vault/bulk"

#: How long a client should wait after trouble of ours.
RETRY_AFTER_FAULT_SECONDS = 2


def json_answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return *body* as JSON that nobody stores."""
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def request_id(request: Request) -> str:
    """Return the id of this request, the same one all along."""
    known: str | None = request.scope.get("testamur.request_id")
    if known is None:
        known = request.scope["testamur.request_id"] = "req_" + secrets.token_hex(12)
    return known


def refusal(
    request: Request, error: Exception, *, status: int | None = None
) -> Response:
    """
    Spell a refusal in the dialect of the path that was called.

    *status* is for what HTTP has a status for, and no dialect a kind.
    """
    assert isinstance(error, Refusal)
    name = request_id(request)
    if _is_pocketbook(request):
        its_own, body = pocketbook_problems.spell(error, request_id=name)
    elif is_ti(request.url.path):
        its_own, body = ti_problems.spell(error, request_id=name, status=status)
    elif is_dokstamp(request.url.path):
        its_own, body = dokstamp_problems.spell(error, request_id=name, status=status)
    elif is_vec(request.url.path):
        is_bulk = request.url.path == VEC_BULK
        its_own, body = vec_problems.spell(error, is_bulk=is_bulk, status=status)
    elif _is_vc_api(request):
        its_own, body = vc_api_problems.spell(
            error,
            request_id=name,
            is_verifying=request.url.path.endswith("/verify"),
            status=status,
        )
    else:
        its_own, body = native_problems.spell(error, request_id=name, status=status)
    status = status or its_own
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(request, status, body, headers)


def fault(request: Request, error: Exception) -> Response:
    """Say that we are in trouble and when to come back; log what it is."""
    assert isinstance(error, Fault)
    name = request_id(request)
    log.warning("fault %s: %s", name, error)
    status, body = _spell_fault(request, error, name)
    headers = {"Retry-After": str(RETRY_AFTER_FAULT_SECONDS)}
    return _problem(request, status, body, headers)


def bug(request: Request, error: Exception) -> Response:
    """Log a bug whole under the request's id; tell the caller only the id."""
    name = request_id(request)
    log.error("bug %s", name, exc_info=error)
    status, body = _spell_fault(request, None, name)
    # uvicorn closes the connection after a bug, so the next request must not use it.
    return _problem(request, status, body, {"Connection": "close"})


def not_routed(request: Request, error: Exception) -> Response:
    """Answer what no route answers: an unknown path, or a method it has not."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = _allowed(request)
        response = refusal(
            request,
            Refusal(
                Kind.MALFORMED,
                "method_not_allowed",
                f"{request.method} is not possible here; use {allowed or 'another'}.",
            ),
            status=405,
        )
        if allowed:
            response.headers["Allow"] = allowed
        return response
    return refusal(
        request,
        Refusal(
            Kind.NOT_FOUND,
            "not_found",
            "There is nothing at this path. /docs lists what there is.",
        ),
    )


def _allowed(request: Request) -> str:
    """Return every method of the path, not only those of its first route."""
    path = request.url.path
    found = [
        route for route in request.app.state.routes if route.path_regex.match(path)
    ]
    # A path that is spelt out is no other's parameter.
    found = [route for route in found if route.path == path] or found
    methods = {method for route in found for method in route.methods}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def is_ti(path: str) -> bool:
    """Say whether *path* belongs to Thought Industries' API."""
    return path == "/incoming" or path.startswith("/incoming/")


def is_dokstamp(path: str) -> bool:
    """Say whether *path* belongs to DokStamp's API, which has no prefix."""
    return path.lstrip("/").partition("/")[0] in DOKSTAMP


def is_vec(path: str) -> bool:
    """Say whether *path* belongs to VEC's API."""
    return path == "/business" or path.startswith("/business/")


def _is_pocketbook(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _is_vc_api(request: Request) -> bool:
    return request.url.path.startswith(("/credentials/", "/presentations/"))


def _spell_fault(
    request: Request, error: Fault | None, name: str
) -> tuple[int, dict[str, Any]]:
    if _is_pocketbook(request):
        return pocketbook_problems.spell_fault(error, request_id=name)
    if is_ti(request.url.path):
        return ti_problems.spell_fault(error, request_id=name)
    if is_dokstamp(request.url.path):
        return dokstamp_problems.spell_fault(error, request_id=name)
    if is_vec(request.url.path):
        return vec_problems.spell_fault(error)
    if _is_vc_api(request):
        return vc_api_problems.spell_fault(error, request_id=name)
    return native_problems.spell_fault(error, request_id=name)


def _problem(
    request: Request, status: int, body: dict[str, Any], headers: dict[str, str]
) -> Response:
    response = json_answer(body, status, headers)
    path = request.url.path
    is_plain = is_ti(path) or is_dokstamp(path) or is_vec(path)
    if not (_is_pocketbook(request) or is_plain):
        response.headers["Content-Type"] = "application/problem+json"
    return response
