"""
Run leased chunks: one at a time, the lease kept alive, every way out accounted for.

The loop knows verbs by name and nothing of what they do.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, Halted, NoLongerOurs, NotYet
from testamur.core.words import Lease

from .ports import Queue

#: How long a lease lasts, and how often it is renewed: two renewals may be lost.
LEASE_SECONDS = 30
RENEW_SECONDS = 10

#: How long an idle worker waits before it looks again.
IDLE_SECONDS = 0.02

#: After trouble of ours (a database that is away, a full disk).
TROUBLE_SECONDS = 1.0

Verb = Callable[[Lease], None]

log = structlog.get_logger()


def work(
    queue: Queue,
    verbs: Mapping[str, Verb],
    *,
    worker: str,
    stopping: threading.Event,
) -> None:
    """
    Work on chunks until *stopping* is set; finish the one in hand first.

    Trouble with the database is waited out, never fatal, except trouble that
    only a fresh process can mend (a `Fault` that is not passing, from leasing).
    """
    while not stopping.is_set():
        try:
            worked = work_once(queue, verbs, worker=worker, stopping=stopping)
        except Fault as trouble:
            if not trouble.passing:
                raise
            log.warning("waiting", trouble=str(trouble), worker=worker)
            stopping.wait(TROUBLE_SECONDS)
            continue
        if not worked:
            stopping.wait(IDLE_SECONDS)


def work_once(
    queue: Queue,
    verbs: Mapping[str, Verb],
    *,
    worker: str,
    stopping: threading.Event | None = None,
) -> bool:
    """
    Lease one chunk and work on it; say whether there was one.

    Raises:
        Fault: when the queue itself cannot be reached, or the verb had trouble.
    """
    lease = queue.lease(worker)
    if lease is None:
        return False
    fp("lease.after_commit")
    known = {"chunk": lease.chunk_id, "attempt": lease.attempt, "job": lease.job.id}
    try:
        with _kept_alive(queue, lease):
            verbs[lease.job.verb](lease)
    except NotYet as wait:
        queue.release(lease, blameless=True, rest_seconds=wait.seconds)
        return True
    except Halted as halted:
        # Nothing of it was issued: whoever leases it after the halt begins anew.
        queue.release(lease, blameless=True)
        log.info("chunk released", why=str(halted), **known)
        return True
    except NoLongerOurs as lost:
        log.info("chunk left", why=str(lost), **known)
        return True
    except Fault as trouble:
        log.warning("chunk released", trouble=str(trouble), **known)
        _give_back(
            queue,
            lease,
            blameless=trouble.passing,
            stopping=stopping or threading.Event(),
        )
        raise
    except Exception:  # a bug: released, and parked once its attempts are used up
        log.exception("chunk broke", **known)
        queue.release(lease)
    else:
        fp("keep.after_commit")
    queue.settle()
    return True


def _give_back(
    queue: Queue, lease: Lease, *, blameless: bool, stopping: threading.Event
) -> None:
    """
    Release *lease*, trying until it would have lapsed by itself.

    What kept the verb from finishing (a database that is away, a full disk) often
    keeps this from happening as well; left to lapse, the chunk would wait for half
    a minute and be blamed for the attempt.
    """
    for _ in range(LEASE_SECONDS):
        try:
            return queue.release(lease, blameless=blameless)
        except Fault as trouble:
            if not trouble.passing or stopping.wait(TROUBLE_SECONDS):
                raise
            log.warning("not released yet", trouble=str(trouble), chunk=lease.chunk_id)


@contextmanager
def _kept_alive(queue: Queue, lease: Lease) -> Iterator[None]:
    """
    Renew *lease* in a thread of its own, so that slow work is not taken away.

    A renewal that fails is not reported: what the worker keeps is fenced by the
    lease's token anyway.
    """
    finished = threading.Event()

    def renew() -> None:
        while not finished.wait(RENEW_SECONDS):
            try:
                if not queue.renew(lease):
                    return
            except Fault as trouble:
                log.warning("lease not renewed", trouble=str(trouble))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
