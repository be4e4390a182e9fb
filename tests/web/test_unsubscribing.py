"""The link by which who reads a mail gets no more of them (RFC 8058)."""

import httpx
import pytest

from testamur.adapters.sql.outbox import put
from testamur.core.languages import LANGUAGES
from testamur.core.suppressions import SuppressionReason
from testamur.delivery.suppression.unsubscribing import Wish
from testamur.wiring.unsubscribing import unsubscribing_of

ADDRESS = "ada@example.org"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Reader:
    """Somebody with a mail of a tenant's, and the link in it."""

    def __init__(self, server, tenant, language="en"):
        self.office = server.office
        self.tenant = self.office.tenants.find(tenant.slug)
        now = self.office.clock()
        with self.office.database.writing() as connection:
            mail = put(
                connection,
                tenant_id=self.tenant.id,
                recipient=ADDRESS,
                message={"about": "nothing"},
                domain="example.org",
                now=now + 10**9,
            )
        digest = self.office.suppressions.digest(self.tenant.id, ADDRESS)
        wish = Wish(self.tenant.id, digest, mail)
        self.link = unsubscribing_of(self.office).link(wish, language)

    @property
    def is_written_to(self):
        """Whether the tenant's mails go to them."""
        return not self.office.suppressions.is_suppressed(self.tenant.id, ADDRESS)


@pytest.fixture
def reader(server, tenant):
    """Return somebody with a mail in English."""
    return Reader(server, tenant)


def test_one_click_stops_the_mails_and_keeps_the_address(reader, tenant):
    """Without a cookie or a question, and however often; the tenant sees who."""
    answers = [
        httpx.post(reader.link, content=ONE_CLICK, headers=FORM) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 200]
    assert "set-cookie" not in answers[0].headers
    assert not reader.is_written_to
    [entry] = tenant.client.get("/v1/suppressions").json()["suppressions"]
    assert (entry["address"], entry["reason"]) == (ADDRESS, "unsubscribed")


def test_looking_at_the_link_stops_nothing(reader):
    """Programs follow every link in a mail to see what is behind it."""
    assert httpx.get(reader.link).status_code == 200
    assert httpx.head(reader.link).status_code == 200

    assert reader.is_written_to


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b"undo=1&undo=1", "application/x-www-form-urlencoded"),
        (b"\xff%zz" * 10_000, "text/plain"),
        (
            b"--x\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\n"
            b"One-Click\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_whatever_is_posted_stops_the_mails(reader, body, kind):
    """Mail programs differ in how they say it."""
    headers = {"content-type": kind} if kind else {}

    answer = httpx.post(reader.link, content=body, headers=headers)

    assert answer.status_code == 200
    assert not reader.is_written_to


def test_it_can_be_undone_and_nothing_else_is(reader):
    """The button takes back what the other one did; who complained stays listed."""
    httpx.post(reader.link, content=ONE_CLICK, headers=FORM)
    assert 'name="undo"' in httpx.get(reader.link).text

    undone = httpx.post(reader.link, content=b"undo=1", headers=FORM)

    assert "You get mails from" in undone.text
    assert reader.is_written_to
    lists, tenant = reader.office.suppressions, reader.tenant.id
    lists.add(tenant, ADDRESS, SuppressionReason.COMPLAINED, by=None)
    httpx.post(reader.link, content=b"undo=1", headers=FORM)
    assert not reader.is_written_to


def test_a_link_that_we_did_not_make_stops_nobodys_mails(reader):
    """One letter more, less or other: the same page, which names nobody."""
    address, _, query = reader.link.partition("?")
    token = address.rpartition("/")[2]
    flipped = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    answers = [
        httpx.post(f"{address.replace(token, one)}?{query}", content=ONE_CLICK)
        for one in (flipped, token[:-1], token + "A", "A" * 96)
    ]

    assert {one.status_code for one in answers} == {404}
    assert all(reader.tenant.name not in one.text for one in answers)
    assert reader.is_written_to


def test_an_erased_persons_link_still_works(reader, tenant):
    """There is no address any more; its hash goes onto the list."""
    body = {"email": ADDRESS, "reason": "asked"}
    assert tenant.client.post("/v1/erasures", json=body).status_code == 200

    assert httpx.post(reader.link, content=ONE_CLICK).status_code == 200

    assert not reader.is_written_to
    [entry] = tenant.client.get("/v1/suppressions").json()["suppressions"]
    assert entry["address"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_readers_language(server, tenant, language):
    """As the mail was; it needs no script, and says whose mails they are."""
    reader = Reader(server, tenant, language)

    page = httpx.get(reader.link)

    assert f'<html lang="{language}"' in page.text
    assert ('dir="rtl"' in page.text) == (language == "ar")
    assert reader.tenant.name in page.text
    assert "{" not in page.text.partition("<main")[2]
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.text.count("<button") == 1
    assert f"?l={language}" in page.text
