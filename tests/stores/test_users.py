"""People who log in, and what they are logged in with, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from testamur.adapters.sql.fsck import violations
from testamur.core.clock import DAY, MINUTE
from testamur.core.refusals import Kind, Refusal

EMAIL = "Ana.Silva@Example.org"
PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"


@pytest.fixture
def room(database):
    """Return the access room, in which everything must agree when the test ends."""
    room = AccessRoom(database)
    yield room
    assert list(violations(database)) == []


@pytest.fixture
def ana(room):
    """Return a user of the tenant academy."""
    return room.users.create(room.tenant(), EMAIL, PASSWORD)


def log_in(room, email=EMAIL, password=PASSWORD, *, slug=None, client="192.0.2.1"):
    """Log in; return what it gives."""
    return room.sessions.log_in(email, password, slug=slug, client=client)


def refusal(verb, *args, **options) -> Refusal:
    """Return why *verb* refuses."""
    with pytest.raises(Refusal) as caught:
        verb(*args, **options)
    return caught.value


def is_good(room, session) -> bool:
    """Say whether a session's token is accepted by a process that remembers nothing."""
    bearer = [f"Bearer {session.token.text}"]
    try:
        room.another_gate().authenticate(authorizations=bearer)
    except Refusal:
        return False
    return True


def test_whoever_has_the_password_gets_tokens_of_their_tenant(room, ana):
    """However the address is written; for a year."""
    made = log_in(room, "  ana.silva@EXAMPLE.ORG")

    caller = room.gate.authenticate(authorizations=[f"Bearer {made.token.text}"])
    who = room.sessions.identity(caller)
    assert caller.tenant.id == ana.tenant_id
    assert made.expires_in == 365 * 24 * 3_600
    assert (who.id, who.number, who.email) == (ana.id, ana.number, EMAIL)
    room.clock.pass_seconds(364 * 24 * 3_600)
    assert is_good(room, made)
    room.clock.pass_seconds(2 * 24 * 3_600)
    assert not is_good(room, made)


def test_an_address_is_taken_once_in_a_tenant(room, ana):
    """In whatever letters; another tenant may know the same person."""
    academy = room.tenants.find("academy")

    taken = refusal(room.users.create, academy, EMAIL.upper(), PASSWORD)
    other = room.users.create(room.tenant("other"), EMAIL, PASSWORD)

    assert (taken.kind, taken.code) == (Kind.CONFLICT, "user_exists")
    assert other.number != ana.number
    assert [one.email for one in room.users.list(academy)] == [EMAIL]


def test_whom_two_tenants_know_names_one(room, ana):
    """Without it nobody is let in, and not told why, as with a wrong password."""
    room.users.create(room.tenant("other"), EMAIL, "another password")

    unnamed = refusal(log_in, room)
    mine = log_in(room, slug="academy")
    theirs = log_in(room, password="another password", slug="other")

    assert unnamed.code == "invalid_login"
    tenants = [
        room.gate.authenticate(authorizations=[f"Bearer {one.token.text}"]).tenant.slug
        for one in (mine, theirs)
    ]
    assert tenants == ["academy", "other"]


@pytest.mark.parametrize(
    "tried",
    [
        {"password": WRONG},
        {"password": ""},
        {"password": PASSWORD + "\ud800"},
        {"password": "x" * 2_000},
        {"email": "nobody@example.org"},
        {"email": "a\0b@example.org"},
        {"email": "\ud800@example.org"},
        {"email": "x" * 3_000},
        {"slug": "other"},
        {"slug": "nobodys"},
        {"slug": "a\0b"},
    ],
)
def test_whatever_is_wrong_is_told_alike(room, ana, tried):
    """Nobody learns who is known here, or what a database cannot be asked."""
    room.tenant("other")

    found = refusal(log_in, room, **tried)

    assert (found.kind, found.code) == (Kind.NOT_AUTHENTICATED, "invalid_login")
    assert found.detail == refusal(log_in, room, password=WRONG).detail


def test_a_wrong_password_takes_as_long_as_a_wrong_address(room, ana, monkeypatch):
    """For both a hash is computed, and only one."""
    computed = []
    matches = room.passwords.matches
    monkeypatch.setattr(
        room.passwords,
        "matches",
        lambda *args: computed.append(args[0]) or matches(*args),
    )

    refusal(log_in, room, password=WRONG)
    refusal(log_in, room, email="nobody@example.org")

    known, nobodys = computed
    assert known.startswith("$argon2id$")
    assert nobodys is None


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_after_five_wrong_passwords_comes_a_pause(room, ana, email):
    """For everybody, the right one included, on every host, known here or not."""
    hosts = [room.sessions, room.another_host()]
    for number in range(5):
        found = refusal(
            hosts[number % 2].log_in,
            email,
            WRONG,
            slug=None,
            client=f"192.0.2.{number}",
        )
        assert found.code == "invalid_login"

    paused = [
        refusal(host.log_in, email, PASSWORD, slug=None, client="198.51.100.1")
        for host in hosts
    ]

    for one in paused:
        assert (one.kind, one.code) == (Kind.TOO_OFTEN, "rate_limit_exceeded")
        assert one.retry_after_seconds == 15 * 60
    room.clock.pass_seconds(15 * 60)
    if email == EMAIL:
        assert is_good(room, log_in(room))
    else:
        assert refusal(log_in, room, email=email).code == "invalid_login"


def test_the_right_password_begins_the_count_anew(room, ana):
    """Who mistypes now and then is never kept out."""
    for _ in range(3):
        for _ in range(4):
            refusal(log_in, room, password=WRONG)
        log_in(room)
        room.clock.pass_seconds(10)  # or there would be too many from one client


def test_who_is_kept_out_for_now_is_not_so_for_longer_by_trying(room, ana):
    """What is refused is not counted: the pause ends."""
    for _ in range(5):
        refusal(log_in, room, password=WRONG)
    for _ in range(14):
        room.clock.pass_seconds(60)
        assert refusal(log_in, room).kind is Kind.TOO_OFTEN
    room.clock.pass_seconds(60)

    assert is_good(room, log_in(room))


def test_of_many_tries_at_once_five_are_looked_at(room):
    """They are counted before, and in the database."""
    now = room.clock()

    def tried(_: int) -> int:
        return room.people.count_try(b"who", now, most=5, window=15 * MINUTE)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(tried, range(24)))

    assert waits.count(0) == 5
    assert set(waits) == {0, 15 * MINUTE}


def test_one_client_cannot_try_one_password_on_everybody(room, ana):
    """Wrong ones are counted by where they come from, too; others log in meanwhile."""
    for number in range(30):
        refusal(log_in, room, email=f"{number}@example.org")

    stopped = refusal(log_in, room)
    elsewhere = log_in(room, client="198.51.100.1")

    assert stopped.kind is Kind.TOO_OFTEN
    assert is_good(room, elsewhere)


def test_who_is_disabled_is_out(room, ana):
    """Their tokens end, no new one is had, and a new password lets them in again."""
    academy = room.tenants.find("academy")
    made = log_in(room)

    room.users.disable(academy, EMAIL)

    assert not is_good(room, made)
    assert refusal(log_in, room).code == "invalid_login"
    assert refusal(room.sessions.renew, made.refresh_token).kind is (
        Kind.NOT_AUTHENTICATED
    )
    room.clock.pass_seconds(60)
    room.users.set_password(academy, EMAIL, "another password")
    assert is_good(room, log_in(room, password="another password"))


def test_a_new_password_ends_what_was_had_with_the_old_one(room, ana):
    """Whoever learned it is out; other people are not."""
    academy = room.tenants.find("academy")
    room.users.create(academy, "bo@example.org", PASSWORD)
    made, others = log_in(room), log_in(room, email="bo@example.org")

    room.users.set_password(academy, EMAIL, "another password")

    assert not is_good(room, made)
    assert is_good(room, others)
    assert refusal(log_in, room).code == "invalid_login"
    assert refusal(room.sessions.renew, made.refresh_token).code == (
        "invalid_refresh_token"
    )


def test_a_login_under_way_does_not_survive_a_new_password(room, ana, monkeypatch):
    """Between the look at the password and the token there is no gap."""
    matches = room.passwords.matches

    def slow(hash, password):
        found = matches(hash, password)
        room.users.set_password(room.tenants.find("academy"), EMAIL, "another password")
        return found

    monkeypatch.setattr(room.passwords, "matches", slow)

    assert refusal(log_in, room).code == "invalid_login"


def test_a_refresh_token_gives_new_ones_and_ends_the_old(room, ana):
    """As long-lived as those before; the family goes on."""
    first = log_in(room)

    second = room.sessions.renew(first.refresh_token)

    assert not is_good(room, first)
    assert is_good(room, second)
    assert second.expires_in == first.expires_in
    assert second.token.scopes == first.token.scopes
    assert is_good(room, room.sessions.renew(second.refresh_token))


def test_a_refresh_token_that_comes_again_ends_its_family(room, ana):
    """Somebody copied it; whoever it was has to know the password now."""
    first, unrelated = log_in(room), log_in(room)
    second = room.sessions.renew(first.refresh_token)

    again = refusal(room.sessions.renew, first.refresh_token)

    assert again.code == "invalid_refresh_token"
    assert not is_good(room, second)
    assert refusal(room.sessions.renew, second.refresh_token).code == (
        "invalid_refresh_token"
    )
    assert is_good(room, unrelated)


def test_of_two_that_refresh_at_once_one_does(room, ana):
    """However many hosts there are, a token is spent once."""
    token = log_in(room).refresh_token

    def tried(_: int) -> bool:
        try:
            room.sessions.renew(token)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(tried, range(6))).count(True) == 1


def test_a_refresh_token_ends(room, ana):
    """A month after the token that it came with."""
    made = log_in(room)
    room.clock.now += 396 * DAY

    assert refusal(room.sessions.renew, made.refresh_token).code == (
        "invalid_refresh_token"
    )


@pytest.mark.parametrize("sent", ["", "rt_", "rt_" + "0" * 64, "rt_" + "é" * 64, "x"])
def test_a_made_up_refresh_token_is_refused(room, sent):
    """Whatever it looks like."""
    assert refusal(room.sessions.renew, sent).code == "invalid_refresh_token"


def test_logging_out_ends_one_login(room, ana):
    """This one's token, and what a new one could be had for; not the others."""
    mine, other = log_in(room), log_in(room)
    bearer = [f"Bearer {mine.token.text}"]

    room.sessions.log_out(room.gate.authenticate(authorizations=bearer))

    assert not is_good(room, mine)
    assert refusal(room.sessions.renew, mine.refresh_token).code == (
        "invalid_refresh_token"
    )
    assert is_good(room, other)


def test_a_token_had_for_a_key_ends_with_the_key(room):
    """Revoked, or at the end that the key has."""
    tenant = room.tenant()
    key = room.keys.create(tenant, scopes=["files:read"])
    short = room.keys.create(tenant, expires_at=room.clock() + 60_000)
    made = room.sessions.exchange(key.key.id, key.text, client="")
    brief = room.sessions.exchange("academy", short.text, client="")
    assert made.token.scopes == {"files:read"}
    assert is_good(room, made)

    room.keys.revoke(tenant, key.key.id)
    room.clock.pass_seconds(121)  # clocks may be a minute apart

    assert not is_good(room, made)
    assert not is_good(room, brief)


def test_a_key_is_exchanged_by_who_can_name_it(room):
    """And for no more than it may do."""
    tenant = room.tenant()
    key = room.keys.create(tenant, scopes=["files:read"])

    stranger = refusal(room.sessions.exchange, "other", key.text, client="")
    more = refusal(
        room.sessions.exchange,
        key.key.id,
        key.text,
        client="",
        scopes=frozenset({"files:write"}),
    )

    assert stranger.code == "invalid_login"
    assert more.code == "missing_scope"


def test_what_people_log_in_with_is_nowhere_in_clear(room, ana):
    """Tables hold hashes and digests; nothing says a password or token when printed."""
    made = log_in(room)
    renewed = room.sessions.renew(made.refresh_token)
    refusal(log_in, room, password=WRONG)
    tables = ("users", "tokens", "refresh_tokens", "login_tries", "audit")

    with room.database.reading() as connection:
        stored = repr(
            [
                connection.execute(text(f"SELECT * FROM {table}")).fetchall()
                for table in tables
            ]
        )

    secrets = [PASSWORD, WRONG, made.token.text, made.refresh_token, "nobody@"]
    assert [one for one in secrets if one in stored] == []
    shown = repr([made, renewed, room.people.known("ana.silva@example.org", None)])
    assert [one for one in (*secrets, "$argon2") if one in shown] == []


def test_what_is_done_with_users_is_in_the_audit_log(room, ana):
    """Who was made, let in and put out, by whom; and no address."""
    academy = room.tenants.find("academy")
    made = log_in(room)
    room.users.set_password(academy, EMAIL, "another password")
    room.users.disable(academy, EMAIL)

    with room.database.reading() as connection:
        entries = connection.execute(
            text("SELECT act, actor, subject, detail FROM audit ORDER BY seq")
        ).fetchall()

    acts = [(one.act, one.actor, one.subject) for one in entries[1:]]
    assert acts == [
        ("user.create", "operator", ana.id),
        ("token.create", ana.id, made.token.id),
        ("user.password", "operator", ana.id),
        ("user.disable", "operator", ana.id),
    ]
    assert "example.org" not in repr(entries).lower()


@pytest.mark.parametrize(
    "password", ["", "1234567", "x" * 1_025, "two\nlines!", "a\0" * 5]
)
def test_a_password_that_is_none_is_refused_unquoted(room, password):
    """8 to 1,024 characters, on one line."""
    found = refusal(room.users.create, room.tenant(), EMAIL, password)

    assert (found.kind, found.code) == (Kind.INVALID, "password_format")
    assert not password or password not in found.detail


@pytest.mark.parametrize("email", ["", "ana", "ana@", "a b@example.org", "x" * 300])
def test_an_address_that_is_none_is_refused(room, email):
    """Nobody could be told anything there."""
    found = refusal(room.users.create, room.tenant(), email, PASSWORD)

    assert (found.kind, found.code) == (Kind.INVALID, "email_format")


def test_a_password_is_the_same_however_its_letters_are_composed(room):
    """One keyboard writes é as one character, another as two."""
    room.users.create(room.tenant(), EMAIL, "caf\u00e9 au lait")

    assert is_good(room, log_in(room, password="cafe\u0301 au lait"))
