"""The operator secret: where it may be, who may read it, how strong it is."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from testamur.access.secret import OperatorSecret
from testamur.adapters.files.secret import read_secret, secret_path
from testamur.core.refusals import Fault


@pytest.fixture
def data(tmp_path):
    """The data directory, which holds no secret."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def path(tmp_path):
    """Where the secret belongs."""
    return tmp_path / "config" / "testamur" / "secret"


def put(path, content, mode=0o600):
    """Write a secret as an operator would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def test_a_first_start_makes_a_strong_secret(path, data):
    """It has 256 bits, is readable by its owner alone, and stays what it is."""
    made = read_secret(path, data=data, may_create=True)

    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["secret"]
    assert read_secret(path, data=data, may_create=True) == made
    OperatorSecret(made)


def test_processes_that_start_at_once_agree(path, data):
    """Whoever is first makes the secret; everybody has that one."""
    with ThreadPoolExecutor(8) as threads:
        made = set(
            threads.map(
                lambda _: read_secret(path, data=data, may_create=True), range(8)
            )
        )

    assert len(made) == 1
    assert os.listdir(path.parent) == ["secret"]


def test_a_missing_secret_is_not_made_up_where_hosts_share_one(path, data):
    """With several hosts, each making its own would be worse than not starting."""
    with pytest.raises(Fault, match="openssl rand -hex 32"):
        read_secret(path, data=data, may_create=False)

    assert not path.exists()


@pytest.mark.parametrize("place", ["secret", "deep/er/secret", "../data/secret"])
def test_a_secret_inside_the_data_is_refused(data, place):
    """A copy of the data must not be a copy of the secret."""
    put(data / place, b"00" * 32)

    with pytest.raises(Fault, match="inside the data directory"):
        read_secret(data / place, data=data, may_create=True)


def test_a_link_does_not_hide_a_secret_inside_the_data(path, data):
    """Where the file really is decides."""
    put(data / "secret", b"00" * 32)
    path.parent.mkdir(parents=True)
    path.symlink_to(data / "secret")

    with pytest.raises(Fault, match="inside the data directory"):
        read_secret(path, data=data, may_create=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o620])
def test_a_secret_others_can_reach_is_refused(path, data, mode):
    """The refusal says which command mends it."""
    put(path, b"00" * 32, mode)

    with pytest.raises(Fault, match="chmod 600"):
        read_secret(path, data=data, may_create=True)


@pytest.mark.parametrize("mode", [0o600, 0o400])
@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(b"ab" * 32 + b"\n", b"\xab" * 32, id="hexadecimal"),
        pytest.param(b"AB" * 32, b"\xab" * 32, id="upper-case"),
        pytest.param(b"correct horse battery staple, thrice\n",
                     b"correct horse battery staple, thrice", id="words"),
    ],
)  # fmt: skip
def test_an_operator_may_bring_a_secret(path, data, content, secret, mode):
    """Hexadecimal digits are the bytes they spell, anything else is as it is."""
    put(path, content, mode)

    assert read_secret(path, data=data, may_create=False) == secret


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"hunter2", "has 7 bytes", id="A09-password"),
        pytest.param(b"x" * 31, "has 31 bytes", id="A09-31-bytes"),
        pytest.param(b"ab" * 16, "has 16 bytes", id="A09-128-bits-in-hexadecimal"),
        pytest.param(b"", "is empty", id="A09-empty"),
        pytest.param(b" \n", "is empty", id="A09-blank"),
        pytest.param(b"x" * 4_097, "more than 4096", id="A09-another-file"),
    ],
)
def test_nothing_starts_on_a_weak_secret(path, data, content, says):
    """A09: fewer than 32 bytes are refused with the command that makes more."""
    put(path, content)

    with pytest.raises(Fault, match=says) as fault:
        OperatorSecret(read_secret(path, data=data, may_create=True))

    assert not fault.value.passing
    assert "hunter2" not in str(fault.value)


def test_a_pipe_or_a_folder_is_no_secret(path, data):
    """Starting does not wait for somebody to fill a pipe."""
    path.mkdir(parents=True)
    with pytest.raises(Fault, match="is not a file"):
        read_secret(path, data=data, may_create=True)

    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(Fault, match="is not a file"):
        read_secret(path, data=data, may_create=True)


def test_a_place_where_nothing_can_be_made_is_said(tmp_path, data):
    """The fault names the path and the reason."""
    (tmp_path / "file").touch()

    with pytest.raises(Fault, match="cannot be"):
        read_secret(tmp_path / "file" / "secret", data=data, may_create=True)


def test_the_default_is_in_the_users_configuration(tmp_path, monkeypatch):
    """XDG_CONFIG_HOME counts when it is absolute; a named file counts before all."""
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".config" / "testamur" / "secret"

    assert secret_path(None, {}) == home
    assert secret_path(None, {"XDG_CONFIG_HOME": "relative"}) == home
    at = secret_path(None, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert at == tmp_path / "xdg" / "testamur" / "secret"
    assert secret_path(tmp_path / "named", {}) == tmp_path / "named"


def test_each_purpose_has_a_key_of_its_own():
    """The same secret and purpose give the same key, anything else another."""
    secret = OperatorSecret(b"s" * 32)

    assert secret.derive("one") == OperatorSecret(b"s" * 32).derive("one")
    keys = {secret.derive("one"), secret.derive("two")}
    keys.add(OperatorSecret(b"t" * 32).derive("one"))
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)
    assert "s" * 32 not in repr(secret)
