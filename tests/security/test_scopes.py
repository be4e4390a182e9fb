"""I21: who may do what is a table, and every route and every scope is held to it."""

import time
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from support.server import ROOT
from testamur.core.policy import Scope
from testamur.core.refusals import Fault
from testamur.web.app import build_app

LINES = (Path(__file__).parent / "scopes.txt").read_text().splitlines()
TABLE = {
    (method, path): None if scope == "-" else scope
    for method, path, scope in (
        line.split() for line in LINES if line and not line.startswith("#")
    )
}

#: What the description leaves out because people look at it, not programs.
PAGES = {
    "/",
    "/robots.txt",
    "/favicon.svg",
    "/assets/{name}",
    "/c/{id}.json",
    "/c/{id}.png",
    "/c/{id}.zip",
    "/c/{id}/image",
    "/c/{id}/thumbnail",
    "/c/{id}",
    "/docs",
    "/sign/{token}",
    "/sign/{token}/document.pdf",
    "/signed/{uuid}",
    "/t/{slug}",
    "/unsubscribe/{token}",
    "/verify",
}

VALUES = {
    "{jobId}": "0" * 24,
    "{id}": "0" * 24,
    "{uuid}": "00000000-0000-4000-8000-000000000000",
    "{type}": "csv",
    "{count}": "7",
    "{number}": "1",
    "{signer_id}": "1",
}


def concrete(path):
    """Fill the parameters of *path* with what exists nowhere."""
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return path


def described(server):
    """Return every operation that the server describes."""
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    return {
        (method.upper(), path): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def test_every_route_is_in_the_table_with_its_scope(server):
    """A route lands with its line here, or not at all."""
    operations = described(server)

    assert {
        route: operation["x-scope"] for route, operation in operations.items()
    } == TABLE
    for route, operation in operations.items():
        assert ("security" in operation) is (TABLE[route] is not None)


def test_no_route_hides_from_the_description():
    """What is not described is a page that anybody may see, and listed here."""
    source = ROOT / "src" / "testamur" / "web"
    hidden = [
        path.name
        for path in source.rglob("*.py")
        if "include_in_schema=False" in path.read_text()
    ]

    # The pages, and in app.py `/docs` and the HEAD of each GET.
    assert sorted(hidden) == [
        *(
            "app.py",
            "issuers.py",
            "pages.py",
            "signing.py",
            "unsubscribing.py",
            "verify.py",
        ),
    ]


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_page_takes_no_credential_into_account(server, tenant, path):
    """With a key, without one, with a wrong one: the same bytes."""
    url = server.url + path.replace("{id}", "0" * 24).replace("{name}", "none")

    answers = [
        httpx.get(url, headers=headers)
        for headers in ({}, {"x-api-key": tenant.key}, {"x-api-key": "wrong"})
    ]

    assert len({(one.status_code, one.content) for one in answers}) == 1


def test_a_route_without_a_scope_is_not_served():
    """Forgetting to say who may call is noticed before anybody calls."""
    router = APIRouter()

    @router.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(Fault, match="/v1/forgotten"):
        build_app([router])


@pytest.mark.parametrize("as_token", [False, True], ids=["key", "token"])
@pytest.mark.parametrize("granted", [*Scope, "all"])
def test_a_credential_opens_what_its_scope_says_and_nothing_else(
    server, tenant, granted, as_token
):
    """Every route, HEAD as well, asked with one scope alone, and with all."""
    scopes = () if granted == "all" else (granted,)
    secret = tenant.token_with(*scopes) if as_token else tenant.key_with(*scopes)
    wrong = []
    headers = {"Authorization": f"Bearer {secret}", "X-Tenant": tenant.slug}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        for (method, path), scope in TABLE.items():
            for asked in (method, "HEAD") if method == "GET" else (method,):
                answer = client.request(asked, concrete(path))
                status = answer.status_code
                if scope in (None, "any") or granted in (scope, "all"):
                    is_right = status < 500 and status not in (401, 403)
                else:
                    is_right = status == 403 and (
                        asked == "HEAD"
                        or "missing_scope" in answer.text
                        or f'"required_permission":"{scope}"' in answer.text
                    )
                if not is_right:
                    wrong.append((asked, path, status))

    assert wrong == []


def test_without_a_credential_only_public_routes_answer(server):
    """Default deny: 401 everywhere else, before anything is looked at."""
    wrong = []
    with httpx.Client(base_url=server.url) as client:
        for (method, path), scope in TABLE.items():
            for asked in (method, "HEAD") if method == "GET" else (method,):
                status = client.request(asked, concrete(path)).status_code
                if (status == 401) is (scope is None):
                    wrong.append((asked, path, status))

    assert wrong == []


def test_lost_rights_are_lost_within_five_seconds(server):
    """A10: a revoked key, a revoked token, and both of a suspended tenant."""
    mine, other = server.tenant(), server.tenant()
    office = server.office
    owner = office.tenants.find(mine.slug)
    key = office.keys.create(owner)
    token = office.tokens.create(owner)
    secrets = [key.text, token.text, other.key, other.token_with()]
    asking = [
        httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {one}"})
        for one in secrets
    ]
    assert [one.get("/v1/tenant").status_code for one in asking] == [200] * 4

    since = time.monotonic()
    assert mine.client.delete(f"/v1/keys/{key.key.id}").status_code == 204
    office.tokens.revoke(owner, token.id)
    office.tenants.suspend(other.slug)
    while any(one.get("/v1/tenant").status_code != 401 for one in asking):
        assert time.monotonic() - since < 5
        time.sleep(0.05)

    codes = [one.get("/v1/tenant").json()["code"] for one in asking]
    assert codes == ["invalid_api_key", "invalid_token", *["tenant_suspended"] * 2]
    assert mine.client.get("/v1/tenant").status_code == 200


def test_a_key_cannot_give_what_it_has_not(tenant, server):
    """Nobody gets more rights by making a key."""
    only_keys = {"x-api-key": tenant.key_with("keys:manage")}

    refused = httpx.post(
        f"{server.url}/v1/keys", headers=only_keys, json={"scopes": ["bulk:mint"]}
    )
    made = httpx.post(f"{server.url}/v1/keys", headers=only_keys, json={})

    assert refused.status_code == 403
    assert made.json()["scopes"] == ["keys:manage"]
