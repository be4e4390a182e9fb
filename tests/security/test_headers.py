"""What every answer says beside its body, and what it does not."""

import httpx
import pytest

from support.server import good_rows, pictures, sheet

PRIVATE = [
    "/api/bulk-mint",
    "/api/bulk-mint/{job}",
    "/api/bulk-mint/{job}/download/csv",
    "/api/bulk-mint/{job}/download/zip",
    "/api/billing/cost-preview/10",
    "/v1/jobs",
    "/v1/jobs/{job}",
    "/v1/jobs/{job}/results.csv",
    "/v1/jobs/{job}/results.zip",
    "/v1/certificates",
    "/v1/certificates/{certificate}",
    "/v1/keys",
    "/v1/tenant",
    "/v1/usage",
]
PUBLIC = [
    "/",
    "/docs",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/robots.txt",
    "/favicon.svg",
    "/api/bulk-mint/template/csv",
    "/c/{certificate}",
    "/c/{certificate}.json",
    "/c/{certificate}/image",
    "/c/{certificate}/thumbnail",
]
#: What other people's pages may read: public facts, pictures, and the template.
SHARED = {
    "/api/bulk-mint/template/csv",
    "/c/{certificate}.json",
    "/c/{certificate}/image",
    "/c/{certificate}/thumbnail",
}
REFUSED = ["/api/nothing", "/v1/nothing", "/c/nothing", "/api/bulk-mint/nothing"]


@pytest.fixture(scope="module")
def owner(server):
    """Return a tenant with one certificate."""
    return server.tenant()


@pytest.fixture(scope="module")
def names(owner):
    """Return the ids that the paths above name."""
    job = owner.done(sheet(*good_rows(1)), pictures())
    return {"job": job, "certificate": owner.results(job)[0]["certificateId"]}


@pytest.mark.parametrize("path", [*PRIVATE, *PUBLIC, *REFUSED])
def test_an_answer_says_what_it_is_and_not_who_made_it(owner, names, path):
    """One type that nobody may guess, one request id, and no maker's mark."""
    answer = owner.client.get(path.format(**names))

    assert answer.status_code == (404 if path in REFUSED else 200)
    headers = answer.headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["content-type"]
    assert len(headers.get_list("x-request-id")) == 1
    for name in ("server", "x-powered-by", "via", "set-cookie"):
        assert name not in headers


@pytest.mark.parametrize("path", PRIVATE)
def test_a_private_answer_is_kept_by_nobody(owner, names, path):
    """Neither a browser nor a proxy has what a key was needed for."""
    answer = owner.client.get(path.format(**names))

    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", [*PRIVATE, *PUBLIC, *REFUSED])
def test_another_origin_reads_what_is_meant_for_all(owner, names, path):
    """CORS opens public facts; it opens nothing that needs a key, with or without."""
    answer = owner.client.get(
        path.format(**names), headers={"Origin": "https://evil.example"}
    )

    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == ("*" if path in SHARED else None)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/docs", "/c/{certificate}", "/c/nothing"])
def test_a_page_runs_no_script_and_loads_nothing_from_elsewhere(server, names, path):
    """The policy forbids it, and there is nothing to forbid."""
    page = httpx.get(server.url + path.format(**names), headers={"accept": "text/html"})

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text
    assert 'src="http' not in page.text.replace(server.url, "")


def test_a_preflight_opens_nothing(server):
    """A browser on another origin may not send a key here."""
    answer = httpx.options(
        f"{server.url}/api/bulk-mint",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key",
        },
    )

    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example"},
    ],
)
def test_links_come_from_the_settings_alone(owner, names, server, headers):
    """J17, J18: nobody who asks decides where a link leads."""
    answer = owner.client.get(
        f"/v1/certificates/{names['certificate']}", headers=headers
    )

    assert "evil.example" not in answer.text
    if answer.status_code == 200:
        assert answer.json()["url"].startswith(server.url)


def test_the_docs_tell_people_what_the_description_tells_programs(server):
    """Every operation is on the page, with the scope that it needs."""
    page = httpx.get(f"{server.url}/docs").text
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]

    for path, operations in paths.items():
        for method in operations:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<code>bulk:retry</code>" in page


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/nothing", "text/html,*/*;q=0.8", "text/html"),
        ("/nothing", "*/*", "application/problem+json"),
        ("/v1/nothing", "text/html,*/*;q=0.8", "application/problem+json"),
    ],
)
def test_people_get_a_page_where_there_is_nothing(server, path, accept, kind):
    """
    Whoever mistypes an address in a browser reads a sentence; programs get JSON.
    """
    answer = httpx.get(server.url + path, headers={"accept": accept})

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(kind)
