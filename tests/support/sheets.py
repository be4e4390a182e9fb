"""Submissions for tests: a header, rows, and the bytes a program would write."""

import csv
import io
from pathlib import Path

from testamur.core.policy import PLANS
from testamur.intake.csv import Sheet, survey

HEADER = ("name", "description", "imageUrl", "category", "recipientEmail")
ROW = (
    "Web Development",
    "Completed the course",
    "https://cdn.example.com/1.png",
    "education",
    "ada@example.com",
)
STANDARD = PLANS["standard"]


def csv_bytes(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> bytes:
    """Write the header and the rows as Python's csv module does, in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def surveyed(
    folder: Path,
    content: bytes,
    *,
    images: bool = False,
    encoding: str | None = None,
    mapping: dict[str, str] | None = None,
) -> Sheet:
    """Survey *content* as a tenant with the standard plan sends it."""
    path = folder / "metadata.csv"
    path.write_bytes(content)
    return survey(path, STANDARD, images=images, encoding=encoding, mapping=mapping)
