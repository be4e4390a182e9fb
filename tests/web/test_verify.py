"""`/v1/verify` and the page `/verify`, on a server that issued for real."""

import io
import json
import re
import zipfile

import httpx
import pytest

from support.images import photograph, saved
from support.server import good_rows, pictures, sheet

BOUNDED = 20.0


@pytest.fixture(scope="module")
def issued(server):
    """Return the address of a certificate with a picture, and its id."""
    tenant = server.tenant()
    job = tenant.done(sheet(*good_rows(1)), pictures())
    (row,) = tenant.results(job)
    return f"{server.url}/c/{row['certificateId']}", row["certificateId"]


def checks(verdict):
    """Return outcome and code by check."""
    return {one["check"]: (one["outcome"], one["code"]) for one in verdict["checks"]}


def verify(server, **request):
    """Return the answer of `POST /v1/verify`."""
    return httpx.post(f"{server.url}/v1/verify", timeout=BOUNDED, **request)


@pytest.mark.parametrize(
    ("ending", "media_type", "came_as"),
    [
        (".json", "application/json", "json"),
        (".json", "application/vc", "json"),
        (".json", "application/ld+json", "json"),
        (".png", "image/png", "png"),
        (".zip", "application/zip", "bundle"),
    ],
)
def test_everything_that_is_given_out_verifies(
    server, issued, ending, media_type, came_as
):
    """What a recipient downloads is valid when it comes back, with its log proof."""
    url, _ = issued
    given = httpx.get(url + ending)
    assert given.status_code == 200
    assert httpx.get(url + ending).content == given.content

    answer = verify(server, content=given.content, headers={"content-type": media_type})

    verdict = answer.json()
    assert answer.status_code == 200
    assert verdict["result"] == "valid", verdict
    assert verdict["cameAs"] == came_as
    assert checks(verdict)["log"] == ("passed", "logged")
    assert checks(verdict)["standing"] == ("passed", "in_force")


@pytest.mark.parametrize("key", ["id", "url"])
def test_a_certificate_here_is_checked_by_its_name(server, issued, key):
    """Its id or its address is enough."""
    url, certificate_id = issued

    answer = verify(server, json={key: certificate_id if key == "id" else url})

    assert answer.json()["verified"] is True
    assert answer.json()["cameAs"] == "id"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("0" * 24, 404, "certificate_not_found"),
        ("https://elsewhere.example/c/1", 422, "certificate_name"),
        ("x", 422, "certificate_name"),
    ],
)
def test_a_name_that_names_nothing_here_is_refused(server, name, status, code):
    """Only a request that cannot be understood is refused."""
    answer = verify(server, json={"id": name})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b"", "headers": {"content-type": "application/json"}}, 400, ""),
        ({"content": b"x", "headers": {"content-type": "video/mp4"}}, 415, ""),
        (
            {
                "content": b" " * (5 * 1024 * 1024 + 1),
                "headers": {"content-type": "application/json"},
            },
            413,
            "body_size",
        ),
        ({"files": {"file": ("x", b"")}}, 400, "form_empty"),
        ({"files": {"file": ("x", b"{}"), "text": (None, "{}")}}, 400, "form"),
        ({"files": [("text", (None, "{}")), ("more", (None, "{}"))]}, 400, "form"),
        (
            {
                "content": b"--x",
                "headers": {"content-type": "multipart/form-data; boundary=x"},
            },
            400,
            "",
        ),
        (
            {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
            400,
            "",
        ),
    ],
    ids=[
        *("empty", "film", "too-large", "empty-form", "file-and-text", "two-texts"),
        *("cut-form", "no-boundary"),
    ],
)
def test_a_request_that_cannot_be_understood_is_refused(server, request_, status, code):
    """With a status that says what to change."""
    answer = verify(server, **request_)

    assert answer.status_code == status, answer.text
    assert code in (answer.json()["code"], "")


@pytest.mark.parametrize("body", [b"[" * 10_000, b"{", b'{"a":1,"a":2}', b"\xff"])
def test_what_cannot_be_read_has_a_verdict_too(server, body):
    """It is an answer about the document, not about the request."""
    answer = verify(server, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 200
    assert answer.json()["result"] == "unreadable"


def test_a_changed_word_is_found(server, issued):
    """And the answer says that the signature does not hold."""
    url, _ = issued
    document = httpx.get(url + ".json").json()
    document["name"] = "Admiral"

    verdict = verify(server, json=document).json()

    assert verdict["result"] == "invalid"
    assert checks(verdict)["proof"] == ("failed", "signature_wrong")


def test_a_form_with_one_file_is_taken(server, issued):
    """As browsers and curl -F send it."""
    url, _ = issued
    file = ("badge.png", httpx.get(url + ".png").content, "image/png")

    assert verify(server, files={"file": file}).json()["verified"] is True
    empty = {"file": file, "text": (None, "")}
    assert verify(server, files=empty).json()["verified"] is True


def test_the_page_takes_the_file_when_an_older_text_still_stands_in_the_form(
    server, issued
):
    """What was asked before is filled in again, and not asked again."""
    url, _ = issued
    file = ("badge.png", httpx.get(url + ".png").content, "image/png")
    sent = {"text": (None, "0" * 24), "file": file}

    page = httpx.post(f"{server.url}/verify", files=sent)

    assert page.status_code == 200
    assert "verdict-valid" in page.text


def test_a_bundle_has_all_that_checking_needs(issued):
    """Credential, log proof, issuer, lists, log key, checkpoint, picture, way."""
    url, certificate_id = issued
    answer = httpx.get(url + ".zip")

    assert f'filename="{certificate_id}.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.read("credential.json") == httpx.get(url + ".json").content
        assert archive.read("credential.tlog-proof").startswith(b"c2sp.org/tlog-proof")
        assert json.loads(archive.read("issuer.did.json"))["id"].startswith("did:web:")
        assert archive.read("picture.png") == httpx.get(url + "/image").content
        assert b"BitstringStatusList" in archive.read("status.revocation.json")
        assert archive.read("log.checkpoint").count(b"\n") > 3
        assert b"+" in archive.read("log.key")


def test_a_photograph_becomes_a_png_that_verifies(server):
    """JPEG pictures are converted; the same bytes come out each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.jpg", saved(photograph(400, 300), "JPEG"))
    tenant = server.tenant()
    job = tenant.done(sheet(*good_rows(1, image="one.jpg")), packed.getvalue())
    (row,) = tenant.results(job)
    url = f"{server.url}/c/{row['certificateId']}"

    given = httpx.get(url + ".png")

    assert given.headers["content-type"] == "image/png"
    assert httpx.get(url + ".png").content == given.content
    verdict = verify(
        server, content=given.content, headers={"content-type": "image/png"}
    ).json()
    assert verdict["result"] == "valid", verdict


# The page --------------------------------------------------------------------------


def test_the_page_has_a_form_that_needs_no_script(server):
    """A file, or a text; and it may only be sent to this server."""
    page = httpx.get(f"{server.url}/verify")

    assert page.status_code == 200
    assert "<script" not in page.text
    assert 'type="file"' in page.text
    assert 'enctype="multipart/form-data"' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    for control in re.findall(r'<(?:input|textarea) [^>]*id="(\w+)"', page.text):
        assert f'<label for="{control}">' in page.text


def test_the_page_tells_the_verdict_in_words(server, issued):
    """Every check says in a word how it ended; no colour is needed."""
    _, certificate_id = issued

    page = httpx.get(f"{server.url}/verify", params={"id": certificate_id})

    assert page.status_code == 200
    assert "Valid" in page.text
    assert page.text.count("Passed") >= 7
    assert "signed by whoever runs 127.0.0.1" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_page_links_from_the_certificate(server, issued):
    """One step from the certificate to its verdict."""
    url, certificate_id = issued

    assert f"/verify?id={certificate_id}" in httpx.get(url).text


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("", 400, "Choose a file"),
        ("0" * 24, 404, "There is no certificate"),
        ("https://elsewhere.example/c/1", 422, "checked from their file"),
        ("{", 200, "Cannot be verified"),
        ('{"@context": "<script>alert(1)</script>"}', 200, "Not valid"),
    ],
)
def test_the_page_answers_whatever_is_entered(server, text, status, told):
    """With the form again, and what to do."""
    page = httpx.post(f"{server.url}/verify", files={"text": (None, text)})

    assert page.status_code == status
    assert told in page.text
    assert "<script" not in page.text
    assert 'type="file"' in page.text


# What was done to it since ----------------------------------------------------------


@pytest.fixture
def fresh(server):
    """Return a tenant and the address of one of its certificates."""
    tenant = server.tenant()
    (row,) = tenant.results(tenant.done(sheet(*good_rows(1)), pictures()))
    return tenant, f"{server.url}/c/{row['certificateId']}", row["certificateId"]


def change(tenant, certificate_id, verb):
    """Revoke, suspend or reinstate a certificate."""
    answer = tenant.client.post(
        f"/v1/certificates/{certificate_id}/{verb}", json={"reason": "a mistake"}
    )
    assert answer.status_code == 200, answer.text


def test_what_is_taken_back_is_seen_at_once_everywhere(server, fresh):
    """By API, page and bundle: suspended, in force again, then revoked for ever."""
    tenant, url, certificate_id = fresh
    data = httpx.get(url + ".json").content

    def now():
        answer = verify(
            server, content=data, headers={"content-type": "application/vc"}
        ).json()
        found = checks(answer)
        return answer["result"], found["status"][1], found["standing"][1]

    assert now() == ("valid", "not_revoked", "in_force")
    change(tenant, certificate_id, "suspend")
    assert now() == ("invalid", "suspended", "suspended")
    change(tenant, certificate_id, "reinstate")
    assert now() == ("valid", "not_revoked", "in_force")
    change(tenant, certificate_id, "revoke")
    assert now() == ("invalid", "revoked", "revoked")

    page = httpx.get(f"{server.url}/verify", params={"id": certificate_id}).text
    assert "Not valid" in page
    assert "a mistake" in page
    given = httpx.get(url + ".zip")
    again = verify(
        server, content=given.content, headers={"content-type": "application/zip"}
    ).json()
    assert again["result"] == "invalid"


def test_a_corrected_certificate_leads_to_the_new_one(server, fresh):
    """The old one is not valid any more, and says what stands in its place."""
    tenant, url, certificate_id = fresh
    data = httpx.get(url + ".json").content
    answer = tenant.client.post(
        f"/v1/certificates/{certificate_id}/correct", json={"name": "Course one"}
    )
    assert answer.status_code == 202, answer.text
    tenant.wait(answer.json()["id"])
    new = httpx.get(url, follow_redirects=True)
    assert new.status_code == 200

    verdict = verify(
        server, content=data, headers={"content-type": "application/vc"}
    ).json()

    assert verdict["result"] == "invalid"
    (standing,) = [one for one in verdict["checks"] if one["check"] == "standing"]
    replaced_by = re.search(r"/c/([0-9a-f]{24})", standing["detail"])
    assert replaced_by is not None
    assert replaced_by[1] != certificate_id
    assert verify(server, json={"id": replaced_by[1]}).json()["result"] == "valid"


def test_an_erased_certificate_is_no_longer_valid(server, fresh):
    """Nothing is left of it here; whoever kept a copy is told so."""
    tenant, url, certificate_id = fresh
    data = httpx.get(url + ".json").content
    answer = tenant.client.post(
        "/v1/erasures", json={"certificateIds": [certificate_id], "reason": "asked to"}
    )
    assert answer.status_code == 200, answer.text

    kept = verify(server, content=data, headers={"content-type": "application/vc"})
    named = verify(server, json={"id": certificate_id})

    assert kept.json()["result"] == "invalid"
    assert checks(kept.json())["standing"] == ("failed", "erased")
    assert named.json()["result"] == "invalid"
    assert "Ada" not in named.text
