"""A mail goes out by a real mail server, and comes back by every way there is."""

import email
import email.policy
import re
import subprocess
from pathlib import Path

import dkim
import httpx
import pytest

from support import nursery
from support.mail_server import mail_server, until
from support.paperwork import Paperwork
from support.returned_mails import COMPLAINT, returned
from support.server import TESTAMUR, running
from support.vault import VaultClient
from testamur.wiring.vault_mail import telling

DOMAIN = "example.org"


@pytest.fixture(scope="module")
def post():
    """Return the mail server that takes our mails."""
    with mail_server() as taken:
        yield taken


@pytest.fixture(scope="module")
def house(post, tmp_path_factory):
    """Return a server whose mails are signed, and come back into a Maildir."""
    maildir = tmp_path_factory.mktemp("maildir")
    for name in ("tmp", "new", "cur"):
        (maildir / name).mkdir()
    with running(
        TESTAMUR_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
        TESTAMUR_MAIL_FROM=f"House <house@{DOMAIN}>",
        TESTAMUR_BOUNCE_ADDRESS=f"bounces@{DOMAIN}",
        TESTAMUR_BOUNCE_MAILDIR=str(maildir),
    ) as server:
        server.office.dkim.add(DOMAIN, by="operator")
        yield server


@pytest.fixture
def tenant(house):
    """Return a new tenant of that server."""
    return house.tenant()


def mail_to(post, address):
    """Return the mail to *address*, once it is there: envelope sender and bytes."""
    return until(
        lambda: next(
            ((back, data) for back, to, data in post.mails if to == address), None
        )
    )


def tell(tenant, address):
    """Have the tenant issue somebody a certificate, who is told of it."""
    client = VaultClient(tenant)
    client.done(client.entry(applicant_email=address))
    telling(tenant.server.office)()  # the server does so every five seconds


def delivery(house, address):
    """Return the state of the mail to *address*, and what came back."""
    query = (
        "SELECT state, returned_code FROM outbox "
        f"WHERE recipient = '{address}' ORDER BY created_at DESC LIMIT 1"
    )
    with house.office.database.reading() as connection:
        return tuple(connection.exec_driver_sql(query).one())


def accepted(house, address):
    """Return once the mail to *address* is known to be taken."""
    until(lambda: delivery(house, address)[0] in ("sent", "accepted"))


def test_a_mail_to_many_is_signed_and_offers_no_more_of_them(house, post, tenant):
    """One click stops it; its headers reach the reader whole."""
    address = "one-click@example.com"
    tell(tenant, address)
    back, data = mail_to(post, address)
    mail = email.message_from_bytes(data, policy=email.policy.SMTP)

    [key] = house.office.dkim.keys(DOMAIN)
    assert dkim.verify(data, dnsfunc=lambda name, timeout=5: key.record.encode())
    assert re.fullmatch(r"bounces\+[0-9a-f]{24}[a-z2-7]{16}@example\.org", back)
    raw = dict(email.message_from_bytes(data).items())
    ways = re.sub(r"\r?\n\s*", " ", raw["List-Unsubscribe"])
    link = re.match(r"<(http[^>]+)>, <mailto:bounces@example\.org\?subject=", ways)[1]
    assert raw["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert link in mail.get_body((kind,)).get_content().replace("&amp;", "&")

    assert httpx.post(link, content=b"List-Unsubscribe=One-Click").status_code == 200
    [entry] = tenant.client.get("/v1/suppressions").json()["suppressions"]
    assert (entry["address"], entry["reason"]) == (address, "unsubscribed")


def test_who_is_on_the_list_is_not_written_to(house, post, tenant):
    """The mail is suppressed, and the mail server hears nothing of it."""
    address = "listed@example.com"
    tenant.client.post("/v1/suppressions", json={"address": address.upper()})

    tell(tenant, address)
    tell(tenant, "after-listed@example.com")

    until(lambda: delivery(house, address)[0] == "suppressed")
    mail_to(post, "after-listed@example.com")
    assert address not in [to for _, to, _ in post.mails]


@pytest.mark.parametrize(
    ("reason", "is_written"), [("unsubscribed", True), ("complained", False)]
)
def test_who_unsubscribed_is_still_asked_to_sign(
    house, post, tenant, reason, is_written
):
    """Somebody waits for that; who complained is not written to at all."""
    address = f"signer-{reason}@example.com"
    body = {"address": address, "reason": reason}
    tenant.client.post("/v1/suppressions", json=body)

    Paperwork(house, tenant).asked(address)

    if is_written:
        _, data = mail_to(post, address)
        assert "List-Unsubscribe" not in email.message_from_bytes(data)
    else:
        until(lambda: delivery(house, address)[0] == "suppressed")


def test_a_bounce_in_the_maildir_is_taken_out_of_it(house, post, tenant):
    """What proves nothing stays, for a person to look at."""
    address = "maildir@example.com"
    tell(tenant, address)
    back, _ = mail_to(post, address)
    accepted(house, address)
    maildir = Path(house.environment["TESTAMUR_BOUNCE_MAILDIR"])
    (maildir / "secret").write_bytes(returned(back=back))
    (maildir / "new" / "link").symlink_to(maildir / "secret")
    for name, data in (
        ("forged", returned(back="bounces+nobody@example.org")),
        ("good", returned(back=back)),
    ):
        (maildir / "tmp" / name).write_bytes(data)
        (maildir / "tmp" / name).rename(maildir / "new" / name)

    until(lambda: delivery(house, address) == ("bounced", "5.1.1"))
    until(lambda: not list((maildir / "new").iterdir()))

    kept = sorted(path.name for path in (maildir / "cur").iterdir())
    assert kept == ["forged:2,S", "link:2,S"]
    figures = httpx.get(f"{house.url}/metrics").text
    assert 'testamur_mail_returns{outcome="forged"} 1.0' in figures


def pipe(house, data, **environment):
    """Hand *data* to the command as a mail server does."""
    return nursery.run(
        [TESTAMUR, "mail", "bounce"],
        env={**house.environment, **environment},
        cwd=house.folder,
        input=data,
        capture_output=True,
        timeout=60,
    )


def test_a_mail_server_hands_over_a_bounce(house, post, tenant):
    """By a pipe; to whom it came the mail server tells beside it."""
    address = "piped@example.com"
    tell(tenant, address)
    back, _ = mail_to(post, address)
    accepted(house, address)

    done = pipe(house, returned(back="x@y.org"), ORIGINAL_RECIPIENT=back)

    assert (done.returncode, done.stdout) == (0, b"bounced\n")
    assert delivery(house, address) == ("bounced", "5.1.1")
    assert pipe(house, b"garbage").returncode == 0


def test_a_mail_server_keeps_what_cannot_be_taken_in(house, tmp_path):
    """The exit status says so (75), whatever the trouble is."""
    (tmp_path / "file").touch()

    done = pipe(house, returned(), TESTAMUR_DATA=str(tmp_path / "file" / "data"))

    assert done.returncode == 75
    assert done.stderr.startswith(b"testamur: not taken in: ")


def test_a_program_hands_in_bounces_and_complaints(house, post, tenant):
    """As they came, or as a mail service tells them; only of the tenant's own mails."""
    stranger = house.tenant()
    for address in ("raw@example.com", "told@example.com"):
        tell(tenant, address)
    back, _ = mail_to(post, "raw@example.com")
    _, data = mail_to(post, "told@example.com")
    message_id = email.message_from_bytes(data)["message-id"]
    for address in ("raw@example.com", "told@example.com"):
        accepted(house, address)
    raw = {
        "content": returned(COMPLAINT, back=back),
        "headers": {"content-type": "message/rfc822"},
    }
    told = {
        "json": {
            "type": "bounce",
            "messageId": message_id.strip("<>"),
            "code": "5.1.1",
            "words": "no such user told@example.com",
        }
    }

    for who, expected in ((stranger, "forged forged"), (tenant, "complained bounced")):
        answers = [who.client.post("/v1/mail/bounces", **one) for one in (raw, told)]
        assert [one.status_code for one in answers] == [200, 200]
        assert " ".join(one.json()["outcome"] for one in answers) == expected

    assert delivery(house, "raw@example.com")[0] == "complained"
    assert delivery(house, "told@example.com") == ("bounced", "5.1.1")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"type": "bounce"}}, 422),
        ({"json": {"type": "odd", "messageId": "<a@b>"}}, 422),
        ({"json": {"type": "bounce", "messageId": "<a@b>", "code": "550"}}, 422),
        ({"json": {"type": "bounce", "messageId": "<a@b>", "who": "x"}}, 422),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
        (
            {
                "content": b"x" * (1024 * 1024 + 1),
                "headers": {"content-type": "message/rfc822"},
            },
            413,
        ),
    ],
)
def test_what_cannot_be_a_bounce_is_refused(tenant, options, status):
    """And says what to send."""
    answer = tenant.client.post("/v1/mail/bounces", **options)

    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_pipe_is_read_to_its_end(house):
    """A mail larger than what is read is no broken pipe for the mail server."""
    data = returned() + b"x" * 3_000_000

    done = subprocess.run(
        [TESTAMUR, "mail", "bounce"],
        env=house.environment,
        cwd=house.folder,
        input=data,
        capture_output=True,
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (0, b"forged\n")
