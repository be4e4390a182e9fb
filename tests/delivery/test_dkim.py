"""Mails are signed (DKIM), and a library that is not ours verifies them."""

import base64
import re
from dataclasses import replace

import dkim
import pytest

from support.mail_server import mail_server
from testamur.adapters.smtp.post import SmtpPost
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.dkim_keys import SqlDkimKeys
from testamur.adapters.sql.migrate import migrate
from testamur.core.mail_keys import DkimAlgorithm
from testamur.core.refusals import Fault, Refusal
from testamur.delivery.dkim.keys import make_key, open_key
from testamur.delivery.dkim.signature import SEALED
from testamur.delivery.dkim.signing import Dkim
from testamur.delivery.letter import Letter, mail_of

SEALING = b"s" * 32


@pytest.fixture
def keys(tmp_path):
    """Return the keys of a house that has none yet."""
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    yield Dkim(SqlDkimKeys(database), lambda: SEALING, lambda: 1_000_000_000)
    database.close()


def mail(sender="house@example.org", subject="Ihr Zeugnis 证书"):
    """Return a mail in several scripts, with long lines and blanks at their ends."""
    letter = Letter("Höuse", "Ada", subject, "  Hello  ", ("x " * 300, "علي ", ""))
    return mail_of(
        letter,
        id="0" * 24,
        message_id="<1@example.org>",
        sender=sender,
        recipient="ada@example.com",
        written_at=1_700_000_000_000,
    )


def judged(keys, data):
    """Return what each signature comes to, by the records of *keys*."""
    records = {f"{one.record_name}.".encode(): one.record.encode() for one in keys}
    count = len(re.findall(rb"(?m)^DKIM-Signature:", data))
    verdicts = []
    for number in range(count):
        try:
            verdicts.append(
                dkim.DKIM(data).verify(
                    number, lambda name, timeout=5: records.get(name)
                )
            )
        except dkim.DKIMException as problem:
            verdicts.append(type(problem).__name__)
    return verdicts


def test_both_kinds_of_signature_verify(keys):
    """Together on one mail; the From's domain is the one that signs."""
    for algorithm in DkimAlgorithm:
        keys.add("Example.org", algorithm=algorithm, by="operator")

    signed = keys.signed(mail()).data

    assert judged(keys.keys(), signed) == [True, True]
    said = re.findall(rb"(?m)^DKIM-Signature: v=1; a=([^;]+);", signed)
    assert sorted(said) == [b"ed25519-sha256", b"rsa-sha256"]
    assert len(re.findall(rb" d=example\.org;", signed)) == 2
    assert max(map(len, signed.split(b"\r\n"))) < 998


@pytest.mark.parametrize("algorithm", list(DkimAlgorithm))
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"Hello", b"Hallo"),
        lambda data: data.replace(b"To: Ada", b"To: Bob"),
        lambda data: data.replace(b"\r\nSubject:", b"\r\nSubject: first\r\nSubject:"),
        lambda data: data.replace(b"\r\nFrom:", b"\r\nFrom: eve@x.org\r\nFrom:"),
        lambda data: data.replace(b"\r\nDate:", b"\r\nReply-To: eve@x.org\r\nDate:"),
        lambda data: data + b"more\r\n",
    ],
)
def test_a_changed_mail_does_not(keys, algorithm, change):
    """Nor one that got another header of a kind that is signed, there or not."""
    keys.add("example.org", algorithm=algorithm, by="operator")
    signed = keys.signed(mail()).data
    changed = change(signed)
    assert changed != signed

    assert judged(keys.keys(), changed) in ([False], ["ValidationError"])


def test_blanks_that_a_relay_changes_do_not_matter(keys):
    """Relaxed: headers folded anew, blanks at ends of lines and lines at the end."""
    keys.add("example.org", by="operator")
    signed = keys.signed(mail()).data

    head, _, body = signed.partition(b"\r\n\r\n")
    head = re.sub(rb"\r\nTo: ", rb"\r\nTO:\r\n\t ", head)
    body = body.replace(b"\r\n", b" \t\r\n") + b"\r\n\r\n"

    assert judged(keys.keys(), head + b"\r\n\r\n" + body) == [True]


def test_every_header_that_counts_is_signed_once_more_than_it_is_there(keys):
    """So that none can be added behind our back."""
    keys.add("example.org", by="operator")

    head = keys.signed(mail()).data.partition(b"\r\n\r\n")[0]

    said = re.search(rb"h=([^;]+);", re.sub(rb"\r\n[ \t]+", b"", head))
    names = said[1].decode().split(":")
    for name in SEALED:
        there = len(re.findall(rf"(?mi)^{name}:", head.decode()))
        assert names.count(name) == there + 1


def test_the_same_mail_has_the_same_signature(keys):
    """Sent again, it is the same bytes."""
    keys.add("example.org", by="operator")

    assert keys.signed(mail()) == keys.signed(mail())


def test_only_a_domains_own_mails_are_signed(keys):
    """A subdomain's by its parent's keys; another's not at all."""
    keys.add("example.org", by="operator")

    for sender, count in (
        ("a@example.org", 1),
        ("a@mail.example.org", 1),
        ("a@badexample.org", 0),
        ("a@org", 0),
    ):
        assert keys.signed(mail(sender)).data.count(b"DKIM-Signature") == count


def test_a_removed_key_signs_no_more(keys):
    """And what was signed with it does not verify once its record is gone."""
    key = keys.add("example.org", by="operator")
    signed = keys.signed(mail()).data

    keys.remove("example.org", key.selector, by="operator")

    assert keys.signed(mail()) == mail()
    assert judged([], signed) in ([False], ["KeyFormatError"])
    with pytest.raises(Refusal, match="no key with the selector"):
        keys.remove("example.org", key.selector, by="operator")


def test_another_key_under_the_same_name_does_not_verify(keys):
    """As when the record that was published is that of another installation."""
    key = keys.add("example.org", by="operator")
    other = make_key(
        key.domain, key.selector, key.algorithm, sealing=SEALING, now=key.created_at
    )

    assert judged([other], keys.signed(mail()).data) == [False]


@pytest.mark.parametrize("algorithm", list(DkimAlgorithm))
def test_a_key_that_does_not_open_lets_no_mail_go_unsigned(algorithm):
    """With another secret, in another row, or with another half: a mail waits."""
    key = make_key("example.org", "s", algorithm, sealing=SEALING, now=1)
    other = make_key("example.org", "s", algorithm, sealing=SEALING, now=1)

    for sealing, wrong in (
        (b"t" * 32, key),
        (SEALING, replace(key, domain="example.com")),
        (SEALING, replace(key, public=other.public)),
        (SEALING, replace(key, sealed=b"\x01")),
    ):
        with pytest.raises(Fault, match="does not open") as raised:
            open_key(wrong, sealing=sealing)
        assert raised.value.passing


def test_names_that_the_dns_could_not_have_are_refused(keys):
    """Before anything is kept."""
    for domain, selector in (
        ("example", None),
        ("exa mple.org", None),
        ("münchen.example", None),
        ("example.org", "a b"),
        ("example.org", "-a"),
        ("example.org", "a" * 64),
    ):
        with pytest.raises(Refusal):
            keys.add(domain, selector, by="operator")
    assert keys.keys() == []


def test_selectors_are_told_apart(keys):
    """A second key gets a name of its own, and cannot have the first one's."""
    first = keys.add("example.org", by="operator")
    second = keys.add("example.org", by="operator")

    assert (first.selector, second.selector) == ("testamur-rsa", "testamur-rsa2")
    with pytest.raises(Refusal, match="take another"):
        keys.add("example.org", "TESTAMUR-RSA", by="operator")


def test_what_a_mail_server_gets_verifies(keys):
    """Nothing between signing and the server changes a byte that is signed."""
    keys.add("example.org", by="operator")
    dotted = mail(subject=".")
    with mail_server() as server:
        post = SmtpPost(f"smtp://127.0.0.1:{server.port}", hello="example.org")
        with post.round() as hand_over:
            hand_over(keys.signed(dotted))

    [(_, _, data)] = server.mails
    assert judged(keys.keys(), data) == [True]


def test_the_record_is_what_the_dns_has_to_have(keys):
    """RFC 6376, 3.6.1, and RFC 8463, 4.2."""
    rsa, ed25519 = (
        keys.add("example.org", algorithm=one, by="operator") for one in DkimAlgorithm
    )

    assert rsa.record_name == "testamur-rsa._domainkey.example.org"
    assert rsa.record.startswith("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAA")
    assert len(base64.b64decode(ed25519.record.partition("p=")[2])) == 32
