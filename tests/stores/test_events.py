"""Events: written with the facts, and read in their order. Both databases."""

import pytest

from support.workshop import failing, row
from testamur.adapters.sql.events import SqlEvents
from testamur.core.events import EventType


@pytest.fixture
def workshop(open_workshop):
    """Return an installation in which all must agree at the end."""
    opened = open_workshop()
    yield opened
    assert opened.wrong() == []


def told(workshop, tenant, after: int = 0):
    """Return what a tenant is told: types and data, in order."""
    found = SqlEvents(workshop.database).since(tenant.id, after, 100)
    return [(one.type, dict(one.data)) for one in found]


def test_the_end_of_a_job_is_told_once_with_its_counts(workshop):
    """Completed when something was issued, and failed when nothing was."""
    tenant = workshop.tenant()
    mixed = workshop.admit(tenant, [row(1), failing(2), row(3)])
    bad = workshop.admit(tenant, [failing(1)])

    workshop.drain()
    workshop.queue.settle()

    ends = {data["jobId"]: (type, data) for type, data in told(workshop, tenant)}
    assert len(told(workshop, tenant)) == 2
    counts = {"verb": "issue", "totalCount": 3, "successCount": 2, "failedCount": 1}
    assert ends[mixed.id] == (
        EventType.JOB_COMPLETED,
        {"jobId": mixed.id, "status": "completed", **counts},
    )
    assert ends[bad.id][0] is EventType.JOB_FAILED


def test_cancelling_and_retrying_are_told(workshop):
    """Each with the job that it happened to; what came to nothing is not told."""
    tenant = workshop.tenant()
    stopped = workshop.admit(tenant, [row(1)])
    workshop.owners.cancel(tenant.id, stopped.id)
    retried = workshop.admit(tenant, [failing(1)])
    workshop.drain()

    workshop.owners.retry(tenant.id, retried.id)

    assert [(type, data["jobId"]) for type, data in told(workshop, tenant)] == [
        (EventType.JOB_CANCELLED, stopped.id),
        (EventType.JOB_FAILED, retried.id),
        (EventType.JOB_RETRIED, retried.id),
    ]


def test_a_tenant_reads_its_own_events_from_where_it_stopped(workshop):
    """And nobody else's."""
    mine, other = workshop.tenant(), workshop.tenant("other")
    for tenant in (mine, other, mine):
        job = workshop.admit(tenant, [row(1)])
        workshop.owners.cancel(tenant.id, job.id)
    events = SqlEvents(workshop.database)

    first = events.since(mine.id, 0, 1)
    rest = events.since(mine.id, first[0].seq, 100)

    assert [one.tenant_id for one in (*first, *rest)] == [mine.id, mine.id]
    assert events.newest(mine.id) == rest[-1].seq
    assert events.newest(other.id) < rest[-1].seq
