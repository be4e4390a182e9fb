"""Sample certificates, by which an institution sees a template before it is used."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from testamur.core.clock import DAY
from testamur.core.columns import ATTRIBUTE_PREFIX, is_attribute_name
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import nfc, text_problem, trim
from testamur.core.words import Facts, TemplateAbout

if TYPE_CHECKING:
    from testamur.rendering.printer import Subject, Typeset

#: What a sample says where its asker does not.
SAMPLE = {
    "name": "Introduction to Marine Biology",
    "description": "Forty hours of lectures and field work on the ecology of the "
    "North Atlantic coast, with a written examination.",
    "category": "Course",
    "recipientName": "Ada Lovelace",
    "recipientEmail": "ada@example.org",
    "issuerName": "Sample Institute",
}

#: The same for columns that templates often print.
ATTRIBUTES = {
    "hours": "40",
    "instructor": "Prof. Maria Silva",
    "location": "Lisbon",
    "result": "Passed with distinction",
    "signatory": "Dr. Elena Marsh",
    "signatory_title": "Director of Studies",
    "standard": "ISO 9001",
}

REFERENCE = "SAMPLE"
VALID_DAYS = 365


def checked(values: Mapping[str, str]) -> Mapping[str, str]:
    """
    Return *values* by column, as a row would have them.

    Raises:
        Refusal: INVALID, `at` the column: unknown, or with characters that no
            certificate may have.
    """
    for name in values:
        if name not in SAMPLE and not _is_attribute(name):
            raise Refusal(
                Kind.INVALID,
                "unknown_parameter",
                "A sample can be told what to say for "
                f"{', '.join(SAMPLE)} and {ATTRIBUTE_PREFIX}...",
                at=name[:64],
            )
    return {name: _checked(name, value) for name, value in values.items()}


def drawn(
    prepared: bytes,
    kind: str,
    *,
    about: TemplateAbout,
    values: Mapping[str, str],
    now: int,
    url: str,
    typeset: "Typeset",
) -> bytes:
    """
    Return a sample of a prepared template as `pdf` or `png`; its code leads to *url*.

    Raises:
        Refusal: INVALID, when a value does not fit, or has letters of no font.
    """
    # Imported when it is first needed: it brings everything that draws.
    from testamur.rendering.printer import Printer

    subject = _subject(about, values, now, url)
    printer = Printer(prepared, typeset)
    problem = printer.problem(subject)
    if problem is not None:
        raise Refusal(Kind.INVALID, problem.code, problem.message)
    file = printer.file(subject, None)
    if kind == "png":
        return printer.png(file, url)
    return file if file.startswith(b"%PDF-") else printer.prefix + file


def _subject(
    about: TemplateAbout, values: Mapping[str, str], now: int, url: str
) -> "Subject":
    from testamur.rendering.printer import Subject
    from testamur.rendering.sample import sample_picture

    said = SAMPLE | dict(values)
    attributes = {}
    for column in (*about.columns, *values):
        if _is_attribute(column):
            name = column.removeprefix(ATTRIBUTE_PREFIX)
            plain = ATTRIBUTES.get(name, name.replace("_", " ").capitalize())
            attributes[name] = values.get(column, plain)
    return Subject(
        facts=Facts(
            name=said["name"],
            description=said["description"],
            category=said["category"],
            recipient_email=said["recipientEmail"],
            recipient_name=said["recipientName"],
            attributes=tuple(attributes.items()),
            expiry_days=None,
            image="",
        ),
        certificate_id=REFERENCE,
        reference=REFERENCE,
        issued_at=now,
        valid_until=now + VALID_DAYS * DAY,
        issuer_name=said["issuerName"],
        url=url,
        picture=sample_picture() if about.takes_picture else None,
    )


def _is_attribute(column: str) -> bool:
    return column.startswith(ATTRIBUTE_PREFIX) and is_attribute_name(
        column.removeprefix(ATTRIBUTE_PREFIX)
    )


def _checked(name: str, value: str) -> str:
    value = nfc(trim(value))
    problem = text_problem(value, name, may_break=name == "description")
    if problem is not None:
        raise Refusal(Kind.INVALID, problem.code, problem.message, at=name)
    return value
