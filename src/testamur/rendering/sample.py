"""Certificates for nobody, to try a template out on."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PIL import Image

from testamur.core.columns import ATTRIBUTE_PREFIX
from testamur.core.words import Facts

from .design import Qr
from .package.package import Package
from .pdf.stamp import Extras, RowPicture
from .values import fields_of, filled, values_of

#: 22 November 2026, noon: a sample must be the same tomorrow.
ISSUED_AT = 1_795_348_800_000
A_YEAR = 365 * 24 * 3600 * 1000

URL = "https://example.org/c/00000000000000000000"
CERTIFICATE_ID = "00000000-0000-7000-8000-000000000000"
CREDENTIAL = b'{"type":["VerifiableCredential"]}'

#: What source asks for by name; it cannot be asked what it prints.
_ATTRIBUTE = re.compile(ATTRIBUTE_PREFIX.encode() + rb"([A-Za-z][A-Za-z0-9_-]{0,63})")


_MIRRORED = Image.Transpose.FLIP_LEFT_RIGHT


@dataclass(frozen=True, slots=True)
class Words:
    """What a sample says."""

    name: str
    description: str
    category: str
    recipient: str
    issuer: str
    attribute: str
    reference: str


#: As in life; short, for small boxes; and in letters of another script.
USUAL = Words(
    name="Introduction to Marine Biology",
    description="Lectures and field work on the ecology of the coast.",
    category="Course",
    recipient="Ana Júlia Fernandes",
    issuer="Sample Institute",
    attribute="40",
    reference="SAMPLE-1",
)
SHORT = Words("Biology", "Lectures.", "Course", "Ana Li", "Sample", "1", "S1")
LEAST = Words("A", "A", "A", "A", "A", "1", "1")
FOREIGN = Words("Biology", "Lectures.", "Course", "محمد Щукин", "Sample", "7", "S1")


@dataclass(frozen=True, slots=True)
class Sample:
    """One certificate for nobody."""

    values: Mapping[str, str]
    extras: Extras


def samples(package: Package) -> Iterator[Sample]:
    """Give samples of a template, the most like life first."""
    for words in (USUAL, SHORT, LEAST):
        yield sample(package, words)


def sample(package: Package, words: Words) -> Sample:
    """Return the certificate that says *words*, with a picture if it takes one."""
    design = package.design
    names = {
        field.name.removeprefix(ATTRIBUTE_PREFIX)
        for field in fields_of(design)
        if field.name.startswith(ATTRIBUTE_PREFIX)
    }
    if design.source is not None:
        for data in package.assets.values():
            names |= {name.decode() for name in _ATTRIBUTE.findall(data)}
    values = values_of(
        design,
        Facts(
            name=words.name,
            description=words.description,
            category=words.category,
            recipient_email="ana@example.org",
            recipient_name=words.recipient,
            attributes=tuple((name, words.attribute) for name in sorted(names)),
            expiry_days=None,
            image="",
        ),
        certificate_id=CERTIFICATE_ID,
        reference=words.reference,
        issued_at=ISSUED_AT,
        valid_until=ISSUED_AT + A_YEAR,
        issuer_name=words.issuer,
        url=URL,
    )
    codes = [item for item in design.items if isinstance(item, Qr)]
    return Sample(
        values,
        Extras(
            title=filled(design.title, values),
            certificate_id=CERTIFICATE_ID,
            issued_at=ISSUED_AT,
            url=URL,
            issuer_name=words.issuer,
            qr_alt=filled(codes[0].alt, values) if codes else "",
            credential=CREDENTIAL,
            picture=sample_picture() if design.takes_picture or design.source else None,
        ),
    )


def sample_picture() -> RowPicture:
    """Return a picture in which up and left can be told apart."""
    picture = Image.linear_gradient("L").resize((60, 80))
    picture = Image.merge("RGB", (picture, picture.transpose(_MIRRORED), picture))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return RowPicture(written.getvalue(), "image/png", *picture.size)
