"""I10: from any kill point, a restart alone reaches what a run without one reaches."""

import re
import signal
from pathlib import Path

import pytest

import testamur
from support import crashing
from support.children import run
from testamur.core.ids import Namer
from testamur.core.lifecycle import JobState

#: What a run without a crash reaches.
OUTCOMES = {
    n: "failed" if n % 5 == 0 or n % 7 == 0 else "success" for n in range(1, 13)
}
SUCCESSES = sorted(n for n, outcome in OUTCOMES.items() if outcome == "success")

#: Every place that is passed while a job is submitted and issued.
ISSUING = [
    "upload.after_files",
    "upload.before_commit",
    "upload.after_commit",
    "lease.after_commit",
    "fetch.mid",
    "pictures.before_commit",
    "blob.after_rename",
    "draft.after_commit",
    "sign.after",
    "keep.before_commit",
    "keep.before_commit@2",
    "keep.after_commit",
    "log.after_cas",
    "log.after_checkpoint",
    "job.before_finalize",
]
ACTIONS = ["kill", "raise", "enospc"]

#: What a process does about its own errors is the same on both engines; what a
#: database makes of a client that dies is not.
BREAKS = [
    (engine, place, action)
    for engine in ("sqlite", "postgresql")
    for place in ISSUING
    for action in (ACTIONS if engine == "sqlite" else ["kill"])
]


def armed(place: str, action: str) -> str:
    """Spell what TESTAMUR_FAILPOINTS would say: break the first time, or the nth."""
    name, _, nth = place.partition("@")
    return f"{name}={action}@{nth or 1}"


@pytest.fixture
def broken(open_workshop, database_url, tmp_path):
    """Return what breaks a process somewhere, and the installation it was in."""
    workshop = open_workshop()

    def breaking(place: str, action: str, story) -> bool:
        """Run *story* until it breaks at *place*; say whether it was killed."""
        code = run(story, database_url, tmp_path, armed=armed(place, action))
        assert workshop.wrong() == [], "before the restart"
        return code == -signal.SIGKILL

    yield workshop, breaking
    assert workshop.wrong() == []


def whole(workshop) -> bool:
    """Say whether the one job there is has the outcome of a run without a crash."""
    (job,) = workshop.jobs()
    return (
        workshop.outcomes(job) == OUTCOMES
        and job.state is JobState.COMPLETED
        and sorted(workshop.names(job)) == SUCCESSES
        and workshop.billed(job) == len(SUCCESSES)
    )


@pytest.mark.parametrize(
    ("database_url", "place", "action"), BREAKS, indirect=["database_url"]
)
def test_issuing_that_breaks_anywhere_is_finished_by_a_restart(
    broken, database_url, tmp_path, place, action
):
    """
    Kill, bug or full disk, at every step: start again, and each row has what it
    would have had.
    """
    workshop, breaking = broken

    was_killed = breaking(place, action, crashing.submit_and_work)

    assert was_killed == (action == "kill")
    assert run(crashing.start_again, database_url, tmp_path) == 0
    assert whole(workshop)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", ["cancel.before_commit", "cancel.after_commit"])
def test_a_cancel_that_breaks_is_done_or_not_done(
    broken, database_url, tmp_path, place, action
):
    """
    I8: before the commit the job goes on and completes; after it, it is cancelled
    whatever the answer was.
    """
    workshop, breaking = broken

    breaking(place, action, crashing.cancel_early)
    assert run(crashing.start_again, database_url, tmp_path) == 0

    if place == "cancel.before_commit":
        assert whole(workshop)
    else:
        (job,) = workshop.jobs()
        assert job.state is JobState.CANCELLED
        assert set(workshop.outcomes(job).values()) == {"cancelled"}
        assert workshop.billed(job) == 0


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", ["retry.before_commit", "retry.after_commit"])
def test_a_retry_that_breaks_is_done_or_not_done(
    broken, database_url, tmp_path, place, action
):
    """
    I9: rows that succeeded are as they were, and the failed ones are tried once
    more or not at all.
    """
    workshop, breaking = broken
    run(crashing.submit_and_work, database_url, tmp_path)
    (job,) = workshop.jobs()
    names = workshop.names(job)

    breaking(place, action, crashing.retry_failed)
    assert run(crashing.start_again, database_url, tmp_path) == 0

    assert whole(workshop)
    assert workshop.names(job) == names
    waves = workshop.number("SELECT max(wave) FROM chunks WHERE job_seq = :job", job)
    assert waves == (0 if place == "retry.before_commit" else 1)


def test_after_a_crash_rows_get_the_names_that_were_drafted(
    broken, database_url, tmp_path
):
    """
    I3: what a first run has written down, and perhaps shown, a second run issues.
    """
    workshop, breaking = broken
    assert breaking("draft.after_commit", "kill", crashing.submit_and_work)
    with workshop.database.reading() as connection:
        seed = connection.exec_driver_sql("SELECT seed FROM drafts").scalar()

    run(crashing.start_again, database_url, tmp_path)

    (job,) = workshop.jobs()
    for number, names in workshop.names(job).items():
        ids = Namer(bytes(seed)).name(number)
        assert (names.certificate, names.reference) == (ids.certificate, ids.reference)


def test_a_second_crash_at_the_same_place_changes_nothing(
    broken, database_url, tmp_path
):
    """
    Twice may be bad luck: only the third time is the chunk to blame.
    """
    workshop, breaking = broken
    assert breaking("keep.before_commit", "kill", crashing.submit_and_work)
    assert breaking("keep.before_commit", "kill", crashing.start_again)

    assert run(crashing.start_again, database_url, tmp_path) == 0

    assert whole(workshop)


def test_a_chunk_that_always_kills_its_worker_ends(broken, database_url, tmp_path):
    """
    The third time it is parked: its rows say so, and can be retried.
    """
    workshop, breaking = broken
    assert breaking("draft.after_commit", "kill", crashing.submit_and_work)
    for _ in range(2):
        assert breaking("draft.after_commit", "kill", crashing.start_again)
    assert not breaking("draft.after_commit", "kill", crashing.start_again)

    (job,) = workshop.jobs()
    assert job.state is JobState.FAILED
    assert set(workshop.outcomes(job).values()) == {"failed"}

    workshop.owners.retry(job.tenant_id, job.id)
    workshop.drain()
    assert whole(workshop)


def test_every_step_has_a_crash():
    """
    A place that can be broken, and is broken nowhere, proves nothing.
    """
    source = Path(testamur.__file__).parent
    names = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r'\bfp\("([a-z_.]+)"\)', path.read_text())
    }
    tests = "".join(
        path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")
    )

    assert [name for name in sorted(names) if name not in tests] == []
