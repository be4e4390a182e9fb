"""
Certificates a second on one core, and bytes of each, by every way of drawing them.

Everybody draws the same certificate (`diploma`) in the same run; what is counted is
processor time. Ours is PDF/A-3a, tagged, with a signed credential attached; the
others' files are plain ones, and they are handed their QR codes ready made.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import typst

from support.credentials import (
    ISSUER,
    PLAIN,
    SEALING,
    issuer_key,
    placed,
    stamper_of,
)
from testamur.core.refusals import Reason
from testamur.core.words import Facts
from testamur.issuance.die import proof
from testamur.issuance.die.credential import holes_of, shape_of
from testamur.issuance.keys import open_key
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import read_package
from testamur.rendering.pdf.stamp import Extras, Press
from testamur.rendering.pdfium.raster import Raster
from testamur.rendering.pdfium.read_back import Expected, ReadBack, texts_of
from testamur.rendering.prepare import prepare
from testamur.rendering.prepared import Prepared
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout
from testamur.rendering.typst.typeset import Typesetter
from testamur.rendering.values import filled, values_of

from . import diploma, html_engines
from .server import bench_server

ROOT = Path(__file__).parent.parent
#: 22 November 2026.
ISSUED = 1_795_305_600_000
ROUNDS = 3


def _credential() -> bytes:
    """Return a signed credential, as certificates have them attached."""
    shape = shape_of(PLAIN, ISSUER, has_picture=False, has_end=False)
    die = proof.Press(stamper_of(shape))
    filled_in = holes_of(PLAIN, placed(1), hides_addresses=True)
    to_sign = die.to_be_signed(filled_in)
    assert isinstance(to_sign, bytes)
    sign = open_key(issuer_key(), sealing=SEALING)
    secured = die.secured(filled_in, sign(to_sign))
    return secured


CREDENTIAL = _credential()


class Row(NamedTuple):
    """One certificate, as all ways of drawing are given it."""

    values: dict[str, str]
    extras: Extras
    expected: Expected


class Bench:
    """A template that is ready to draw, and what draws it."""

    def __init__(self, package: bytes) -> None:
        self.package = read_package(package)
        self.prepared = Prepared.from_bytes(prepare(package).prepared.to_bytes())
        design = self.prepared.design
        assets = self.prepared.assets
        fonts = Fonts([(font, assets[font.asset]) for font in design.fonts])
        self.layout = Layout(design, fonts)
        self.press = Press(self.prepared, fonts)
        self.raster = Raster(self.prepared)
        self.read_back = ReadBack(self.prepared)

    def rows(self, people: Sequence[diploma.Person]) -> list[Row]:
        """Return what is drawn of *people*."""
        return [self._row(number, each) for number, each in enumerate(people)]

    def _row(self, number: int, person: diploma.Person) -> Row:
        design = self.prepared.design
        facts = Facts(
            name=diploma.COURSE,
            description="",
            category="course",
            recipient_email=f"person.{number}@example.org",
            recipient_name=person.name,
            attributes=(("hours", person.hours),),
            expiry_days=None,
            image=None,
        )
        values = values_of(
            design,
            facts,
            certificate_id=f"{number:08d}",
            reference=person.reference,
            issued_at=ISSUED,
            valid_until=None,
            issuer_name="Example Institute",
            url=person.url,
        )
        title = filled(design.title, values)
        extras = Extras(
            title=title,
            certificate_id=f"{number:08d}",
            issued_at=ISSUED,
            url=person.url,
            issuer_name="Example Institute",
            credential=CREDENTIAL,
        )
        expected = Expected(texts_of(design, values), person.url, title, CREDENTIAL)
        return Row(dict(values), extras, expected)

    def tail(self, row: Row) -> bytes:
        """Return the tail of a certificate's PDF."""
        laid = self.layout.lay_out(row.values, only_variable=True)
        assert isinstance(laid, Laid), laid
        return self.press.stamp(laid, row.extras)

    def checked(self, row: Row) -> bytes:
        """Return the same, read back."""
        tail = self.tail(row)
        problem = self.read_back.problem_with(tail, row.expected)
        assert problem is None, problem
        return tail

    def png(self, row: Row) -> bytes:
        """Return a certificate as PNG; its PDF is made on the way."""
        return self.raster.png(self.tail(row))

    def checked_png(self, row: Row) -> bytes:
        """Return the same, PDF and PNG read back."""
        picture = self.raster.png(self.checked(row))
        problem = self.read_back.problem_with_picture(picture, row.extras.url)
        assert problem is None, problem
        return picture


class Found(NamedTuple):
    """What one way of drawing takes for a page."""

    seconds: float
    size: float


def main(count: int = 1_500, slow: int = 60, pages: int = 10_000) -> None:
    """Print every figure: *count* pages of ours, *slow* of others', *pages* in all."""
    started = time.process_time()
    bench = Bench(diploma.package())
    preparing = time.process_time() - started
    people = diploma.people(max(count, slow) + 1)
    rows = bench.rows(people)
    prefix = len(bench.prepared.prefix)
    tail = len(bench.tail(rows[0]))
    print("A4 landscape certificate: pages/s of processor time, one core")
    print(
        f"prefix {prefix:,} bytes once; kept per certificate {tail:,} bytes, of which "
        f"{tail - len(_bare(bench, rows[0])):,} are the signed credential "
        f"({len(CREDENTIAL):,}, deflated); preparing the template {preparing:.1f} s",
        flush=True,
    )
    ours: list[tuple[str, Callable[[Row], bytes], int]] = [
        ("PDF, prepared", bench.tail, prefix),
        ("PDF, prepared, read back", bench.checked, prefix),
        ("PNG 96 ppi, prepared", bench.png, 0),
        ("PNG 96 ppi, PDF and PNG read back", bench.checked_png, 0),
        ("JPEG 96 ppi", lambda row: bench.raster.jpeg(bench.tail(row)), 0),
        ("social card", lambda row: bench.raster.card(bench.tail(row)), 0),
    ]
    found: dict[str, Found | str] = {
        name: _cost(work, rows[: count + 1], extra) for name, work, extra in ours
    }
    found |= _typst(bench, rows[: slow + 1], people[: slow + 1])
    html = [diploma.html(person) for person in people[: slow // ROUNDS + 1]]
    found["WeasyPrint 70.0 (HTML to PDF)"] = _named(html_engines.weasyprint(html))
    found["WeasyPrint 70.0, PDF/A-3a as ours is"] = _named(
        html_engines.weasyprint(html, pdf_variant="pdf/a-3a")
    )
    found["Chromium, headless (HTML to PDF)"] = _named(html_engines.chromium(html))
    _print(found)
    _rehearse(1_000)
    _memory(pages)


def _bare(bench: Bench, row: Row) -> bytes:
    """Return the tail of *row* without its credential."""
    laid = bench.layout.lay_out(row.values, only_variable=True)
    assert isinstance(laid, Laid)
    bare = {name: getattr(row.extras, name) for name in ("title", "url", "issued_at")}
    return bench.press.stamp(
        laid, Extras(certificate_id=row.extras.certificate_id, **bare)
    )


def _cost(work: Callable[[Row], bytes], rows: Sequence[Row], extra: int = 0) -> Found:
    """
    Return the median of three rounds, each of other rows: engines remember pages.

    The first page of all does not count.
    """
    work(rows[0])
    rounds, size, share = [], 0, (len(rows) - 1) // ROUNDS
    for first in range(1, 1 + ROUNDS * share, share):
        started = time.process_time()
        for row in rows[first : first + share]:
            size += len(work(row)) + extra
        rounds.append((time.process_time() - started) / share)
    return Found(sorted(rounds)[ROUNDS // 2], size / (ROUNDS * share))


def _typst(
    bench: Bench, rows: Sequence[Row], people: Sequence[diploma.Person]
) -> dict[str, Found | str]:
    with tempfile.TemporaryDirectory() as folder:
        typesetter = Typesetter(Path(folder) / "ours")

        def typeset(row: Row) -> bytes:
            laid = bench.layout.lay_out(row.values)
            assert isinstance(laid, Laid), laid
            drawn = typesetter.pdf(bench.package, laid, row.extras, row.values)
            assert not isinstance(drawn, Reason), drawn
            return drawn

        root = Path(folder) / "plain"
        root.mkdir()
        (root / "border.svg").write_text(diploma.border_svg())
        (root / "logo.png").write_bytes(diploma.logo_png())
        (root / "main.typ").write_text(diploma.TYPST)
        compiler = typst.Compiler(
            root=str(root),
            font_paths=[str(diploma.FONT.parent)],
            ignore_system_fonts=True,
        )
        given = {
            row.extras.certificate_id: json.dumps(diploma.typst_data(person))
            for row, person in zip(rows, people, strict=True)
        }

        def plain(row: Row) -> bytes:
            data = given[row.extras.certificate_id]
            made = compiler.compile(
                input=str(root / "main.typ"), sys_inputs={"data": data}
            )
            assert isinstance(made, bytes)
            return made

        return {
            "PDF, typeset (our Typst path)": _cost(typeset, rows),
            f"Typst {typst.__version__}, written by hand": _cost(plain, rows),
        }


def _named(cost: html_engines.Cost | str) -> Found | str:
    return cost if isinstance(cost, str) else Found(*cost)


def _print(found: dict[str, Found | str]) -> None:
    best = found["PDF, prepared"]
    assert isinstance(best, Found)
    print(f"{'':36} {'pages/s':>9} {'ms':>8} {'bytes':>9} {'prepared PDF is':>16}")
    for name, each in found.items():
        if isinstance(each, str):
            print(f"{name:36} not measured: {each}")
            continue
        print(
            f"{name:36} {1 / each.seconds:>9,.1f} {1e3 * each.seconds:>8.2f} "
            f"{each.size:>9,.0f} {each.seconds / best.seconds:>15.1f}x",
            flush=True,
        )


def _memory(pages: int) -> None:
    """Print what a fresh process takes for *pages*, each as PDF and PNG."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.rendering", str(pages)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        check=True,
        text=True,
    )
    print(done.stdout, end="", flush=True)


def _rehearse(count: int) -> None:
    """Print how long a server takes to rehearse *count* rows with the template."""
    header = "name,description,category,recipientEmail,recipientName,attribute_hours"
    lines = [
        f'"{diploma.COURSE}",Whole course,course,person.{number}@example.org,'
        f"{person.name},{person.hours}"
        for number, person in enumerate(diploma.people(count))
    ]
    sheet = "\n".join((header, *lines)).encode()
    with bench_server() as server:
        made = server.client.post("/v1/templates", files={"package": diploma.package()})
        made.raise_for_status()
        template = str(made.json()["id"])
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            answer = server.client.post(
                "/v1/rehearsals", files={"rows": sheet}, data={"template": template}
            )
            seconds.append(time.perf_counter() - started)
            answer.raise_for_status()
        found = answer.json()
        assert found["summary"]["wouldSucceed"] == count, answer.text[:1_000]
        peak = server.peak.rss
    print(
        f"rehearsal of {count:,} rows: {sorted(seconds)[1]:.1f} s, the first time "
        f"{seconds[0]:.1f} s; all processes together {peak:.0f} MiB (RSS)",
        flush=True,
    )


def _draw_many(pages: int) -> None:
    bench = Bench(diploma.package())
    process = psutil.Process()
    people = diploma.people(1_000)
    seen = []
    for done in range(1, pages + 1):
        (row,) = bench.rows([people[done % len(people)]])
        bench.checked_png(row)
        if done in (pages // 10, pages):
            seen.append(f"{process.memory_info().rss / 2**20:.0f} MiB after {done:,}")
    print(f"memory (RSS), PDF and PNG, both read back: {', '.join(seen)} pages")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _draw_many(int(sys.argv[1]))
    else:
        main()
