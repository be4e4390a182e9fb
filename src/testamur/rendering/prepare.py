"""
From a package to a prepared template: everything that is done once, not per row.

Its files are decoded and made safe, its art is drawn, its constant texts are laid
out; then both ways of drawing are tried on samples, and compared.
"""

import tempfile
import time
from pathlib import Path

from testamur.core.refusals import Fault, Kind, Reason, Refusal

from .assets.made_safe import made_safe, weight_of
from .doubts import doubts_about
from .laid import Laid
from .package.package import Package, read_package
from .pdf.stamp import Press, build_prefix
from .pdfium.compare import are_alike
from .pdfium.read_back import Expected, ReadBack, texts_of
from .preparation import Preparation
from .prepared import Prepared
from .sample import CREDENTIAL, FOREIGN, SHORT, USUAL, Sample, sample, samples
from .text.fonts import Fonts
from .text.layout import Layout
from .typst.typeset import Typesetter

__all__ = ["Preparation", "Preparer", "prepare"]

#: Of what every certificate's file has in it, more than this deserves a word.
HEAVY_BYTES = 200 * 1024

#: Of processor: source that takes longer would hold everybody up, row by row.
SECONDS_PER_PAGE = 2.0


def prepare(package: bytes) -> Preparation:
    """
    Return the template of *package* (ZIP or JSON) made ready. Not for strangers'
    packages: see `typesetting` for those.

    Raises:
        Refusal: INVALID or TOO_LARGE, with what to change in the package.
    """
    with tempfile.TemporaryDirectory() as folder:
        return Preparer(Typesetter(Path(folder))).prepare(package)


class Preparer:
    """Makes packages ready, one after the other, with one typesetter."""

    def __init__(self, typesetter: Typesetter) -> None:
        #: What draws.
        self.typesetter = typesetter

    def prepare(self, package: bytes) -> Preparation:
        """
        Return the template of *package* (ZIP or JSON) made ready.

        A template whose stamped and typeset pages differ has no prefix: it is
        always typeset. The same package gives the same bytes.

        Raises:
            Refusal: INVALID or TOO_LARGE, with what to change in the package.
        """
        return self.prepare_read(read_package(package))

    def prepare_read(self, read: Package) -> Preparation:
        """Return a package that was read made ready; as `prepare`."""
        safe, said = made_safe(read)
        if safe.design.source is not None:
            return self._source(safe, said)
        fonts = self.typesetter.fonts(safe)
        layout = Layout(safe.design, fonts)
        static = layout.lay_out({}, only_static=True)
        if isinstance(static, Reason):
            raise Refusal(Kind.INVALID, static.code, static.message, at="items")
        fitting, laid, doubts = _fitting(safe, layout)
        art = self.typesetter.art(safe)
        typeset = self._typeset(safe, laid, fitting)
        prepared = self._stampable(safe, fonts, layout, static, art, fitting)
        heavy = weight_of(safe.design, safe)
        if heavy > HEAVY_BYTES:
            said.append(
                f"Every certificate's file has {heavy // 1024} KB of pictures in it. "
                "Smaller ones make it faster to send: SVG, or JPEG of 150 pixels per "
                "inch."
            )
        picture = self.typesetter.art_png(safe, ppi=36)
        said += doubts + doubts_about(safe.design, picture)
        if prepared.plan is None:
            # The fast way was read back as it was tried.
            problem = ReadBack(prepared).problem_with(typeset, _expected(safe, fitting))
            if problem is not None:
                raise _unreadable(problem)
            said.append(
                "Certificates of this template are drawn the slow way, for the fast "
                "one does not draw it exactly: text lies under a drawing, perhaps."
            )
            return Preparation(prepared, typeset, tuple(said))
        press = Press(prepared, fonts)
        stamped = prepared.prefix + press.stamp(laid, fitting.extras)
        return Preparation(prepared, stamped, tuple(said))

    def warm_up(self) -> None:
        """Have everything imported and started that preparing needs."""
        self.prepare(_TINY)

    def _source(self, package: Package, said: list[str]) -> Preparation:
        """Return a template that draws its page itself: a sample shows that it can."""
        usual = sample(package, USUAL)
        began = time.process_time()
        drawn = self._typeset(package, Laid(()), usual)
        if time.process_time() - began > SECONDS_PER_PAGE:
            raise Refusal(
                Kind.INVALID,
                "template_too_complex",
                f"Drawing one certificate takes longer than {SECONDS_PER_PAGE:g} "
                "seconds. Simplify what the source draws.",
                at=package.design.source,
            )
        said += [
            f"{package.design.source}: {doubt}." for doubt in self.typesetter.doubts
        ]
        prepared = Prepared(
            design=package.design,
            assets=package.assets,
            art=b"",
            static=Laid(()),
            prefix=b"",
            plan=None,
        )
        problem = ReadBack(prepared).problem_with(drawn, _expected(package, usual))
        if problem is not None:
            raise _unreadable(problem)
        return Preparation(prepared, drawn, tuple(said))

    def _typeset(self, package: Package, laid: Laid, one: Sample) -> bytes:
        drawn = self.typesetter.pdf(package, laid, one.extras, one.values)
        if isinstance(drawn, Reason):
            raise Refusal(Kind.INVALID, drawn.code, drawn.message, at="template.json")
        return drawn

    def _stampable(
        self,
        package: Package,
        fonts: Fonts,
        layout: Layout,
        static: Laid,
        art: bytes,
        fitting: Sample,
    ) -> Prepared:
        """Return the prepared template, with a prefix if the stamp draws it right."""
        slow = Prepared(
            design=package.design,
            assets=package.assets,
            art=art,
            static=static,
            prefix=b"",
            plan=None,
        )
        try:
            prefix, plan = build_prefix(package.design, fonts, art, static)
        except ValueError:
            return slow
        fast = Prepared(
            design=package.design,
            assets=package.assets,
            art=art,
            static=static,
            prefix=prefix,
            plan=plan,
        )
        press, reader = Press(fast, fonts), ReadBack(fast)
        others = (sample(package, words) for words in (SHORT, FOREIGN))
        for one in (fitting, *others):
            laid = layout.lay_out(one.values)
            if isinstance(laid, Reason) or laid.is_unusual:
                continue
            try:
                tail = press.stamp(laid, one.extras)
            except Fault:
                return slow
            typeset = self._typeset(package, laid, one)
            if not are_alike(prefix + tail, typeset):
                return slow
            # With its art too: later on, only tails are read back.
            for file in (tail, prefix + tail):
                problem = reader.problem_with(file, _expected(package, one))
                if problem is not None:
                    raise _unreadable(problem)
        return fast


def _fitting(package: Package, layout: Layout) -> tuple[Sample, Laid, list[str]]:
    """Return a sample that fits its boxes, its layout, and what did not fit."""
    said: list[str] = []
    for one in samples(package):
        laid = layout.lay_out(one.values)
        if isinstance(laid, Laid):
            return one, laid, said
        said = said or [f"A usual certificate does not fit its boxes: {laid.message}"]
        reason = laid
    raise Refusal(Kind.INVALID, reason.code, reason.message, at="items")


def _expected(package: Package, one: Sample) -> Expected:
    return Expected(
        texts_of(package.design, one.values), one.extras.url, None, CREDENTIAL
    )


def _unreadable(problem: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "template_unreadable",
        f"A sample of it could not be read back. {problem} Look for text or a QR code "
        "under a picture, behind the page's edge, or in the colour of its background.",
        at="template.json",
    )


_TINY = (
    b'{"testamur": 1, "name": "tiny", "page": {"size": "A4"}, "items": '
    b'[{"type": "text", "box": [10, 10, 100, 20], "text": "{{recipientName}}"}]}'
)
