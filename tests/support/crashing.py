"""What a process does until it is killed. Runs in `support.children`."""

import signal
import threading
from collections.abc import Mapping
from pathlib import Path

from support.workshop import MISSING, Workshop, csv_of, failing, row
from testamur.config import read_settings
from testamur.core.refusals import Fault, Refusal
from testamur.jobs.runner import work, work_once
from testamur.wiring.office import open_office

#: Every outcome there is: issued, failed for good, and a picture that is not there.
ROWS = [
    failing(n) if n % 5 == 0 else row(n, imageUrl=MISSING) if n % 7 == 0 else row(n)
    for n in range(1, 13)
]
CONTENT = csv_of(ROWS)
KEY = "the key"


def submit(url: str, folder: Path) -> None:
    """Submit the job; hearing no answer, a client would do it again."""
    shop = Workshop(url, folder)
    shop.enter(shop.tenant(), CONTENT, key=KEY, batch="Spring")


def submit_and_work(url: str, folder: Path) -> None:
    """Submit the job and issue all of it."""
    submit(url, folder)
    _loop(Workshop(url, folder))


def work_all(url: str, folder: Path) -> None:
    """Issue whatever waits."""
    _loop(Workshop(url, folder))


def cancel_early(url: str, folder: Path) -> None:
    """Submit the job, begin it, and cancel it."""
    submit(url, folder)
    shop = Workshop(url, folder)
    shop.queue.lease("worker")
    (job,) = shop.jobs()
    shop.owners.cancel(job.tenant_id, job.id)


def retry_failed(url: str, folder: Path) -> None:
    """Retry the failed rows of the one job there is."""
    shop = Workshop(url, folder)
    (job,) = shop.jobs()
    shop.owners.retry(job.tenant_id, job.id)


def start_again(url: str, folder: Path) -> None:
    """
    Do what a start of the server does, and what clients do who heard nothing.

    Nobody looks at what happened, or mends anything.
    """
    shop = Workshop(url, folder)
    shop.restart()
    shop.enter(shop.tenant(), CONTENT, key=KEY, batch="Spring")
    _loop(shop)


def work_until_told(url: str, folder: Path, name: str, lease_seconds: int) -> None:
    """Be a worker until SIGTERM, as `testamur.wiring.workers` is."""
    shop = Workshop(url, folder, lease_seconds=lease_seconds)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    work(shop.queue, {"issue": shop.issue}, worker=name, stopping=stopping)


def resend_all(environment: Mapping[str, str]) -> None:
    """Write again to signatories until no job that does so waits."""
    office = open_office(
        read_settings(environment, Path("/nowhere")), environment=environment
    )
    verbs = {"resend": office.batches.resend_chunk}
    while work_once(office.queue, verbs, worker="worker"):
        pass
    office.close()


def _loop(shop: Workshop) -> None:
    """Work as a worker does: what breaks is released and looked at again."""
    for _ in range(100):
        try:
            shop.drain()
        except (Fault, Refusal):
            continue
        return
