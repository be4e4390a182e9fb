"""A NUL where an id belongs: SQLite finds nothing there, PostgreSQL objects to it."""

import re

import httpx
import pytest

from support.server import running


def addresses(description: dict) -> list[tuple[str, str, dict[str, str]]]:
    """Return each address that holds an id or takes text: method, path, query."""
    found = [("get", "/c/{id}", {}), ("get", "/c/{id}.json", {})]
    found.append(("get", "/c/{id}/image", {}))
    for path, methods in description["paths"].items():
        for method, about in methods.items():
            if "{" in path:
                found.append((method, path, {}))
            found += [
                (method, path, {parameter["name"]: "a\0b"})
                for parameter in about.get("parameters", [])
                if parameter["in"] == "query"
            ]
    return found


def test_a_nul_in_an_address_is_a_mistake_of_the_caller(database_url, tmp_path):
    """I37, J22: 404 in the path and 422 in the query, whichever the database."""
    settings = {}
    if database_url.startswith("postgresql"):
        settings["TESTAMUR_DATABASE_URL"] = database_url
        secret = tmp_path / "secret"
        secret.write_text("5e" * 32)
        secret.chmod(0o600)
        settings["TESTAMUR_SECRET_FILE"] = str(secret)
    with running(**settings) as server:
        tenant = server.tenant()
        headers = {"x-api-key": tenant.key, "X-Tenant": tenant.slug}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            asked = addresses(client.get("/openapi.json").json())
            answers = {
                (method, path, *query): client.request(
                    method, re.sub(r"{\w+}", "a%00b", path), params=query or None
                ).status_code
                for method, path, query in asked
            }

    assert len(answers) > 20
    for (method, path, *query), status in answers.items():
        expected = {422} if query else {404, 422}  # a count that is no number is 422
        assert status in expected, (method, path, query)


@pytest.mark.parametrize("path", ["/%00", "/c/%00", "/api/bulk-mint/%00/nothing"])
def test_a_path_that_nothing_is_at_is_not_found(server, path):
    """Also where the NUL is all there is of a name."""
    assert httpx.get(f"{server.url}{path}").status_code == 404
