"""I23: a signer's key opens with its PIN and the operator secret, and not with one."""

import pickle
import time

import pytest

from support.signers import CHEAP, PIN, WRONG
from testamur.core.pins import Password, Pin, read_pin
from testamur.core.refusals import Fault, Refusal
from testamur.documents.signers import envelope
from testamur.documents.signers.envelope import HARDNESS, Hardness

SALT = b"s" * 16
NAMED = envelope.name_of("tenant", 7, CHEAP.spelled(), (b"certificate",))


def opened(sealed, pin=PIN, house=b"h" * 32, salt=SALT, named=NAMED):
    """Return what comes out, with these means."""
    stretched = envelope.stretch(Pin(pin), salt, CHEAP)
    sealing = envelope.sealing_key(stretched, house, salt)
    return envelope.unseal(sealed, sealing, named)


@pytest.fixture
def sealed():
    """Return a sealed key."""
    stretched = envelope.stretch(Pin(PIN), SALT, CHEAP)
    return envelope.seal(
        b"the key", envelope.sealing_key(stretched, b"h" * 32, SALT), NAMED
    )


def test_both_together_open_it(sealed):
    """PIN and operator secret, in its own row."""
    assert opened(sealed) == b"the key"


@pytest.mark.parametrize(
    "means",
    [
        {"pin": WRONG},
        {"pin": PIN + " "},
        {"house": b"H" * 32},
        {"house": bytes(32)},
        {"salt": b"S" * 16},
        {"named": envelope.name_of("other", 7, CHEAP.spelled(), (b"certificate",))},
        {"named": envelope.name_of("tenant", 8, CHEAP.spelled(), (b"certificate",))},
        {"named": envelope.name_of("tenant", 7, "argon2id:1:1:1", (b"certificate",))},
        {"named": envelope.name_of("tenant", 7, CHEAP.spelled(), (b"another",))},
    ],
    ids=str,
)
def test_nothing_less_opens_it(sealed, means):
    """Each of them wrong, all the others right."""
    assert opened(sealed, **means) is None


def test_a_changed_byte_anywhere_is_noticed(sealed):
    """Also in what says which release wrote it; and whatever is too short."""
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert opened(bytes(changed)) is None
    assert opened(sealed[:20]) is None
    assert opened(b"") is None


def test_a_guess_costs_what_was_promised():
    """64 MiB and three passes, as RFC 9106 recommends: no guess is quick."""
    since = time.perf_counter()
    envelope.stretch(Pin(PIN), SALT, HARDNESS)

    assert time.perf_counter() - since > 0.03
    assert (HARDNESS.memory_kib, HARDNESS.passes) == (64 * 1024, 3)


def test_a_right_and_a_wrong_pin_take_the_same_time(sealed):
    """Nearly right is no nearer: what differs comes after the stretching."""

    def seconds(pin):
        found = []
        for _ in range(300):
            since = time.perf_counter()
            opened(sealed, pin)
            found.append(time.perf_counter() - since)
        return sorted(found)[len(found) // 2]

    near, far = seconds(PIN[:-1] + "8"), seconds("~" * 128)

    assert 0.5 < near / far < 2


def test_how_hard_it_was_is_read_back():
    """A later release may make it harder, and opens what was sealed before."""
    assert Hardness.read(HARDNESS.spelled()) == HARDNESS
    with pytest.raises(Fault):
        Hardness.read("md5:1")


def test_without_memory_a_guess_is_trouble_of_ours_and_shows_nothing():
    """And the PIN is in no exception that could be printed."""
    with pytest.raises(Fault, match="not enough memory") as caught:
        envelope.stretch(Pin(PIN), SALT, Hardness(2**31, 1, 1))

    assert caught.value.__context__ is None


@pytest.mark.parametrize("secret", [Pin(PIN), Password(PIN)])
def test_a_pin_does_not_show_itself(secret):
    """However it is printed; and it cannot be sent to another process by accident."""
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!a}"):
        assert PIN not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == PIN


@pytest.mark.parametrize(
    "value",
    [
        "123",
        "x" * 129,
        "１２３４５６",
        "1234\0",
        "1234\n",
        "12é45",
        123456,
        123456.0,
        True,
        ["123456"],
        {"pin": "123456"},
        b"123456",
        "1" * 1_000_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_has_not_the_form_of_a_pin_is_refused_for_that(value):
    """A15: 422 at the field, without the value."""
    with pytest.raises(Refusal) as caught:
        read_pin(value)

    assert (caught.value.code, caught.value.at) == ("pin_format", "pin")
    assert repr(value)[:9] not in str(caught.value)


@pytest.mark.parametrize("value", ["0000", "000000", "~ !a", "x" * 128])
def test_whatever_has_the_form_is_a_pin(value):
    """Whether it is a good one is the institution's to decide."""
    assert read_pin(value).reveal() == value
