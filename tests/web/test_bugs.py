"""When something of ours breaks: what the caller gets, and what the log gets."""

import httpx
from fastapi import APIRouter

from support.serving import serving
from testamur.web.app import build_app


def test_after_a_bug_the_next_request_is_answered(caplog):
    """The connection ends with the answer, which says so; the log has the rest."""
    router = APIRouter()

    @router.get("/v1/broken", openapi_extra={"x-scope": None})
    async def broken() -> None:
        raise ValueError("ana@example.org")

    with (
        serving(build_app([router])) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answers = [client.get("/v1/broken") for _ in range(20)]

    for answer in answers:
        assert answer.status_code == 500
        assert answer.headers.get_list("connection") == ["close"]
        assert "ana@" not in answer.text
        assert answer.json()["requestId"] in caplog.text


def test_a_refused_form_leaves_nothing_in_the_log(server, tenant):
    """Whoever sends rubbish all night does not fill the disk with it."""
    before = server.log

    refused = httpx.post(
        f"{server.url}/api/bulk-mint",
        content=b"--b\n\n--b--\n",
        headers={
            "x-api-key": tenant.key,
            "content-type": "multipart/form-data; boundary=b",
        },
    )

    assert refused.json()["error"]["code"] == "multipart_syntax"
    assert server.log == before
