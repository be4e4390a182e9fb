"""
The picture of every row: found in the ZIP or fetched, decoded, stored, once per job.

Workers that need the same picture at the same time share the work: whoever claims
it first resolves it, and the others wait for the outcome.
"""

import threading
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from testamur.core.failpoints import fp
from testamur.core.refusals import Reason
from testamur.core.words import Lease, StoredPicture

from .archive import Archive
from .pictures import Decoder, Picture
from .ports import Blobs, Fetch, NewPicture, PictureShelf

#: URLs fetched at once by one worker. The fetcher limits each host further.
FETCH_THREADS = 8

#: How many pictures are written down at a time: a crash loses at most these.
RECORD_EVERY = 16

#: How often a worker looks whether another has finished what it waits for.
WAIT_SECONDS = 0.05


class Gallery:
    """One worker's way to pictures. *fetch* is made when a job first has URLs."""

    def __init__(
        self,
        shelf: PictureShelf,
        blobs: Blobs,
        make_fetch: Callable[[], Fetch],
        *,
        decoder: Decoder | None = None,
    ) -> None:
        self._shelf = shelf
        self._blobs = blobs
        self._make_fetch = make_fetch
        self._fetch: Fetch | None = None
        self._decoder = decoder or Decoder()
        self._waiting = threading.Event()

    def close(self) -> None:
        """End the decoding child."""
        self._decoder.close()

    def resolve(
        self, lease: Lease, wanted: Mapping[int, str]
    ) -> Mapping[int, StoredPicture | Reason]:
        """Return, for each row number in *wanted* (its image cell), the picture."""
        archive = self._archive(lease)
        named: dict[int, str | Reason] = {
            row: _source(archive, row, cell) for row, cell in wanted.items()
        }
        sources = sorted({name for name in named.values() if isinstance(name, str)})
        known = self._all(lease, sources)
        return {
            row: known[name] if isinstance(name, str) else name
            for row, name in named.items()
        }

    def _archive(self, lease: Lease) -> Archive | None:
        digest = lease.job.profile.images_digest
        if digest is None:
            return None
        return _reopen(str(self._blobs.path(digest)))

    def _all(
        self, lease: Lease, sources: list[str]
    ) -> Mapping[str, StoredPicture | Reason]:
        """Resolve what nobody resolves yet, then wait for what others do."""
        if not sources:
            return {}
        while True:
            claims = self._shelf.claim(
                lease.job.seq, sources, round=lease.round, worker=lease.worker
            )
            if claims.ours:
                self._resolve(lease, list(claims.ours))
            elif claims.theirs:
                self._waiting.wait(WAIT_SECONDS)
            else:
                return claims.known

    def _resolve(self, lease: Lease, sources: list[str]) -> None:
        urls = [source for source in sources if source.startswith("url:")]
        with ThreadPoolExecutor(FETCH_THREADS) as pool:
            fetched = {source: pool.submit(self._get, source[4:]) for source in urls}
            done: dict[str, NewPicture | Reason] = {}
            for source in sources:
                if source in fetched:
                    data = fetched.pop(source).result()
                else:
                    archive = self._archive(lease)
                    assert archive is not None
                    data = archive.read(source[4:])
                done[source] = data if isinstance(data, Reason) else self._store(data)
                if len(done) >= RECORD_EVERY:
                    self._record(lease, done)
                    done = {}
            self._record(lease, done)

    def _record(self, lease: Lease, done: Mapping[str, NewPicture | Reason]) -> None:
        fp("pictures.before_commit")
        self._shelf.record(lease.job.seq, done, worker=lease.worker)

    def _get(self, url: str) -> bytes | Reason:
        if self._fetch is None:
            self._fetch = self._make_fetch()
        fp("fetch.mid")
        return self._fetch(url)

    def _store(self, data: bytes) -> NewPicture | Reason:
        picture = self._decoder.normalise(data)
        if isinstance(picture, Reason):
            return picture
        return self._shelved(picture)

    def _shelved(self, picture: Picture) -> NewPicture:
        return NewPicture(
            digest=self._blobs.put(picture.data),
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
            crc32=zlib.crc32(picture.data),
            thumbnail_digest=self._blobs.put(picture.thumbnail),
            thumbnail_media_type=picture.thumbnail_media_type,
        )


def _source(archive: Archive | None, row: int, cell: str) -> str | Reason:
    """Say where a row's picture comes from: `url:...` or `zip:...`."""
    if _is_url(cell):
        return "url:" + cell
    if archive is None:
        return Reason(
            "url_scheme",
            f'Invalid image URL: "{cell[:60]}" in column imageUrl. Write an '
            "address that begins with https://, or upload a ZIP of images.",
        )
    found = archive.find(cell, row)
    return found if isinstance(found, Reason) else "zip:" + found


@lru_cache(maxsize=2)
def _reopen(path: str) -> Archive:
    return Archive.reopen(Path(path))


def _is_url(cell: str) -> bool:
    """A name in a ZIP never contains "://", so what does was meant as a URL."""
    return "://" in cell or cell.lower().startswith(("http:", "https:", "data:"))
