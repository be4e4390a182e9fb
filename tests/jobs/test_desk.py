"""Watching a job costs little, and shows what was done to it at once."""

import pytest

from support.clocks import HandClock
from testamur.core.lifecycle import JobState
from testamur.core.policy import CURRENT_PRICES
from testamur.core.words import Job, Profile, Progress
from testamur.jobs.desk import Glances, JobDesk

JOB = Job(
    seq=1,
    id="0" * 24,
    tenant_id="acme",
    verb="issue",
    dialect="native",
    state=JobState.PROCESSING,
    total=10,
    profile=Profile(("name",), "0" * 64, None, 30, CURRENT_PRICES, "PB-"),
    wave=0,
    created_at=0,
    updated_at=0,
    started_at=0,
    finished_at=None,
    batch_id=None,
)


class CountingDesk:
    """A desk that counts how often it is looked at."""

    def __init__(self):
        self.looks = 0

    def find(self, tenant_id, job_id):
        """Return the job."""
        return JOB

    def look(self, tenant_id, job_id):
        """Return the job; each look sees one more row done."""
        self.looks += 1
        return Progress(JOB, self.looks, 0, 0, None, None)

    def cancel(self, job):
        """Cancel nothing, successfully."""
        return True

    def retry(self, job):
        """Retry nothing."""
        return 0


@pytest.fixture
def watched():
    """A clock, a desk that counts, and the verbs upon it."""
    clock, desk = HandClock(), CountingDesk()
    return clock, desk, JobDesk(desk, Glances(clock))


def test_many_who_watch_one_job_ask_the_database_ten_times_a_second(watched):
    """A thousand polls in a second look ten times."""
    clock, desk, jobs = watched

    for _ in range(1_000):
        jobs.status("acme", JOB.id)
        clock.pass_seconds(0.001)

    assert desk.looks == 10


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_what_was_just_done_to_a_job_shows_at_once(watched, act):
    """After cancelling or retrying, no status from before is shown."""
    _, _, jobs = watched
    before = jobs.status("acme", JOB.id)

    getattr(jobs, act)("acme", JOB.id)

    assert jobs.status("acme", JOB.id).succeeded > before.succeeded


def test_a_look_that_began_before_an_act_is_not_remembered_after_it(watched):
    """A slow look that overlaps an act is shown to who asked, and to nobody else."""
    clock, _, _ = watched
    glances = Glances(clock)
    changes = glances.changes
    seen = Progress(JOB, 1, 0, 0, None, None)
    glances.forget(JOB)

    glances.keep(seen, changes)

    assert glances.last("acme", JOB.id) is None
