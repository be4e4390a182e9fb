"""A stage of a rehearsal: pictures are decoded and rows drawn, and all is let go."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from testamur.core.child import Child
from testamur.core.ids import Namer
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts, Profile
from testamur.intake.pictures import Decoder, Picture
from testamur.issuance.issue import has_picture
from testamur.issuance.validity import problem_with_end, valid_until
from testamur.rehearsal.ports import PrintedPicture, PrintedText, Tried
from testamur.rehearsal.rehearse import Abandoned, AbandonedError

from .rehearsing_child import LENGTH, MODULE
from .rehearsing_pictures import PICTURE_BYTES, Pictures

if TYPE_CHECKING:  # most rehearsals do without
    from testamur.rendering.typst.typesetting import Typesetting

#: What one batch may take, and one row of it when it is tried by itself.
SECONDS_PER_BATCH = 30.0
SECONDS_PER_ROW = 10.0
SECONDS_TO_PREPARE = 20.0

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


@dataclass(frozen=True, slots=True)
class Play:
    """What is tried on every stage of one rehearsal."""

    profile: Profile
    pictures: Pictures
    #: The template, made ready for drawing.
    prepared: bytes | None
    #: The folder of the operator's fonts.
    fonts: Path | None
    #: What draws the rows that are not stamped, for all stages.
    typesetting: Callable[[], "Typesetting"]
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
            code, message = page["problem"]
            problems.append(Reason(code, message))
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
            fonts = self._play.fonts
            question = {"kind": "template", "fonts": str(fonts) if fonts else None}
            self._ask(question, [self._play.prepared], left)
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
            while "typeset" in (answer := self._heard(deadline)):
                self._typeset(answer["typeset"], deadline)
        except BaseException:
            self._child.close()
            self._is_ready = False
            raise
        if "fault" in answer:
            raise Fault(answer["fault"], passing=True)
        return answer

    def _heard(self, deadline: float) -> Mapping[str, Any]:
        (length,) = LENGTH.unpack(self._child.receive(LENGTH.size, deadline))
        heard: Mapping[str, Any] = orjson.loads(self._child.receive(length, deadline))
        return heard

    def _typeset(self, wanted: Sequence[Any], deadline: float) -> None:
        """Have a page typeset that the child asks for, and send it back."""
        from testamur.rendering.laid import Laid
        from testamur.rendering.pdf.stamp import Extras
        from testamur.rendering.plain import from_plain

        laid, extras, values = wanted
        assert self._play.prepared is not None
        drawn = self._play.typesetting().pdf(
            self._play.prepared,
            from_plain(Laid, laid),
            from_plain(Extras, extras),
            values,
        )
        if isinstance(drawn, Reason):
            body, data = orjson.dumps({"problem": [drawn.code, drawn.message]}), b""
        else:
            body, data = orjson.dumps({"length": len(drawn)}), drawn
        self._child.send(LENGTH.pack(len(body)) + body + data, deadline)
