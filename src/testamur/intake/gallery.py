"""
The picture of every row: found in the ZIP or fetched, decoded, stored, once per job.

Workers that need the same picture at the same time share the work: whoever claims
it first resolves it, and the others wait for the outcome.
"""

import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from testamur.core.failpoints import fp
from testamur.core.refusals import NotYet, Reason
from testamur.core.words import Lease, StoredPicture

from .archive import Archive
from .fetching import Fetching
from .pictures import Decoder, Picture
from .ports import Blobs, Claims, Fetch, NewPicture, PictureShelf

#: Pictures that are written at once.
STORE_THREADS = 4

#: How often a worker looks whether another has finished what it waits for.
WAIT_SECONDS = 0.05

#: How long a worker waits for pictures while none comes, and how long their chunk
#: then rests, so that the worker can do something else.
PATIENCE_SECONDS = 2.0
REST_SECONDS = 1.0

ERASED = Reason(
    "images_erased",
    "The images of this job were removed when a person in it was erased. Upload the "
    "row again, with its image, as a new job.",
)


class Gallery:
    """One worker's way to pictures. *fetch* is made when a job first has URLs."""

    def __init__(
        self,
        shelf: PictureShelf,
        blobs: Blobs,
        make_fetch: Callable[[], Fetch],
        *,
        decoder: Decoder | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._shelf = shelf
        self._blobs = blobs
        self._decoder = decoder or Decoder()
        self._fetching = Fetching(shelf, blobs, make_fetch)
        self._storing = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="store")
        self._patience = patience_seconds

    def start(self) -> None:
        """Have the decoding child ready before the first picture comes."""
        self._decoder.start()

    def close(self) -> None:
        """End the decoding child, and begin no more fetches."""
        self._fetching.close()
        self._storing.shutdown()
        self._decoder.close()

    def resolve(
        self, lease: Lease, wanted: Mapping[int, str]
    ) -> Mapping[int, StoredPicture | Reason]:
        """
        Return, for each row number in *wanted* (its image cell), the picture.

        Raises:
            NotYet: pictures are still on their way, and nothing comes just now.
        """
        archive = self._archive(lease)
        was_erased = lease.job.profile.images_digest == ""
        named: dict[int, str | Reason] = {
            row: ERASED
            if was_erased and not _is_url(cell)
            else source_of(archive, row, cell)
            for row, cell in wanted.items()
        }
        sources = sorted({name for name in named.values() if isinstance(name, str)})
        known = self._all(lease, sources)
        return {
            row: known[name] if isinstance(name, str) else name
            for row, name in named.items()
        }

    def _archive(self, lease: Lease) -> Archive | None:
        digest = lease.job.profile.images_digest
        if not digest:
            return None
        return _reopen(str(self._blobs.path(digest)))

    def _all(
        self, lease: Lease, sources: list[str]
    ) -> Mapping[str, StoredPicture | Reason]:
        """Resolve what nobody resolves yet, a few at a time; wait for the rest."""
        if not sources:
            return {}
        done, since = 0, time.monotonic()
        while True:
            self._fetching.something_came.clear()
            claims = self._shelf.claim(
                lease.job.seq, sources, round=lease.round, worker=lease.worker
            )
            if len(claims.known) == len(sources):
                return claims.known
            if len(claims.known) > done:
                done, since = len(claims.known), time.monotonic()
            started = claims.unfetched and self._fetching.start(lease, claims.unfetched)
            if claims.ours:
                self._resolve(lease, claims)
            elif time.monotonic() - since > self._patience:
                raise NotYet(f"{len(sources) - done} pictures", seconds=REST_SECONDS)
            elif not started:
                self._fetching.something_came.wait(WAIT_SECONDS)

    def _resolve(self, lease: Lease, claims: Claims) -> None:
        """Decode and store what is ours: entries of the ZIP, and what was fetched."""
        archive = self._archive(lease)
        done: dict[str, Future[NewPicture] | Reason] = {}
        for source in claims.ours:
            data = self._read(archive, claims, source)
            picture = (
                data if isinstance(data, Reason) else self._decoder.normalise(data)
            )
            # Storing waits for the disk; the next one is decoded meanwhile.
            done[source] = (
                picture
                if isinstance(picture, Reason)
                else self._storing.submit(self._shelved, picture)
            )
        made = {
            source: one if isinstance(one, Reason) else one.result()
            for source, one in done.items()
        }
        self._record(lease, made)
        # While nothing referred to them yet, an erasure may have removed files that
        # were there already. From now on none does.
        for source, one in made.items():
            if isinstance(one, NewPicture) and not self._has(one):
                data = self._read(archive, claims, source)
                assert isinstance(data, bytes)
                picture = self._decoder.normalise(data)
                assert isinstance(picture, Picture)
                self._shelved(picture)

    def _read(
        self, archive: Archive | None, claims: Claims, source: str
    ) -> bytes | Reason:
        if source in claims.originals:
            return self._blobs.path(claims.originals[source]).read_bytes()
        assert archive is not None
        return archive.read(source.removeprefix("zip:"))

    def _has(self, picture: NewPicture) -> bool:
        digests = (picture.digest, picture.thumbnail_digest)
        return all(self._blobs.path(digest).exists() for digest in digests)

    def _record(self, lease: Lease, done: Mapping[str, NewPicture | Reason]) -> None:
        fp("pictures.before_commit")
        self._shelf.record(lease.job.seq, done, worker=lease.worker)

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


def source_of(archive: Archive | None, row: int, cell: str) -> str | Reason:
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
