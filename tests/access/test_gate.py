"""The gate: what a request says about its sender, and what becomes of it."""

import time

import pytest

from testamur.access.gate import MADE_UP_KEYS, MEMORY_ENTRIES
from testamur.access.keys import Keys
from testamur.core.refusals import Kind


class LosesKeys:
    """A keyring that forgets what it is given."""

    def add_key(self, key, digest, *, by):
        """Forget *key*."""


NOTHING_SENT = [
    pytest.param({}, "missing_api_key", id="no-header"),
    pytest.param({"api_keys": [""]}, "missing_api_key", id="empty-key"),
    pytest.param({"authorizations": [""]}, "missing_api_key", id="empty-authorization"),
    pytest.param({"authorizations": ["Bearer"]}, "invalid_token", id="bearer-alone"),
    pytest.param({"authorizations": ["Bearer "]}, "invalid_token", id="bearer-space"),
    pytest.param({"authorizations": ["Basic eDp5"]}, "invalid_token", id="basic"),
    pytest.param({"authorizations": ["Bearer a b"]}, "invalid_token", id="two-words"),
]


@pytest.mark.parametrize(("sent", "code"), NOTHING_SENT)
def test_who_sends_no_credential_is_told_how(room, sent, code):
    """The answer names the header to send."""
    refusal = room.refusal(**sent)

    assert (refusal.kind, refusal.code) == (Kind.NOT_AUTHENTICATED, code)
    assert "Bearer" in refusal.detail


def _mixed(room):
    tenant, other = room.tenant(), room.tenant("other")
    key, second = (room.keys.create(tenant).text for _ in range(2))
    token = room.tokens.create(tenant).text
    return {
        "A12-two-tenants": (key, room.keys.create(other).text),
        "A12-two-keys": (key, second),
        "A12-key-and-token": (key, token),
        "A12-key-and-made-up": (key, "pk_" + "0" * 64),
        "A12-made-up-and-key": ("pk_" + "0" * 64, key),
    }


@pytest.mark.parametrize(
    "case",
    [
        "A12-two-tenants",
        "A12-two-keys",
        "A12-key-and-token",
        "A12-key-and-made-up",
        "A12-made-up-and-key",
    ],
)
def test_two_identities_are_ambiguous(room, case):
    """Two headers that disagree are refused before either is believed."""
    api_key, bearer = _mixed(room)[case]

    refusal = room.refusal(api_keys=[api_key], authorizations=[f"Bearer {bearer}"])

    assert (refusal.kind, refusal.code) == (Kind.MALFORMED, "ambiguous_credentials")


def test_another_scheme_beside_a_key_is_ambiguous(room):
    """A12: `Authorization: Basic` is a second identity, too."""
    key = room.keys.create(room.tenant()).text

    refusal = room.refusal(api_keys=[key], authorizations=["Basic eDp5"])

    assert refusal.code == "ambiguous_credentials"


@pytest.mark.parametrize("header", ["api_keys", "authorizations", "tenants"])
def test_a_header_is_sent_once(room, header):
    """A13: a header sent twice is refused, also with the same value."""
    key = room.keys.create(room.tenant()).text
    values = {"api_keys": key, "authorizations": f"Bearer {key}", "tenants": "academy"}
    sent = {"api_keys": [key], header: [values[header]] * 2}

    refusal = room.refusal(**sent)

    assert (refusal.kind, refusal.code) == (Kind.MALFORMED, "duplicate_header")


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("other", id="A13-another-tenant"),
        pytest.param("Academy", id="A13-case"),
        pytest.param("аcademy", id="A13-cyrillic"),
        pytest.param("", id="A13-empty"),
        pytest.param("academy ", id="A13-space"),
        pytest.param("academy, other", id="A13-list"),
        pytest.param("nobody", id="A13-unknown"),
    ],
)
def test_another_tenants_slug_answers_like_an_unknown_one(room, slug):
    """I20: the answer to a foreign slug is the answer to one that nobody has."""
    key = room.keys.create(room.tenant()).text
    room.tenant("other")

    refusal = room.refusal(api_keys=[key], tenants=[slug])
    unknown = room.refusal(api_keys=[key], tenants=["nobody-at-all"])

    assert refusal.kind is Kind.NOT_FOUND
    assert (refusal.code, refusal.detail) == (unknown.code, unknown.detail)
    assert room.refusal(api_keys=[key], tenants=["academy"]) is None


def test_a_poll_asks_the_database_every_two_seconds_at_most(room):
    """Two hundred polls within two seconds ask once, for a key and for a token."""
    tenant = room.tenant()
    key = {"api_keys": [room.keys.create(tenant).text]}
    token = {"authorizations": [f"Bearer {room.tokens.create(tenant).text}"]}

    for sent in (key, token):
        with room.statements() as statements:
            for _ in range(200):
                assert room.refusal(**sent) is None
                room.clock.pass_seconds(0.0099)
        assert len([line for line in statements if "SELECT" in line]) == 1


def test_a_clock_set_back_does_not_keep_rights_alive(room):
    """What was remembered in the future is asked again."""
    tenant = room.tenant()
    made = room.keys.create(tenant)
    assert room.refusal(api_keys=[made.text]) is None

    room.keys.revoke(tenant, made.key.id)
    room.clock.pass_seconds(-3600)

    assert room.refusal(api_keys=[made.text]).code == "invalid_api_key"


def test_the_memory_is_bounded(room):
    """However many keys call, a fixed number of answers is remembered."""
    tenant = room.tenant()
    first = room.keys.create(tenant).text
    room.gate.authenticate(api_keys=[first])

    # We made them, and the database knows nothing of them, as after a restore.
    lost = Keys(LosesKeys(), room.secret, room.clock)
    for _ in range(MEMORY_ENTRIES):
        assert "unknown" in room.refusal(api_keys=[lost.create(tenant).text]).detail

    with room.statements() as statements:
        room.gate.authenticate(api_keys=[first])
    assert statements, "the oldest answer was dropped for the newest"


def test_key_stuffing_is_slowed_and_locks_nobody_out(room):
    """A14: 100,000 made-up keys from one address end in TOO_OFTEN, ask the database
    nothing, and a real key from that very address still works."""
    key = room.keys.create(room.tenant()).text
    kinds = {Kind.NOT_AUTHENTICATED: 0, Kind.TOO_OFTEN: 0}

    started = time.process_time()
    with room.statements() as statements:
        for number in range(100_000):
            refusal = room.refusal(api_keys=[f"pk_{number:064x}"], client="192.0.2.1")
            kinds[refusal.kind] += 1
    seconds = time.process_time() - started

    assert kinds[Kind.NOT_AUTHENTICATED] == MADE_UP_KEYS.burst
    assert refusal.retry_after_seconds == 2
    assert statements == []
    assert seconds < 20, "less than 0.2 ms each, on a slow machine"
    assert room.refusal(api_keys=[key], client="192.0.2.1") is None


def test_stuffing_is_counted_per_address(room):
    """Another address is not blamed; the rest of an IPv6 customer's network is."""

    def kind(client):
        return room.refusal(api_keys=["pk_" + "0" * 64], client=client).kind

    for client in ("192.0.2.1", "2001:db8:1:2::1"):
        for _ in range(MADE_UP_KEYS.burst):
            assert kind(client) is Kind.NOT_AUTHENTICATED

    assert kind("192.0.2.1") is Kind.TOO_OFTEN
    assert kind("::ffff:192.0.2.1") is Kind.TOO_OFTEN
    assert kind("2001:db8:1:2:ffff::9") is Kind.TOO_OFTEN
    assert kind("192.0.2.2") is Kind.NOT_AUTHENTICATED
    assert kind("2001:db8:1:3::1") is Kind.NOT_AUTHENTICATED
    assert kind("") is Kind.NOT_AUTHENTICATED


def test_who_waits_as_told_may_try_again(room):
    """After Retry-After the next made-up key is answered, not refused as too many."""
    sent = {"api_keys": ["pk_" + "0" * 64], "client": "192.0.2.1"}
    for _ in range(MADE_UP_KEYS.burst):
        room.refusal(**sent)
    refused = room.refusal(**sent)

    room.clock.pass_seconds(refused.retry_after_seconds)

    assert refused.kind is Kind.TOO_OFTEN
    assert room.refusal(**sent).kind is Kind.NOT_AUTHENTICATED
