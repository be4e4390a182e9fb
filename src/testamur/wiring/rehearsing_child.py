"""
Where rows are drawn for a rehearsal: `python -m testamur.wiring.rehearsing_child`.

What is drawn here is looked at and let go. Several of these work side by side; each
dies with the thread that started it.
"""

import os
import re
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from testamur.core.leash import READY, read, write
from testamur.core.parent import die_with
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts

if TYPE_CHECKING:  # it starts sooner without
    from testamur.rendering.laid import Laid
    from testamur.rendering.pdf.stamp import Extras

MODULE = "testamur.wiring.rehearsing_child"

#: How long a message is. Its parts of bytes follow it, as long as it says.
LENGTH = struct.Struct(">I")

#: Letters that change with those beside them, or may: from Hebrew on, but for more of
#: Latin and Greek, punctuation and symbols. Rows with one of them are all read back.
_SHAPED = re.compile("[\u0590-\u1dff\u2c00-\U0010ffff]")

#: Of the other rows, those that bring a new letter, and one in so many. The files of
#: real certificates are all read back.
ONE_IN = 10

#: They yield to the process that answers requests, as workers do.
NICENESS = 5


def say(message: Mapping[str, Any]) -> None:
    """Send a message to the parent."""
    body = orjson.dumps(message)
    write(LENGTH.pack(len(body)) + body)


class _Typesetter:
    """`printer.Typeset`: asks the parent, so that all stages share one typesetter."""

    def pdf(
        self,
        prepared: bytes,
        laid: "Laid",
        extras: "Extras",
        values: Mapping[str, str] | None = None,
    ) -> bytes | Reason:
        """Return a certificate's whole file, or why this row cannot be drawn."""
        from testamur.rendering.plain import to_plain

        say({"typeset": [to_plain(laid), to_plain(extras), dict(values or {})]})
        answer = orjson.loads(_heard() or b"null")
        if "problem" in answer:
            code, message = answer["problem"]
            return Reason(code, message)
        return read(answer["length"]) or b""


def _heard() -> bytes | None:
    head = read(LENGTH.size)
    return None if head is None else read(LENGTH.unpack(head)[0])


class _Drawing:
    """Draws rows with one template after the other."""

    def __init__(self) -> None:
        self._printer: Any = None
        #: The letters that were read back on some row.
        self._read: set[str] = set()
        self._drawn = 0

    def take(self, prepared: bytes, fonts: str | None) -> None:
        """Have a prepared template ready, and the operator's folder of fonts."""
        from testamur.rendering.printer import Printer
        from testamur.rendering.text.font_house import use_folder

        use_folder(Path(fonts) if fonts else None)
        self._printer = Printer(prepared, _Typesetter())

    def draw(self, rows: Sequence[Any], pictures: Sequence[bytes]) -> list[Any]:
        """Return what came of each row: a reason, or its texts and picture."""
        return [self._draw(row, pictures) for row in rows]

    def _draw(self, row: Any, pictures: Sequence[bytes]) -> dict[str, Any]:
        from testamur.rendering.pdf.stamp import RowPicture
        from testamur.rendering.plain import from_plain
        from testamur.rendering.printer import Subject

        picture = None
        if row["picture"] is not None:
            at, media_type, width, height = row["picture"]
            picture = RowPicture(pictures[at], media_type, width, height)
        facts = from_plain(Facts, row["facts"])
        laid = self._printer.try_out(
            Subject(
                facts=facts,
                certificate_id=row["id"],
                reference=row["reference"],
                issued_at=row["issued_at"],
                valid_until=row["valid_until"],
                issuer_name=row["issuer_name"],
                url=row["url"],
                picture=picture,
            ),
            reads_back=self._reads_back(facts),
        )
        if isinstance(laid, Reason):
            return {"problem": [laid.code, laid.message]}
        design = self._printer.prepared.design
        texts = {text.id: text for text in design.texts}
        return {
            "texts": [
                [
                    [field.name for field in texts[one.id].fields],
                    one.text,
                    texts[one.id].style.size,
                    one.size,
                    len(one.lines),
                ]
                for one in laid.texts
                if texts[one.id].fields
            ],
            "pictures": printed_pictures(design, picture) if picture else [],
        }

    def _reads_back(self, facts: Facts) -> bool:
        """Say whether a row's page is read back: when it may have what none had."""
        self._drawn += 1
        texts = (facts.name, facts.description, facts.category, facts.recipient_email)
        values = (value for _, value in facts.attributes)
        text = "".join((*texts, facts.recipient_name or "", *values))
        if not self._read.issuperset(text):
            self._read.update(text)
            return True
        return self._drawn % ONE_IN == 0 or _SHAPED.search(text) is not None


def printed_pictures(design: Any, picture: Any) -> list[list[float]]:
    """Return pixels on an inch, and the part cut off, wherever *picture* is."""
    from testamur.rendering.design import Cover, Picture

    found = []
    for item in design.items:
        if not isinstance(item, Picture) or item.asset is not None:
            continue
        scales = item.box.width / picture.width, item.box.height / picture.height
        covers = item.cover is Cover.COVER
        scale = max(scales) if covers else min(scales)
        cut = 1 - min(scales) / max(scales) if covers else 0.0
        found.append([72 / scale, cut])
    return found


def main() -> None:
    """Answer until nobody asks any more."""
    die_with(int(sys.argv[1]))
    os.nice(NICENESS)
    drawing = _Drawing()
    write(READY)
    while (heard := _heard()) is not None:
        question = orjson.loads(heard)
        parts = [read(length) or b"" for length in question["parts"]]
        answer: dict[str, Any] = {}
        try:
            if question["kind"] == "template":
                drawing.take(parts[0], question["fonts"])
            else:
                answer["rows"] = drawing.draw(question["rows"], parts)
        except Fault as trouble:
            answer["fault"] = str(trouble)
        say(answer)


if __name__ == "__main__":
    main()
