"""The settings of mail: what is wrong is told, and no password is."""

import os

import pytest

from support import nursery
from support.server import TESTAMUR
from testamur.config import read_settings
from testamur.core.refusals import Refusal

URL = "smtp+starttls://me%40x:hunter2@mail.example.org"


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "smtps://mail.example.org:2465",
        "smtp://mail.example.org",
        "smtp://me:hunter2@127.0.0.1",
        "",
    ],
)
def test_a_mail_server_is_named_by_its_url(url, tmp_path):
    """Encrypted or not, with a user or without."""
    found = read_settings({"TESTAMUR_SMTP_URL": url}, tmp_path)

    assert found.smtp_url == url
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://me:hunter2@mail.example.org",
        "smtp://me:hunter2@mail.example.org",
        "smtps://me:hunter2@",
        "smtps://me:hunter2@host:port",
        "smtps://me:hunter2@host/path",
    ],
)
def test_what_is_wrong_with_it_is_told_without_it(url, tmp_path):
    """Whoever reads the message may not be who may know the password."""
    with pytest.raises(Refusal) as refused:
        read_settings({"TESTAMUR_SMTP_URL": url}, tmp_path)

    assert "TESTAMUR_SMTP_URL" in refused.value.detail
    assert "hunter2" not in refused.value.detail


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("house@example.org", True),
        ("University of Ćwikła <house@example.org>", True),
        ("nobody", False),
        ("a@b.c\nBcc: d@e.f", False),
        ("<a b@c.d>", False),
    ],
)
def test_mails_are_from_one_address(text, is_right, tmp_path):
    """With a name or without, and nothing behind it."""
    if is_right:
        found = read_settings({"TESTAMUR_MAIL_FROM": text}, tmp_path)
        assert found.mail_from == text
        return
    with pytest.raises(Refusal):
        read_settings({"TESTAMUR_MAIL_FROM": text}, tmp_path)


def test_the_settings_in_force_are_shown_without_the_password(tmp_path):
    """That it is set is shown, and where."""
    environment = {**os.environ, "TESTAMUR_SMTP_URL": URL}

    shown = nursery.run(
        [TESTAMUR, "config", "show"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "TESTAMUR_SMTP_URL = ***  (TESTAMUR_SMTP_URL)" in shown.stdout
    assert "hunter2" not in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("name", "text", "is_right"),
    [
        ("BOUNCE_ADDRESS", "bounces@example.org", True),
        ("BOUNCE_ADDRESS", "boun+ces@example.org", False),
        ("BOUNCE_ADDRESS", f"{'b' * 21}@example.org", False),
        ("BOUNCE_ADDRESS", "bounces", False),
        ("BOUNCE_IMAP", "imaps://me%40x:hunter2@mail.example.org/INBOX", True),
        ("BOUNCE_IMAP", "imap://me:hunter2@localhost:1143", True),
        ("BOUNCE_IMAP", "imap://me:hunter2@mail.example.org", False),
        ("BOUNCE_IMAP", "imaps://me@mail.example.org", False),
        ("BOUNCE_IMAP", "pop3://me:hunter2@mail.example.org", False),
        ("DNS_SERVER", "127.0.0.1:53", True),
        ("DNS_SERVER", "[::1]:53", True),
        ("DNS_SERVER", "localhost:53", False),
        ("DNS_SERVER", "127.0.0.1", False),
        ("MAIL_CHECK_FROM", "1000", True),
        ("MAIL_CHECK_FROM", "0", False),
    ],
)
def test_what_comes_back_and_what_is_asked_have_one_form(
    name, text, is_right, tmp_path
):
    """Each is named with what to write; no password is told."""
    environment = {f"TESTAMUR_{name}": text}
    if is_right:
        assert "hunter2" not in repr(read_settings(environment, tmp_path))
        return
    with pytest.raises(Refusal) as refused:
        read_settings(environment, tmp_path)

    assert f"TESTAMUR_{name}" in refused.value.detail
    assert "hunter2" not in refused.value.detail
