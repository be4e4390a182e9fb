"""A worker process: `python -m testamur.wiring.workers NAME PARENT`."""

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testamur.config import read_settings
from testamur.core.lifecycle import JobVerb
from testamur.core.parent import die_with
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Lease, Profile
from testamur.intake.gallery import Gallery
from testamur.intake.ports import Fetch
from testamur.issuance.issue import issue_chunk
from testamur.issuance.ports import ToPrint
from testamur.jobs.runner import work

from .logs import configure_logs, log
from .office import Office, open_office

#: Connections to one host of pictures, from all workers together.
CONNECTIONS_PER_HOST = 4

USER_AGENT = "Testamur (certificate pictures)"

#: EX_SOFTWARE of sysexits(3).
GAVE_UP = 70

#: Workers yield to the process that answers requests.
NICENESS = 5


def worker_command(name: str) -> list[str]:
    """Return the arguments that make Python a worker called *name*."""
    return ["-m", "testamur.wiring.workers", name, str(os.getpid())]


@dataclass(frozen=True)
class Looking:
    """What draws certificates, once a job has a template: it takes much memory."""

    office: Office

    def problems(
        self, profile: Profile, certificates: Sequence[ToPrint]
    ) -> Mapping[int, Reason]:
        """Say which certificates cannot be drawn, and why not."""
        return self.office.printing.problems(profile, certificates)


def run_worker(office: Office, name: str, stopping: threading.Event) -> None:
    """Work on chunks in this thread until *stopping* is set."""
    gallery = Gallery(office.shelf, office.blobs, lambda: _fetcher(office))

    looks = Looking(office)

    def issue(lease: Lease) -> None:
        issue_chunk(
            lease,
            registry=office.registry,
            pictures=gallery,
            signing=office.signing,
            looks=looks,
        )

    def resend(lease: Lease) -> None:
        # Most workers never write to anybody.
        office.batches.resend_chunk(lease)

    try:
        gallery.start()
        verbs = {str(JobVerb.ISSUE): issue, str(JobVerb.RESEND): resend}
        work(office.queue, verbs, worker=name, stopping=stopping)
    finally:
        gallery.close()


def _fetcher(office: Office) -> Fetch:
    # Most jobs bring their images along, and an HTTP client takes 20 MiB.
    from testamur.adapters.http.fetch import Fetcher

    workers = max(office.settings.workers, 1)
    return Fetcher(
        allow=office.settings.fetch_allow,
        own_hosts=[office.public_host],
        per_host=max(CONNECTIONS_PER_HOST // workers, 1),
        user_agent=USER_AGENT,
    ).fetch


def main() -> None:
    """Be a worker until SIGTERM, or until the parent is gone."""
    name, parent = sys.argv[1], int(sys.argv[2])
    die_with(parent)
    configure_logs()
    os.nice(NICENESS)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    # Ctrl-C reaches everybody in a terminal; when we stop is our parent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    office = open_office(read_settings())
    status = 0
    try:
        run_worker(office, name, stopping)
    except Fault as trouble:  # only a fresh process may look again
        log.error("worker gave up", trouble=str(trouble))
        status = GAVE_UP
    office.close()
    # Threads that still wait for other people's servers are not waited for: what
    # they were to fetch is somebody else's to fetch now.
    os._exit(status)


if __name__ == "__main__":
    main()
