"""API keys: who has one is let in, who has none is not."""

import re
from pathlib import Path

import pytest

from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal

ALL = {scope.value for scope in Scope}


def test_a_key_opens_either_way(room):
    """The same key works as x-api-key and as a bearer, and says who calls."""
    tenant = room.tenant()
    made = room.keys.create(tenant, name="laptop")

    by_header = room.gate.authenticate(api_keys=[made.text])
    as_bearer = room.gate.authenticate(authorizations=[f"bearer  {made.text}"])
    both = room.gate.authenticate(
        api_keys=[made.text], authorizations=[f"Bearer {made.text}"]
    )

    assert by_header == as_bearer == both
    assert by_header.tenant == tenant
    assert by_header.credential_id == made.key.id
    assert by_header.scopes == ALL


def test_a_key_has_the_documented_form(room):
    """`pk_` and 64 hexadecimal digits, every time others."""
    tenant = room.tenant()

    texts = {room.keys.create(tenant).text for _ in range(20)}

    assert len(texts) == 20
    assert all(re.fullmatch("pk_[0-9a-f]{64}", text) for text in texts)


def test_a_list_tells_keys_apart_without_showing_them(room):
    """A list has name, scopes and hint: the first seven and last four characters."""
    tenant = room.tenant()
    first = room.keys.create(tenant, name="one", scopes=["bulk:mint"])
    room.clock.pass_seconds(1)
    second = room.keys.create(tenant, name="two")
    room.keys.create(room.tenant("other"))

    assert room.keys.list(tenant) == [first.key, second.key]
    assert first.key.hint == f"{first.text[:7]}…{first.text[-4:]}"
    assert first.key.scopes == {"bulk:mint"}
    assert first.text not in repr(first)


def test_neither_keys_nor_tokens_nor_the_secret_are_stored(room, tmp_path: Path):
    """I22: no file of the database has any of them, whole or in part."""
    tenant = room.tenant()
    key = room.keys.create(tenant, name="canary").text
    token = room.tokens.create(tenant).text
    room.gate.authenticate(api_keys=[key])
    room.gate.authenticate(authorizations=[f"Bearer {token}"])

    files = [path for path in tmp_path.iterdir() if path.is_file()]
    stored = b"".join(path.read_bytes() for path in files)

    assert b"canary" in stored, "the files are the ones that hold the keys"
    for canary in (
        key.encode(),
        key[7:-4].encode(),
        bytes.fromhex(key[3:]),
        token.split(".")[2].encode(),
        b"s" * 32,
    ):
        assert canary not in stored
    assert key not in repr(room.gate.__dict__)


FORMS = [
    pytest.param(lambda key: key[:-1], id="A11-truncated"),
    pytest.param(lambda key: key + "0", id="A11-too-long"),
    pytest.param(lambda key: key.upper(), id="A11-upper-case"),
    pytest.param(lambda key: "pk_" + key[3:].upper(), id="A11-upper-case-digits"),
    pytest.param(lambda key: key.replace("pk_", "pk_live_"), id="A11-other-prefix"),
    pytest.param(lambda key: key[3:], id="A11-no-prefix"),
    pytest.param(lambda key: f"{key[:20]} {key[20:]}", id="A11-space-inside"),
    pytest.param(lambda key: f"\t{key}", id="A11-tab-before"),
    pytest.param(lambda key: f"{key}\n", id="A11-newline-after"),
    pytest.param(lambda key: f"{key}\x00", id="A11-nul-after"),
    pytest.param(lambda key: f"{key}, {key}", id="A11-list"),
    pytest.param(lambda key: "pk_" + "٣" * 64, id="A11-other-digits"),
    pytest.param(lambda key: "pk_" + "g" * 64, id="A11-not-hexadecimal"),
    pytest.param(lambda key: "pk_" + "0" * 1_000_000, id="A11-1-MB"),
    pytest.param(lambda key: "pk_", id="A11-prefix-alone"),
    pytest.param(lambda key: "' OR 1=1--", id="A11-sql"),
]

MADE_UP = [
    pytest.param(lambda key: "pk_" + "0" * 64, id="A11-right-prefix-wrong-body"),
    pytest.param(
        lambda key: key[:-1] + "0123456789abcdef"[int(key[-1], 16) - 1],
        id="A11-last-digit-changed",
    ),
    pytest.param(
        lambda key: key[:3] + "0123456789abcdef"[int(key[3], 16) - 1] + key[4:],
        id="A11-first-digit-changed",
    ),
]


@pytest.mark.parametrize("change", FORMS + MADE_UP)
@pytest.mark.parametrize("way", ["x-api-key", "bearer"])
def test_what_is_not_a_key_of_ours_is_refused_without_the_database(room, change, way):
    """A11, A14: what was never made here is told by its form or its tag."""
    text = change(room.keys.create(room.tenant()).text)
    is_header = way == "x-api-key"
    sent = {"api_keys": [text]} if is_header else {"authorizations": [f"Bearer {text}"]}

    with room.statements() as statements:
        refusal = room.refusal(**sent)

    assert refusal.kind is Kind.NOT_AUTHENTICATED
    assert refusal.code in ("invalid_api_key", "invalid_token")
    assert statements == []
    assert len(refusal.detail) < 200


def test_another_houses_key_is_refused(room):
    """A key made under another operator secret was never made here."""
    from support.access import AccessRoom

    elsewhere = AccessRoom(room.database, secret=b"another secret of thirty-two by.")
    text = elsewhere.keys.create(elsewhere.tenant()).text

    assert room.refusal(api_keys=[text]).code == "invalid_api_key"
    assert elsewhere.refusal(api_keys=[text]) is None


@pytest.mark.parametrize("is_seen_before", [False, True], ids=["fresh", "remembered"])
def test_a_revoked_key_is_refused_within_five_seconds(room, is_seen_before):
    """A10, A11, I21: also by a process that let it in a moment ago; revoking again
    changes nothing."""
    tenant = room.tenant()
    made = room.keys.create(tenant)
    if is_seen_before:
        room.gate.authenticate(api_keys=[made.text])

    room.keys.revoke(tenant, made.key.id)
    revoked = room.keys.list(tenant)
    room.clock.pass_seconds(4.9)
    room.keys.revoke(tenant, made.key.id)

    refusal = room.refusal(api_keys=[made.text])
    assert (refusal.kind, refusal.code) == (Kind.NOT_AUTHENTICATED, "invalid_api_key")
    assert "revoked" in refusal.detail
    assert room.keys.list(tenant) == revoked


def test_an_expired_key_is_refused_at_its_moment(room):
    """A key works until its last millisecond, remembered or not."""
    tenant = room.tenant()
    expires_at = room.clock() + 1_500
    made = room.keys.create(tenant, expires_at=expires_at)
    room.clock.now = expires_at - 1
    assert room.refusal(api_keys=[made.text]) is None

    room.clock.now = expires_at

    refusal = room.refusal(api_keys=[made.text])
    assert refusal.code == "invalid_api_key"
    assert "expired" in refusal.detail


def test_a_key_cannot_be_made_expired(room):
    """An expiry that has passed is a mistake, and is said."""
    with pytest.raises(Refusal) as refusal:
        room.keys.create(room.tenant(), expires_at=room.clock())

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "expiry_range")


def test_another_tenants_key_answers_like_a_missing_one(room):
    """I20: revoking a foreign key says what revoking no key says, and does nothing."""
    mine, theirs = room.tenant(), room.tenant("theirs")
    made = room.keys.create(theirs)

    answers = []
    for key_id in (made.key.id, "0" * 24):
        with pytest.raises(Refusal) as refusal:
            room.keys.revoke(mine, key_id)
        answers.append((refusal.value.kind, refusal.value.code, refusal.value.detail))

    assert answers[0] == answers[1]
    assert answers[0][:2] == (Kind.NOT_FOUND, "key_not_found")
    assert room.refusal(api_keys=[made.text]) is None
