"""Mails on the wire: a real SMTP server that refuses, hangs up, or says nothing."""

import email
import email.policy
import ssl

import pytest
import trustme

from support.mail_server import mail_server
from testamur.adapters.files.mail_folder import MailFolder
from testamur.adapters.smtp.post import SmtpPost
from testamur.core.refusals import Fault
from testamur.delivery.letter import Letter, mail_of
from testamur.delivery.ports import Undeliverable, Unreachable

LETTER = Letter(
    from_name="University of Ćwikła",
    to_name="Zoë Ångström",
    subject="Please sign: Diploma №7",
    heading="University of Ćwikła asks for your signature",
    lines=("The document is called “Diploma №7”.", "<b>not bold</b> & علي"),
    link=("Read and sign", "https://example.org/sign/abc"),
    closing=("If you did not expect this, you need not do anything.",),
)


def mail(recipient="zoe@example.org", letter=LETTER, sender="house@example.org"):
    """Return *letter* as it travels."""
    return mail_of(
        letter,
        id="a1b2",
        message_id="<a1b2@example.org>",
        sender=sender,
        recipient=recipient,
        written_at=1_764_547_200_000,
    )


def read(data):
    """Return a mail as a mail program sees it."""
    return email.message_from_bytes(data, policy=email.policy.default)


def send(server, *mails, **options):
    """Hand over *mails* in one round."""
    post = SmtpPost(
        options.pop("url", f"smtp://127.0.0.1:{server.port}"),
        hello="example.org",
        timeout_seconds=1,
    )
    with post.round() as hand_over:
        for one in mails:
            hand_over(one)


def test_a_mail_arrives_as_it_was_written():
    """Text and HTML say the same, in every script; both name the link."""
    with mail_server() as server:
        send(server, mail())

    [(sender, recipient, data)] = server.mails
    found = read(data)
    text = found.get_body(("plain",)).get_content()
    html = found.get_body(("html",)).get_content()
    assert (sender, recipient) == ("house@example.org", "zoe@example.org")
    assert found["from"].addresses[0].display_name == "University of Ćwikła"
    assert found["to"].addresses[0].display_name == "Zoë Ångström"
    assert found["subject"] == "Please sign: Diploma №7"
    assert found["message-id"] == "<a1b2@example.org>"
    assert found["auto-submitted"] == "auto-generated"
    for body in (text, html):
        assert "https://example.org/sign/abc" in body
        assert "علي" in body
    assert "<b>" not in html
    assert "<img" not in html
    assert all(len(line) <= 998 for line in data.splitlines())
    assert data.isascii()


def test_the_same_letter_is_the_same_mail():
    """What is sent again is byte for byte what was sent before."""
    assert mail().data == mail().data


def test_a_round_of_mails_needs_one_connection():
    """Ten mails, one greeting."""
    with mail_server() as server:
        send(server, *[mail(f"p{number}@example.org") for number in range(10)])

    assert len(server.mails) == 10
    assert server.connections == 1


@pytest.mark.parametrize(
    "name",
    ["Eve\r\nBcc: all@example.org", "Eve\nX: y", "Eve\u2028Bcc: x", 'E" <a@b.c>, "'],
)
def test_nothing_gets_into_the_headers(name):
    """A name is a name, whatever it holds; there is one recipient, no new header."""
    letter = Letter(name, name, name, name, (name,))

    found = read(mail(letter=letter).data)

    assert found["bcc"] is None
    assert found["x"] is None
    assert [one.addr_spec for one in found["to"].addresses] == ["zoe@example.org"]
    assert [one.addr_spec for one in found["from"].addresses] == ["house@example.org"]


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nRCPT TO:<b@example.org>", "a@b, c@d", "", "a b@c.d"]
)
def test_what_is_no_address_is_refused(address):
    """Not even the server is asked."""
    with pytest.raises(Undeliverable):
        mail(address)


def test_a_domain_beyond_ascii_travels_as_the_dns_has_it():
    """Every server takes it."""
    with mail_server(utf8=False) as server:
        send(server, mail("zoe@bücher.example"))

    assert server.mails[0][1] == "zoe@xn--bcher-kva.example"


def test_an_address_beyond_ascii_needs_a_server_that_takes_it():
    """It arrives where it can, and is refused by name where it cannot (RFC 6531)."""
    with mail_server(utf8=True) as server:
        send(server, mail("zoë@example.org"))
    with mail_server(utf8=False) as other, pytest.raises(Undeliverable, match="UTF8"):
        send(other, mail("zoë@example.org"))

    assert server.mails[0][1] == "zoë@example.org"
    assert other.mails == []


def test_a_recipient_who_does_not_exist_is_refused_for_good():
    """And the next mail of the round goes out over the same connection."""
    with mail_server() as server:
        server.to_rcpt = ["550 5.1.1 no zoe@example.org here"]
        post = SmtpPost(f"smtp://127.0.0.1:{server.port}", hello="example.org")
        with post.round() as hand_over:
            with pytest.raises(Undeliverable) as refused:
                hand_over(mail())
            hand_over(mail())

    assert str(refused.value) == "mail server: 550 to RCPT"
    assert len(server.mails) == 1
    assert server.connections == 1


@pytest.mark.parametrize("to_data", ["451 later", "drop"])
def test_what_may_pass_is_not_the_end(to_data):
    """A server that is busy, or hangs up: this mail goes out later, the next now."""
    with mail_server() as server:
        server.to_data = [to_data]
        post = SmtpPost(f"smtp://127.0.0.1:{server.port}", hello="example.org")
        with post.round() as hand_over:
            with pytest.raises(Fault) as trouble:
                hand_over(mail())
            hand_over(mail())

    assert trouble.value.passing
    assert "zoe" not in str(trouble.value)
    assert len(server.mails) == 2


def test_a_server_that_says_nothing_is_not_waited_for():
    """After its time the mail is one that may be taken later."""
    with mail_server() as server:
        server.to_data = ["hang"]
        with pytest.raises(Fault, match="no answer in time"):
            send(server, mail())


def test_nobody_there_is_told_apart():
    """Other mails need not be tried then."""
    with mail_server() as server:
        port = server.port

    with pytest.raises(Unreachable, match="refused"):
        send(server, mail(), url=f"smtp://127.0.0.1:{port}")


def test_whoever_has_a_password_says_it():
    """A right one opens; a wrong one is the operator's trouble, and quoted nowhere."""
    with mail_server(login=True) as server:
        send(server, mail(), url=f"smtp://me%40x:right@127.0.0.1:{server.port}")
        with pytest.raises(Unreachable) as trouble:
            send(server, mail(), url=f"smtp://me:wrong@127.0.0.1:{server.port}")

    assert server.logins[0] == (b"me@x", b"right")
    assert len(server.mails) == 1
    assert "wrong" not in repr(trouble.value)
    assert "login refused" in str(trouble.value)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_mail_travels_encrypted_to_a_server_that_is_who_it_says(scheme):
    """And not at all to one whose certificate nobody vouches for."""
    house, nobody = trustme.CA(), trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    house.issue_cert("localhost").configure_cert(theirs)
    ours = ssl.create_default_context()
    house.configure_trust(ours)
    strict = ssl.create_default_context()
    nobody.configure_trust(strict)
    how = {"tls": theirs} if scheme == "smtps" else {"tls_context": theirs}
    if scheme == "smtp+starttls":
        how["require_starttls"] = True
    with mail_server(**how) as server:
        url = f"{scheme}://localhost:{server.port}"
        with SmtpPost(url, hello="x.example", context=ours).round() as hand_over:
            hand_over(mail())
        post = SmtpPost(url, hello="x.example", context=strict)
        with (
            post.round() as hand_over,
            pytest.raises(Unreachable, match="certificate"),
        ):
            hand_over(mail())

    assert len(server.mails) == 1


def test_without_a_server_mails_are_files(tmp_path):
    """Each is one `.eml`, and stays one when it is sent again."""
    folder = MailFolder(tmp_path / "mail")

    for _ in range(2):
        with folder.round() as put:
            put(mail())

    [path] = (tmp_path / "mail").iterdir()
    assert path.suffix == ".eml"
    assert path.read_bytes() == mail().data
