"""A PDF's one page, as pdfium opens and draws it."""

from types import TracebackType

import pikepdf
import pypdfium2
from PIL import Image

from .letters import Row, rows_of


class SeenPage:
    """A page that is open. Use as a context manager."""

    def __init__(self, data: bytes) -> None:
        """
        Open the first page of *data*.

        Raises:
            pikepdf.PdfError: pdfium cannot.
        """
        try:
            self._document = pypdfium2.PdfDocument(data)
            self._page = self._document[0]
        except (pypdfium2.PdfiumError, IndexError) as error:
            raise pikepdf.PdfError(str(error)) from error
        #: For pdfium's own functions.
        self.raw = self._page.raw
        #: Width and height as people see them, in points.
        self.size: tuple[float, float] = self._page.get_size()

    def __enter__(self) -> "SeenPage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._page.close()
        self._document.close()

    def rows(self) -> list[Row]:
        """Return its lines of text."""
        return rows_of(self.raw)

    def draw(self, scale: float) -> Image.Image:
        """Return it on white, *scale* pixels to the point."""
        picture: Image.Image = self._page.render(scale=scale).to_pil()
        return picture.convert("RGB")
