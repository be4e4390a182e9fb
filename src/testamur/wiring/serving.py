"""`testamur serve`: API, pages and embedded workers, and what keeps them going."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from testamur.adapters.processes.pool import WorkerPool
from testamur.config import Settings
from testamur.core.refusals import Fault
from testamur.web.live import Live
from testamur.web.server import Server, allow_descriptors, listen
from testamur.web.spool import Spool, sweep

from .certificate_mail import certificate_writers
from .documents import recording
from .lasting import making_last
from .log import sequencing
from .logs import log
from .mail_check import checking_mail
from .office import Office, open_office
from .ownership import sole_owner
from .posting import posting
from .record import HouseRecord
from .returns import taking_returns
from .site import build_site
from .thought_industries import preparing
from .vault_mail import telling, writers_of
from .webhooks import announcing
from .workers import worker_command

#: How often leases that ran out are looked for.
SWEEP_SECONDS = 5.0

#: What a connection and an upload may need of open files.
DESCRIPTORS = 4_096


def serve(
    settings: Settings, *, host: str, port: int, environment: Mapping[str, str]
) -> None:
    """
    Serve until SIGTERM or SIGINT.

    After a crash: start it again. Work that was in hand goes on at once on the
    embedded default, and after its lease elsewhere.

    Raises:
        Fault: the address or the data directory is in use, or cannot be used.
    """
    listener = listen(host, port)
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if not settings.public_url:
        settings = replace(settings, public_url=address)
    with sole_owner(settings, settings.public_url), _open(settings) as office:
        if settings.is_embedded:
            office.free()  # the workers of the last server died with it
        office.addresses.remember(office.public_url)
        sweep(office.spool)
        office.secret  # noqa: B018 - made on the first start, or refused now
        HouseRecord(office).catch_up()
        allow_descriptors(DESCRIPTORS)
        pool = WorkerPool(
            settings.workers,
            worker_command,
            environment={
                **environment,
                "TESTAMUR_PUBLIC_URL": office.public_url,
                "TESTAMUR_DATA": str(settings.data),
            },
            on_death=lambda name: office.free(worker=name),
        )
        pool.start()
        try:
            keep = HouseRecord(office).head.keep
            live = Live()
            with (
                sequencing(office),
                _sweeping(
                    office,
                    keep,
                    office.batches.give_up_orphans,
                    office.vault.files.sweep,
                    telling(office),
                ),
                preparing(office),
                posting(
                    office,
                    {
                        **office.paper_desk.writers,
                        **writers_of(office),
                        **certificate_writers(office),
                    },
                ),
                checking_mail(office),
                taking_returns(office),
                announcing(office),
                recording(office.paper_desk),
                making_last(office),
                Spool(office.spool) as spool,
            ):
                Server(
                    build_site(office, spool, live),
                    listener,
                    on_stop=live.close,
                    on_ready=lambda *_: print(  # noqa: T201 - for who started us
                        f"Testamur is ready at {address}", flush=True
                    ),
                ).run()
        finally:
            pool.stop()


def work_alone(settings: Settings, environment: Mapping[str, str]) -> None:
    """
    Run workers and nothing else until SIGTERM, beside servers elsewhere.

    Raises:
        Fault: on SQLite, where the server runs the workers itself.
    """
    if settings.is_embedded:
        raise Fault(
            "with SQLite the workers belong to `testamur serve --workers N`; set "
            "TESTAMUR_DATABASE_URL to a PostgreSQL that hosts can share",
            passing=False,
        )
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    with _open(settings) as office, _sweeping(office):
        pool = WorkerPool(
            max(settings.workers, 1),
            worker_command,
            environment=environment,
            on_death=lambda name: office.free(worker=name),
        )
        pool.start()
        stopping.wait()
        pool.stop()


@contextmanager
def _open(settings: Settings) -> Iterator[Office]:
    office = open_office(settings)
    try:
        yield office
    finally:
        office.close()


@contextmanager
def _sweeping(office: Office, *more: Callable[[], None]) -> Iterator[None]:
    """Release lapsed leases, finish finished jobs, forget what is over, and *more*."""
    stopping = threading.Event()

    def sweep() -> None:
        is_over = False
        while not is_over:
            is_over = stopping.wait(SWEEP_SECONDS)
            try:
                office.queue.lapse()
                office.queue.settle()
                office.limiter.tidy()
                office.uploaded_files.sweep()
                if not office.erasures.tidy():
                    log.warning("an erasure waits for its last traces to be removed")
                for one in more:
                    one()
            except Fault as trouble:
                log.warning("not swept", trouble=str(trouble))

    thread = threading.Thread(target=sweep, name="sweeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
