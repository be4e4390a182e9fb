"""
A template at work: everything that is drawn of certificates, by whichever path.

What comes out was read back by parts that did not draw it, and says what its own
row says; else nothing comes out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts

from .design import Qr
from .laid import Laid
from .pdf.signature import Slot
from .pdf.stamp import Extras, Press, RowPicture
from .pdfium.leaf import Binder
from .pdfium.lean import lean_binder
from .pdfium.raster import Raster
from .pdfium.read_back import Expected, ReadBack, texts_of
from .prepared import Prepared
from .text.fonts import Fonts
from .text.layout import Layout
from .values import filled, values_of


@dataclass(frozen=True, slots=True)
class Subject:
    """One certificate, as far as its look depends on it."""

    facts: Facts
    certificate_id: str
    reference: str
    #: Milliseconds.
    issued_at: int
    valid_until: int | None
    issuer_name: str
    #: Its page.
    url: str
    picture: RowPicture | None = None


class Typeset(Protocol):
    """The other path: slower, and for everything."""

    def pdf(
        self,
        prepared: bytes,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None = None,
    ) -> bytes | Reason:
        """Return a certificate's whole file, or why this row cannot be drawn."""
        ...


class Printer:
    """Draws certificates of one prepared template. For one thread at a time."""

    def __init__(self, prepared: bytes, typeset: Typeset) -> None:
        """
        Take the bytes of a prepared template.

        Raises:
            ValueError: they are something else, or of another version.
        """
        self._bytes = prepared
        self.prepared = Prepared.from_bytes(prepared)
        self._typeset = typeset

    @property
    def prefix(self) -> bytes:
        """What every stamped file begins with."""
        return self.prepared.prefix

    def problem(self, subject: Subject) -> Reason | None:
        """Say why *subject* cannot be drawn; None when it can."""
        values = self._values(subject)
        laid = self._layout.lay_out(values, only_variable=True)
        if isinstance(laid, Reason):
            return laid
        if self.prepared.plan is None or laid.is_unusual:
            drawn = self._typeset.pdf(
                self._bytes, laid, self._extras(subject, values, None), values
            )
            return drawn if isinstance(drawn, Reason) else None
        return None

    def file(
        self,
        subject: Subject,
        credential: bytes | None,
        signature: Slot | None = None,
        *,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> bytes:
        """
        Return the file of a certificate: a tail to `prefix`, or a whole PDF.

        With a *signature* it is signed while it is written; what the typesetter draws
        is a whole PDF, which *sign* signs.

        Raises:
            Fault: not passing, when it cannot be drawn, or was drawn wrongly.
        """
        values = self._values(subject)
        extras = self._extras(subject, values, credential)
        laid = self._laid(values)
        if self._is_stamped(laid):
            file = self._press.stamp(laid, extras, signature)
        else:
            file = self._typeset_pdf(values, extras)
            if signature is not None:
                if sign is None:
                    raise Fault("a typeset certificate is to be signed", passing=False)
                file = sign(file)
        expected = Expected(
            texts_of(self.prepared.design, values),
            subject.url,
            title=extras.title,
            credential=credential,
            has_picture=subject.picture is not None,
        )
        problem = self._read_back.problem_with(file, expected)
        if problem is not None:
            raise Fault(
                f"the file of certificate {subject.certificate_id} is not what its row "
                f"says: {problem}. It was kept nowhere and shown to nobody",
                passing=False,
            )
        return file

    def try_out(self, subject: Subject, *, reads_back: bool = True) -> Laid | Reason:
        """
        Draw *subject* as `file` does, and let it go; say how its texts lie, or why
        it cannot be drawn. Reading it back takes longer than all the rest.

        Raises:
            Fault: what draws does not start.
        """
        values = self._values(subject)
        extras = self._extras(subject, values, None)
        laid = self._layout.lay_out(values, only_variable=True)
        if isinstance(laid, Reason):
            return laid
        file: bytes | Reason
        if self._is_stamped(laid):
            file = self._press.stamp(laid, extras)
        else:
            whole = self._layout.lay_out(values)
            assert not isinstance(whole, Reason)
            file = self._typeset.pdf(self._bytes, whole, extras, values)
        if isinstance(file, Reason):
            return file
        if not reads_back:
            return laid
        expected = Expected(
            texts_of(self.prepared.design, values), subject.url, title=extras.title
        )
        problem = self._read_back.problem_with(file, expected)
        if problem is None:
            return laid
        return Reason(
            "print_differs",
            f"The certificate would not say what the row says: {problem} It is our "
            "software that draws it wrongly. Tell your operator, and write the row's "
            "unusual characters in another way until it is mended.",
        )

    def png(self, file: bytes, url: str) -> bytes:
        """
        Return a certificate's file as a picture, 96 pixels to the inch.

        Raises:
            Fault: not passing, when its QR code does not lead to *url*.
        """
        return self._leading_to(url, self._raster.png(file))

    def jpeg(self, file: bytes, url: str) -> bytes:
        """Return the same as a JPEG. Raises as `png`."""
        return self._leading_to(url, self._raster.jpeg(file))

    def card(self, file: bytes) -> bytes:
        """Return what is shown where a link to a certificate is posted: a JPEG."""
        return self._raster.card(file)

    def _leading_to(self, url: str, picture: bytes) -> bytes:
        problem = self._read_back.problem_with_picture(picture, url)
        if problem is not None:
            raise Fault(f"the picture of {url} is not right: {problem}", passing=False)
        return picture

    def _typeset_pdf(self, values: Mapping[str, str], extras: Extras) -> bytes:
        whole = self._layout.lay_out(values)
        assert not isinstance(whole, Reason)
        drawn = self._typeset.pdf(self._bytes, whole, extras, values)
        if isinstance(drawn, Reason):
            raise Fault(
                f"certificate {extras.certificate_id} cannot be drawn any more: "
                f"{drawn.code}",
                passing=False,
            )
        return drawn

    def _is_stamped(self, laid: Laid) -> bool:
        return self.prepared.plan is not None and not laid.is_unusual

    def _laid(self, values: Mapping[str, str]) -> Laid:
        laid = self._layout.lay_out(values, only_variable=True)
        if isinstance(laid, Reason):
            raise Fault(f"a certificate cannot be drawn: {laid.code}", passing=False)
        return laid

    def _values(self, subject: Subject) -> Mapping[str, str]:
        return values_of(
            self.prepared.design,
            subject.facts,
            certificate_id=subject.certificate_id,
            reference=subject.reference,
            issued_at=subject.issued_at,
            valid_until=subject.valid_until,
            issuer_name=subject.issuer_name,
            url=subject.url,
        )

    def _extras(
        self, subject: Subject, values: Mapping[str, str], credential: bytes | None
    ) -> Extras:
        design = self.prepared.design
        codes = [item for item in design.items if isinstance(item, Qr)]
        return Extras(
            title=filled(design.title, values),
            certificate_id=subject.certificate_id,
            issued_at=subject.issued_at,
            url=subject.url,
            issuer_name=subject.issuer_name,
            qr_alt=filled(codes[0].alt, values) if codes else "",
            credential=credential,
            picture=subject.picture,
        )

    @cached_property
    def _fonts(self) -> Fonts:
        assets = self.prepared.assets
        return Fonts(
            [(font, assets[font.asset]) for font in self.prepared.design.fonts]
        )

    @cached_property
    def _layout(self) -> Layout:
        return Layout(self.prepared.design, self._fonts)

    @cached_property
    def _press(self) -> Press:
        return Press(self.prepared, self._fonts)

    @cached_property
    def _lean(self) -> Binder | None:
        return lean_binder(self.prepared)

    @cached_property
    def _raster(self) -> Raster:
        return Raster(self.prepared, self._lean)

    @cached_property
    def _read_back(self) -> ReadBack:
        return ReadBack(self.prepared, self._lean)
