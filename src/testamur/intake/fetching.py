"""
Fetching what rows point at, in the background of one worker.

Other people's servers may take a minute, or hang. No worker waits for them: a
chunk whose pictures are still on their way rests, and others take their turns.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import structlog

from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Lease

from .ports import Blobs, Fetch, PictureShelf

#: Files on their way at once. A host that hangs takes `PER_HOST` of these places.
PLACES = 16
PER_HOST = 4

BROKEN = Reason(
    "not_processed",
    "Our software failed while it fetched the image. Retry the job; if it fails "
    "again, tell your operator.",
)

log = structlog.get_logger()


class Fetching:
    """One worker's fetches. *make_fetch* is asked when a job first has URLs."""

    def __init__(
        self, shelf: PictureShelf, blobs: Blobs, make_fetch: Callable[[], Fetch]
    ) -> None:
        self._shelf = shelf
        self._blobs = blobs
        self._make_fetch = make_fetch
        self._fetch: Fetch | None = None
        self._pool = ThreadPoolExecutor(PLACES, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._on_their_way: Counter[str] = Counter()
        #: Set whenever a file has come, or has not.
        self.something_came = threading.Event()

    def close(self) -> None:
        """Begin nothing more; what is on its way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def start(self, lease: Lease, sources: Sequence[str]) -> int:
        """Fetch as many of *sources* (`url:...`) as there are places; say how many."""
        if self._fetch is None:
            self._fetch = self._make_fetch()
        reserved = self._reserve(sources)
        if not reserved:
            return 0
        ours = self._shelf.begin_fetch(
            lease.job.seq, reserved, round=lease.round, worker=lease.worker
        )
        for source in set(reserved) - set(ours):
            self._free(source)
        for source in ours:
            self._pool.submit(self._get, lease.job.seq, lease.worker, source)
        return len(ours)

    def _get(self, job: int, worker: str, source: str) -> None:
        assert self._fetch is not None
        try:
            fp("fetch.mid")
            found = self._fetch(source.removeprefix("url:"))
            if isinstance(found, Reason):
                self._shelf.record(job, {source: of_row(found)}, worker=worker)
            else:
                digest = self._blobs.put(found)
                self._shelf.record_fetched(job, source, digest, worker=worker)
                if not self._blobs.path(digest).exists():  # an erasure was quicker
                    self._blobs.put(found)
        except Fault as trouble:
            log.warning("fetched, not stored", trouble=str(trouble))
            # Somebody fetches again: at once if we can say so, or when the right to
            # fetch it has run out.
            with suppress(Fault):
                self._shelf.drop_fetch(job, source, worker=worker)
        except Exception:  # a bug: the row fails, or its chunk would wait for ever
            log.exception("fetching broke")
            self._shelf.record(job, {source: BROKEN}, worker=worker)
        finally:
            self._free(source)
            self.something_came.set()

    def _reserve(self, sources: Sequence[str]) -> list[str]:
        reserved = []
        with self._lock:
            for source in sources:
                if self._on_their_way.total() == PLACES:
                    break
                host = _host(source)
                if self._on_their_way[host] < PER_HOST:
                    self._on_their_way[host] += 1
                    reserved.append(source)
        return reserved

    def _free(self, source: str) -> None:
        with self._lock:
            self._on_their_way[_host(source)] -= 1


def of_row(problem: Reason) -> Reason:
    """Return why a row has no picture, when *problem* is why its URL has none."""
    # It begins as the Pocketbook wire words it.
    message = problem.message[:1].lower() + problem.message[1:]
    return Reason(problem.code, f"Invalid image URL: {message}")


def _host(source: str) -> str:
    """Say whose places a URL takes; the fetcher reads URLs properly."""
    try:
        return urlsplit(source.removeprefix("url:")).netloc
    except ValueError:
        return ""
