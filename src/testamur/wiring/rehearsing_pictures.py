"""The pictures of a rehearsal: looked for, decoded, and let go."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future

from testamur.adapters.http.urls import Target, complaint, read_url
from testamur.adapters.http.wall import Wall
from testamur.core.columns import IMAGE
from testamur.core.findings import Finding, Severity
from testamur.core.refusals import Reason
from testamur.intake.archive import Archive
from testamur.intake.fetching import of_row
from testamur.intake.gallery import source_of
from testamur.intake.pictures import Decoder, Picture
from testamur.intake.zip_names import is_image, shown

#: Decoded pictures are kept for the rows that follow, up to this.
PICTURE_BYTES = 16 * 1024 * 1024

#: So many images that no row means are named.
NAMED_IMAGES = 3


class Pictures:
    """The pictures of one rehearsal: each is decoded once, whoever needs it first."""

    def __init__(self, archive: Archive | None, wall: Wall) -> None:
        self._archive = archive
        self._wall = wall
        self._lock = threading.Lock()
        self._known: dict[str, Future[Reason | None]] = {}
        self._recent: OrderedDict[str, Picture] = OrderedDict()
        self._named: set[str] = set()

    def unused(self) -> list[str]:
        """Return the images of the ZIP that no row was found to mean."""
        names = self._archive.names if self._archive else ()
        return [one for one in names if is_image(one) and one not in self._named]

    def source(self, row: int, cell: str) -> str | Reason:
        """Say where a row's picture is (`zip:...`, `url:...`), or why nowhere."""
        with self._lock:
            found = source_of(self._archive, row, cell)
        if isinstance(found, Reason):
            return found
        if found.startswith("zip:"):
            self._named.add(found.removeprefix("zip:"))
            return found
        target = read_url(found.removeprefix("url:"))
        if isinstance(target, Target):
            code = self._wall.problem_with(target)
            if code is None:
                return found
            target = complaint(code, found.removeprefix("url:"))
        return of_row(target)

    def problem(self, name: str, decoder: Decoder) -> Reason | None:
        """Say what is wrong with the picture of this source, if anything is."""
        with self._lock:
            future = self._known.get(name)
            is_ours = future is None
            if future is None:
                future = self._known[name] = Future()
        if is_ours:
            try:
                found = self._decode(name, decoder)
            except BaseException as trouble:
                future.set_exception(trouble)
                raise
            future.set_result(found if isinstance(found, Reason) else None)
        return future.result()

    def picture(self, name: str, decoder: Decoder) -> Picture:
        """Return a picture that has no problem."""
        with self._lock:
            found = self._recent.get(name)
        if found is not None:
            return found
        again = self._decode(name, decoder)
        assert isinstance(again, Picture)
        return again

    def _decode(self, name: str, decoder: Decoder) -> Picture | Reason:
        assert self._archive is not None
        data = self._archive.read(name.removeprefix("zip:"))
        picture = data if isinstance(data, Reason) else decoder.normalise(data)
        if isinstance(picture, Picture):
            with self._lock:
                self._recent[name] = picture
                while (
                    sum(len(one.data) for one in self._recent.values()) > PICTURE_BYTES
                    and len(self._recent) > 1
                ):
                    self._recent.popitem(last=False)
        return picture


def unused_finding(names: Sequence[str]) -> Finding:
    """Return what is said of images that no row means."""
    named = ", ".join(shown(name) for name in names[:NAMED_IMAGES])
    more = ", ..." if len(names) > NAMED_IMAGES else ""
    what = "image in the ZIP is" if len(names) == 1 else "images in the ZIP are"
    return Finding(
        None,
        Severity.DOUBTFUL,
        "image_unused",
        f"{len(names):,} {what} of no row: {named}{more}. Look whether the rows name "
        "them otherwise.",
        IMAGE,
    )
