"""The signing page: who has the link can sign, once, and nobody else learns of it."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import text

from support.paperwork import Paperwork, answer, pdf


@pytest.fixture
def desk(server, tenant):
    """Return a new tenant's paperwork."""
    return Paperwork(server, tenant)


def test_the_page_shows_who_asks_and_what(desk):
    """In a language, without a script, cookie, or anything from elsewhere."""
    data = pdf("what is shown")
    document = desk.asked("ada@example.org", data=data, description="<b>Für</b> علي")

    page = httpx.get(desk.link("ada@example.org"))

    assert page.status_code == 200
    assert '<html lang="en" dir="ltr">' in page.text
    assert desk.tenant.slug.title() in page.text
    assert "&lt;b&gt;Für&lt;/b&gt; علي" in page.text
    assert "<script" not in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert document["files"][0]["sha256"] in page.text


def test_the_document_is_shown_as_it_is(desk):
    """The very bytes, inline, and not kept by anybody on the way."""
    data = pdf("these bytes")
    desk.asked("ada@example.org", data=data)

    shown = httpx.get(desk.link("ada@example.org") + "/document.pdf")

    assert shown.content == data
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["content-disposition"].startswith("inline")


def test_looking_is_kept_once_and_not_for_programs(desk):
    """HEAD is no person; the first GET is when they saw it."""
    document = desk.asked("ada@example.org")
    link = desk.link("ada@example.org")

    httpx.head(link)
    assert desk.statuses(document) == {"ada@example.org": "sent"}
    httpx.get(link)

    assert desk.statuses(document) == {"ada@example.org": "viewed"}


def test_whoever_signs_twice_is_shown_what_was_recorded(desk):
    """The second answer changes nothing, whatever it says."""
    document = desk.asked("ada@example.org", "bob@example.org")
    link = desk.link("ada@example.org")
    first = desk.sign(link, "Ada Lovelace")
    path = f"/documents/{document['id']}/signatures"
    before = desk.client.get(path).json()

    second = answer(link, decision="refuse", reason="changed my mind")
    third = httpx.post(link, content=b"garbage")

    assert "You have signed" in first.text
    for later in (second, third):
        assert later.status_code == 200
        assert "You have signed" in later.text
        assert "Ada Lovelace" in later.text
    assert desk.client.get(path).json() == before


def test_of_sixteen_answers_at_once_one_is_kept(desk):
    """They are all shown the same one."""
    document = desk.asked("ada@example.org")
    link = desk.link("ada@example.org")
    seen = document["files"][0]["sha256"]

    def send(number):
        form = {"decision": "sign", "name": f"Ada {number}", "seen": seen}
        return httpx.post(link, data=form, timeout=30)

    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(send, range(16)))

    assert {page.status_code for page in pages} == {200}
    names = {
        re.search(r"<dd dir=\"auto\">(Ada \d+)</dd>", page.text)[1] for page in pages
    }
    assert len(names) == 1
    [one] = desk.ok(desk.client.get(f"/documents/{document['id']}/signatures"))
    assert {one["signed_name"]} == names


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"decision": "sign", "name": ""}, 422),
        ({"decision": "sign", "name": " \u200b "}, 422),
        ({"decision": "sign", "name": "a\u0000b"}, 422),
        ({"decision": "sign", "name": "a\u202eb"}, 422),
        ({"decision": "sign", "name": "x" * 256}, 422),
        ({"decision": "maybe", "name": "Ada"}, 422),
        ({"name": "Ada"}, 422),
        ({"decision": "refuse", "reason": "x" * 501}, 422),
        ({"decision": "sign", "name": "Ada", "seen": "0" * 64}, 409),
        ({"decision": "sign", "name": "Ada", "seen": "none"}, 409),
    ],
)
def test_what_is_not_an_answer_is_asked_for_again(desk, form, status):
    """The page says what is wrong, and nothing is recorded."""
    document = desk.asked("ada@example.org")

    page = answer(desk.link("ada@example.org"), **form)

    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert desk.statuses(document) == {"ada@example.org": "viewed"}


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"a=" + b"x" * 100_000, b"name=1&name=2", b"{}"]
)
def test_garbage_signs_nothing(desk, content):
    """Neither as a form nor under another type."""
    document = desk.asked("ada@example.org")
    link = desk.link("ada@example.org")

    for kind in ("application/x-www-form-urlencoded", "application/json", "x"):
        page = httpx.post(link, content=content, headers={"Content-Type": kind})
        assert page.status_code == 422

    assert desk.statuses(document)["ada@example.org"] == "sent"


@pytest.mark.parametrize(
    "token", ["A" * 43, "A", "A" * 1_000, "%00", "..%2f..", "А" * 43]
)
def test_a_link_that_opens_nothing_says_so(server, token):
    """One page for all of them, and 404."""
    answers = [
        httpx.get(f"{server.url}/sign/{token}"),
        httpx.post(f"{server.url}/sign/{token}", data={"decision": "sign"}),
        httpx.get(f"{server.url}/sign/{token}/document.pdf"),
    ]

    assert {one.status_code for one in answers} <= {404, 429}
    assert len({one.text for one in answers if one.status_code == 404}) <= 1 or (
        "%2f" in token
    )


def test_a_document_that_was_withdrawn_cannot_be_signed(desk):
    """Its link opens nothing, and no mail goes out for it any more."""
    document = desk.asked("ada@example.org")
    link = desk.link("ada@example.org")

    desk.client.delete(f"/documents/{document['id']}")

    assert httpx.get(link).status_code == 404
    assert desk.sign(link).status_code == 404


def test_the_token_is_in_no_table_and_no_log(desk):
    """Only its digest is: who has the database can sign nothing."""
    desk.asked("ada@example.org")
    link = desk.link("ada@example.org")
    token = link.rpartition("/")[2]
    desk.sign(link)
    httpx.get(link[:-1] + "/nothing/here")

    stored = b"".join(
        path.read_bytes() for path in desk.server.data.glob("testamur.db*")
    )

    assert token.encode() not in stored
    assert token not in desk.server.log
    assert "ada@example.org" not in desk.server.log
    assert "127.0.0.1" not in desk.server.log.replace(desk.server.url, "")


def test_the_record_leads_to_a_page_that_anybody_can_check(desk):
    """Names and fingerprints, and neither addresses nor where they signed from."""
    document = desk.asked("ada@example.org")
    desk.sign(desk.link("ada@example.org"), "Ada Lovelace")
    desk.client.get(f"/documents/{document['id']}/download")

    page = httpx.get(f"{desk.server.url}/signed/{document['uuid']}")

    assert page.status_code == 200
    assert "Ada Lovelace" in page.text
    for file in desk.ok(desk.client.get(f"/documents/{document['id']}"))["files"]:
        assert file["sha256"] in page.text
    assert "ada@example.org" not in page.text
    assert "127.0.0.1" not in page.text
    nobodys = httpx.get(
        f"{desk.server.url}/signed/00000000-0000-4000-8000-000000000000"
    )
    assert nobodys.status_code == 404


def test_a_mail_says_nothing_that_could_mislead(desk):
    """Who asks, what for, one link, and nothing that is loaded from anywhere."""
    desk.asked("ada@example.org", description="Contract <b>Bcc:</b> x")
    [mail] = desk.mails("ada@example.org")
    html = mail.get_body(("html",)).get_content()

    links = set(re.findall(r'href="([^"]+)"', html))

    assert mail["from"].addresses[0].display_name == desk.tenant.slug.title()
    assert len(links) == 1
    assert re.fullmatch(r".*/sign/[A-Za-z0-9_-]{43}", links.pop())
    assert "src=" not in html


def test_what_was_asked_for_before_a_crash_is_sent_after_it(desk):
    """The mail is in the same transaction as the request: one, or neither."""
    document = desk.asked("ada@example.org")
    desk.mails("ada@example.org")
    query = text(
        "SELECT count(*) FROM signature_requests r JOIN outbox o ON o.id = r.mail_id "
        "WHERE r.document_id = :id AND o.state = 'sent'"
    )

    with desk.server.office.database.reading() as connection:
        assert connection.scalar(query, {"id": document["id"]}) == 1
