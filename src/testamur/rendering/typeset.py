"""
The typesetter: a page drawn by Typst, every line where the layout put it.

It draws what the stamp does not (emoji, mixed directions, templates that are Typst
source), the art that stamped pages lie on, and whatever the stamp is compared with.
Strangers' templates are only ever drawn in `press_child`.
"""

from pathlib import Path

from testamur.core.refusals import Reason

from .font_house import House
from .laid import Laid
from .package import Package
from .stamp import Extras


class Typesetter:
    """
    Draws pages of templates, one at a time; one per process.

    Every file that Typst may read lies in *folder*, which is empty and private.
    """

    def __init__(self, folder: Path, *, house: House | None = None) -> None:
        raise NotImplementedError

    def pdf(
        self, package: Package, laid: Laid, extras: Extras, values: dict[str, str]
    ) -> bytes | Reason:
        """
        Return the whole file of a certificate: PDF/A-3a, tagged, credential attached.

        *values* (see `values.values_of`) are what a template's own source is given.
        Returns a `Reason` `glyph_missing` when no font has a character; the same
        arguments give the same bytes.

        Raises:
            Refusal: INVALID `template_source`, what is wrong with that source.
        """
        raise NotImplementedError

    def png(
        self,
        package: Package,
        laid: Laid,
        extras: Extras,
        values: dict[str, str],
        *,
        ppi: float,
    ) -> bytes | Reason:
        """Return the page as a PNG of *ppi* pixels per inch; as `pdf` otherwise."""
        raise NotImplementedError

    def art(self, package: Package) -> bytes:
        """Return a PDF of the page without text, QR code and the row's picture."""
        raise NotImplementedError

    def art_png(self, package: Package, *, ppi: float) -> bytes:
        """Return what `art` draws as a PNG."""
        raise NotImplementedError
