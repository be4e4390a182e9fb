"""Tenants, keys, tokens and usage: one exercise, on both databases."""

import pytest

from support.access import AccessRoom
from testamur.access.usage import preview, usage_of
from testamur.adapters.sql.schema import chunks, jobs, usage
from testamur.core.clock import DAY, HOUR
from testamur.core.ids import new_id
from testamur.core.policy import CURRENT_PRICES, PLANS
from testamur.core.refusals import Fault, Kind, Refusal


@pytest.fixture
def room(database) -> AccessRoom:
    """The access room, once on each engine."""
    return AccessRoom(database)


def use(room, tenant, *quantities_at):
    """Write a job with one chunk for each (quantity, moment) that it issued."""
    with room.database.writing() as connection:
        job = connection.execute(
            jobs.insert()
            .values(
                id=new_id(), tenant_id=tenant.id, verb="issue", dialect="native",
                state="processing", total=1, profile="{}", wave=0, turn=0,
                submission_digest="", created_at=0, updated_at=0,
            )
            .returning(jobs.c.seq)
        ).scalar_one()  # fmt: skip
        for quantity, moment in quantities_at:
            chunk = connection.execute(
                chunks.insert()
                .values(
                    job_seq=job, wave=0, is_second_try=False, first_row=1, last_row=1,
                    size=1, state="done", token=1, attempts=1, succeeded=1, failed=0,
                )
                .returning(chunks.c.id)
            ).scalar_one()  # fmt: skip
            connection.execute(
                usage.insert().values(
                    chunk_id=chunk, tenant_id=tenant.id, job_seq=job,
                    quantity=quantity, price_version=CURRENT_PRICES, used_at=moment,
                )
            )  # fmt: skip


def test_keys_and_tokens_live_their_life(room):
    """Made, used, listed, revoked: the same story on both engines."""
    tenant = room.tenant()
    key = room.keys.create(tenant, name="ключ", scopes=["bulk:mint"], expires_at=2**42)
    token = room.tokens.create(tenant, scopes=["bulk:retry", "bulk:mint"])
    ways = {
        key.key.id: {"api_keys": [key.text]},
        token.id: {"authorizations": [f"Bearer {token.text}"]},
    }

    for credential_id, sent in ways.items():
        caller = room.gate.authenticate(**sent)
        assert caller.tenant == tenant == room.tenants.find("academy")
        assert caller.credential_id == credential_id
    assert caller.scopes == {"bulk:retry", "bulk:mint"}
    assert room.keys.list(tenant) == [key.key]

    room.keys.revoke(tenant, key.key.id)
    room.tokens.revoke(tenant, token.id)

    (listed,) = room.keys.list(tenant)
    assert listed.revoked_at == room.clock()
    for sent in ways.values():
        gate = room.another_gate()
        with pytest.raises(Refusal, match="revoked"):
            gate.authenticate(**sent)


def test_suspending_reaches_keys_and_tokens(room):
    """One change at the tenant, and none of its credentials opens anything."""
    tenant = room.tenant()
    key = room.keys.create(tenant).text
    token = room.tokens.create(tenant).text

    room.tenants.suspend("academy")

    assert room.refusal(api_keys=[key]).code == "tenant_suspended"
    assert room.refusal(authorizations=[f"Bearer {token}"]).code == "tenant_suspended"


def test_a_slug_is_taken_once(room):
    """The engines tell a duplicate in different words; we have one."""
    first = room.tenant()

    with pytest.raises(Refusal) as refusal:
        room.tenants.create("academy", "Another", "unlimited")

    assert refusal.value.kind is Kind.CONFLICT
    assert room.tenants.find("academy") == first


def test_a_plan_nobody_knows_is_our_trouble(room):
    """A tenant is never given another plan because its own is gone."""
    tenant = room.tenant()
    key = room.keys.create(tenant).text
    with room.database.writing() as connection:
        connection.exec_driver_sql("UPDATE tenants SET plan = 'golden'")

    with pytest.raises(Fault, match="golden"):
        room.gate.authenticate(api_keys=[key])
    assert "golden" not in PLANS


def test_tokens_that_expired_long_ago_are_forgotten(room):
    """The register holds what can still be revoked, and does not grow for ever."""
    tenant, other = room.tenant(), room.tenant("other")
    old = room.tokens.create(tenant, ttl=HOUR)
    theirs = room.tokens.create(other, ttl=HOUR)
    room.clock.pass_seconds((HOUR + DAY) / 1000 + 1)

    room.tokens.create(tenant)

    with pytest.raises(Refusal, match="no such token"):
        room.tokens.revoke(tenant, old.id)
    room.tokens.revoke(other, theirs.id)


def test_usage_is_what_was_issued_in_the_period(room):
    """A period has its first moment and not its last; jobs count one by one."""
    tenant, other = room.tenant(), room.tenant("other")
    use(room, tenant, (500, 99), (500, 100), (500, 199), (500, 200))
    use(room, tenant, (7, 150))
    use(room, tenant, (9, 99), (9, 200))
    use(room, other, (1_000, 150))

    report = usage_of(room.store, tenant, 100, 200)

    (line,) = report.lines
    assert line.certificates == 500 + 500 + 7
    spanning = preview(1_500).total - preview(500).total
    assert line.amount == spanning + preview(7).total


def test_the_bill_of_all_time_is_the_sum_of_the_days(room):
    """However time is cut, the cents add up to the preview of the whole job."""
    tenant = room.tenant()
    use(room, tenant, *((700, moment) for moment in range(0, 100, 5)))

    days = [usage_of(room.store, tenant, day, day + 10) for day in range(0, 100, 10)]
    whole = usage_of(room.store, tenant, 0, 100)

    assert sum(day.lines[0].amount for day in days) == whole.lines[0].amount
    assert whole.lines[0].amount == preview(20 * 700).total
    assert type(whole.lines[0].amount) is int
    assert usage_of(room.store, tenant, 100, 200).lines == ()
    assert usage_of(room.store, tenant, 60, 60).lines == ()
