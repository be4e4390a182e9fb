"""A stage of a rehearsal: pictures are decoded and rows drawn, and all is let go."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import orjson

from testamur.adapters.http.urls import Target, complaint, read_url
from testamur.adapters.http.wall import Wall
from testamur.core.child import Child
from testamur.core.ids import Namer
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts, Profile
from testamur.intake.archive import Archive
from testamur.intake.fetching import of_row
from testamur.intake.gallery import source_of
from testamur.intake.pictures import Decoder, Picture
from testamur.issuance.issue import has_picture
from testamur.issuance.validity import problem_with_end, valid_until
from testamur.rehearsal.ports import PrintedPicture, PrintedText, Tried
from testamur.rehearsal.rehearse import Abandoned, AbandonedError

from .rehearsing_child import LENGTH, MODULE

#: What one batch may take, and one row of it when it is tried by itself.
SECONDS_PER_BATCH = 30.0
SECONDS_PER_ROW = 10.0
SECONDS_TO_PREPARE = 20.0

#: Decoded pictures are kept for rows that follow, and sent to be drawn, up to this.
PICTURE_BYTES = 16 * 1024 * 1024

#: Certificates of a rehearsal have names that no real one gets.
NAMER = Namer(bytes(32), prefix="PB-")

NOT_DRAWN = Reason(
    "not_processed",
    "Our software failed on this row. Try again; if it fails again, tell your "
    "operator.",
)


#: Where a row's picture is (`zip:...`, `url:...`), why it has none, or None when
#: none is needed.
_Looked = str | Reason | None

_Row = tuple[int, Facts, _Looked]


class Pictures:
    """The pictures of one rehearsal: each is decoded once, whoever needs it first."""

    def __init__(self, archive: Archive | None, wall: Wall) -> None:
        self._archive = archive
        self._wall = wall
        self._lock = threading.Lock()
        self._known: dict[str, Future[Reason | None]] = {}
        self._recent: OrderedDict[str, Picture] = OrderedDict()

    def source(self, row: int, cell: str) -> str | Reason:
        """Say where a row's picture is (`zip:...`, `url:...`), or why nowhere."""
        with self._lock:
            found = source_of(self._archive, row, cell)
        if isinstance(found, Reason) or not found.startswith("url:"):
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


@dataclass(frozen=True, slots=True)
class Play:
    """What is tried on every stage of one rehearsal."""

    profile: Profile
    pictures: Pictures
    #: The template, made ready for drawing.
    prepared: bytes | None
    now: int
    is_abandoned: Abandoned


class HouseStage:
    """`rehearsal.ports.Stage`: our decoder, and a child that draws."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._decoder = Decoder()
        self._child = Child(MODULE, what="rehearsal")
        self._is_ready = False
        if play.prepared is not None:
            self._ready(time.monotonic() + SECONDS_TO_PREPARE)

    def play(self, rows: Sequence[tuple[int, Facts]]) -> Mapping[int, Tried]:
        """Return what came of each row, in the order in which issuing would ask."""
        looked = {row: self._look(row, facts) for row, facts in rows}
        pages = self._draw([(row, facts, looked[row]) for row, facts in rows])
        return {row: self._tried(facts, looked[row], pages[row]) for row, facts in rows}

    def close(self) -> None:
        """End both children."""
        self._decoder.close()
        self._child.close()

    def _look(self, row: int, facts: Facts) -> _Looked:
        """Return where the row's picture is, why it has none, or that it needs none."""
        if not has_picture(self._play.profile, facts):
            return None
        if self._play.is_abandoned():  # a picture may take a second
            raise AbandonedError
        pictures = self._play.pictures
        source = pictures.source(row, facts.image)
        if isinstance(source, Reason) or source.startswith("url:"):
            return source
        return pictures.problem(source, self._decoder) or source

    def _tried(self, facts: Facts, looked: _Looked, page: Mapping[str, Any]) -> Tried:
        problems = [looked] if isinstance(looked, Reason) else []
        if problem := problem_with_end(facts, self._play.now):
            problems.append(problem)
        if page.get("problem"):
            problems.append(Reason(*page["problem"]))
        return Tried(
            problems,
            [
                PrintedText(tuple(fields), text, designed, size, lines)
                for fields, text, designed, size, lines in page.get("texts", ())
            ],
            [PrintedPicture(*one) for one in page.get("pictures", ())],
            is_drawn="texts" in page,
            is_unfetched=isinstance(looked, str) and looked.startswith("url:"),
        )

    # --- drawing ---------------------------------------------------------------

    def _draw(self, rows: Sequence[_Row]) -> Mapping[int, Mapping[str, Any]]:
        if self._play.prepared is None:
            return {row: {} for row, _, _ in rows}
        drawn: dict[int, Mapping[str, Any]] = {}
        part: list[_Row] = []
        names: dict[str, Picture] = {}
        for one in rows:
            # A batch goes in parts when its pictures are large.
            if sum(len(it.data) for it in names.values()) > PICTURE_BYTES:
                drawn.update(self._draw_part(part, names))
                part, names = [], {}
            part.append(one)
            source = one[2]
            if isinstance(source, str) and source.startswith("zip:"):
                names.setdefault(
                    source, self._play.pictures.picture(source, self._decoder)
                )
        drawn.update(self._draw_part(part, names))
        return drawn

    def _draw_part(
        self,
        rows: Sequence[_Row],
        pictures: Mapping[str, Picture],
    ) -> Mapping[int, Mapping[str, Any]]:
        if not rows:
            return {}
        try:
            found = self._drawn(rows, pictures, SECONDS_PER_BATCH)
        except (EOFError, OSError, ValueError):
            # One of them was too much for the child: which one shows by itself.
            found = [self._alone(row, pictures) for row in rows]
        return {row: page for (row, _, _), page in zip(rows, found, strict=True)}

    def _alone(
        self,
        row: _Row,
        pictures: Mapping[str, Picture],
    ) -> Mapping[str, Any]:
        try:
            return self._drawn([row], pictures, SECONDS_PER_ROW)[0]
        except (EOFError, OSError, ValueError):
            return {"problem": [NOT_DRAWN.code, NOT_DRAWN.message]}

    def _drawn(
        self,
        rows: Sequence[_Row],
        pictures: Mapping[str, Picture],
        seconds: float,
    ) -> Sequence[Mapping[str, Any]]:
        profile = self._play.profile
        letterhead = profile.letterhead
        assert letterhead is not None
        places = {name: at for at, name in enumerate(pictures)}
        asked = []
        for row, facts, source in rows:
            ids = NAMER.name(row)
            picture = None
            if isinstance(source, str) and source in pictures:
                one = pictures[source]
                picture = (places[source], one.media_type, one.width, one.height)
            asked.append(
                {
                    "facts": facts,
                    "id": ids.certificate,
                    "reference": ids.reference,
                    "issued_at": self._play.now,
                    "valid_until": valid_until(facts, profile, self._play.now),
                    "issuer_name": letterhead.name,
                    "url": f"{letterhead.public_url}/c/{ids.certificate}",
                    "picture": picture,
                }
            )
        self._ready(time.monotonic() + SECONDS_TO_PREPARE)
        data = [one.data for one in pictures.values()]
        answer = self._ask({"kind": "rows", "rows": asked}, data, seconds)
        found: Sequence[Mapping[str, Any]] = answer["rows"]
        return found

    def _ready(self, deadline: float) -> None:
        """Have a child that has the template."""
        if self._is_ready and self._child.is_running:
            return
        assert self._play.prepared is not None
        try:
            left = deadline - time.monotonic()
            self._ask({"kind": "template"}, [self._play.prepared], left)
        except (EOFError, OSError, ValueError) as trouble:
            raise Fault(
                f"the rehearsal cannot draw: {trouble!r}", passing=True
            ) from trouble
        self._is_ready = True

    def _ask(
        self, question: Mapping[str, Any], parts: Sequence[bytes], seconds: float
    ) -> Mapping[str, Any]:
        """
        Return what the child answers.

        Raises:
            EOFError, OSError, ValueError: it is of no more use, and was ended.
            Fault: it is well, and cannot answer.
        """
        self._child.start()
        deadline = time.monotonic() + seconds
        body = orjson.dumps({**question, "parts": [len(part) for part in parts]})
        try:
            self._child.send(LENGTH.pack(len(body)) + body, deadline)
            for part in parts:
                self._child.send(part, deadline)
            (length,) = LENGTH.unpack(self._child.receive(LENGTH.size, deadline))
            answer: Mapping[str, Any] = orjson.loads(
                self._child.receive(length, deadline)
            )
        except BaseException:
            self._child.close()
            self._is_ready = False
            raise
        if "fault" in answer:
            raise Fault(answer["fault"], passing=True)
        return answer
