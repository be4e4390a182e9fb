"""What must be true of the demo's results: each check is silent or raises `Differs`."""

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import pypdfium2
from demo_server import Differs
from sample_data import Sample

HEADER = [
    "row",
    "name",
    "status",
    "certificateId",
    "voucherId",
    "referenceNumber",
    "recipientEmail",
    "error",
]
REFERENCE = re.compile(r"PB-[A-Z0-9]+")

Row = Mapping[str, str]


def same(what: str, found: object, expected: object) -> None:
    """Make sure that *found* is what was *expected*."""
    if found != expected:
        raise Differs(f"{what}: expected {expected}, found {found}")


def check_counts(job: Mapping[str, Any], sample: Sample) -> None:
    """The job counts every row once, and says of each wrong one what is wrong."""
    good = sample.rows - sample.wrong_rows
    same("the job's status", job["status"], "completed")
    same("rows", job["totalCount"], sample.rows)
    same("rows that are done", job["processedCount"], sample.rows)
    same("certificates", job["successCount"], good)
    same("failed rows", job["failedCount"], sample.wrong_rows)
    found: dict[str, list[int]] = {}
    for error in job["errors"]:
        found.setdefault(error["code"], []).append(error["row"])
    same("failed rows by code", found, sample.wrong)


def sent_rows(sample: Sample) -> list[Row]:
    """Return what was sent, row by row."""
    with sample.csv.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_csv(text: str, sample: Sample) -> list[Row]:
    """Each row sent has its line in the results; return the lines of good rows."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    lines = list(reader)
    same("columns of the CSV", reader.fieldnames, HEADER)
    same("lines of the CSV", len(lines), sample.rows)
    wrong = {row for rows in sample.wrong.values() for row in rows}
    for number, (line, sent) in enumerate(
        zip(lines, sent_rows(sample), strict=True), 1
    ):
        where = f"row {number} of the CSV"
        same(where, line["row"], str(number))
        same(where, line["status"], "failed" if number in wrong else "success")
        same(where, bool(line["error"]), number in wrong)
        same(
            where, bool(REFERENCE.fullmatch(line["referenceNumber"])), not line["error"]
        )
        if number not in wrong:
            same(where, line["name"], sent["name"])
            same(where, line["recipientEmail"], sent["recipientEmail"])
    good = [line for line in lines if line["status"] == "success"]
    for column in ("certificateId", "voucherId", "referenceNumber"):
        same(f"different {column}s", len({line[column] for line in good}), len(good))
    return good


def check_zip(archive: zipfile.ZipFile, results: str, sample: Sample) -> int:
    """Each certificate has its own row's metadata; return how many images there are."""
    same("damaged files in the ZIP", archive.testzip(), None)
    names = archive.namelist()
    same("the CSV in the ZIP", archive.read("results.csv").decode(), results)
    metadata = [name for name in names if name.startswith("metadata/")]
    images = {name for name in names if name.startswith("images/")}
    same("files in the ZIP", len(names), 1 + len(metadata) + len(images))
    same("metadata files", len(metadata), sample.rows - sample.wrong_rows)
    sent = sent_rows(sample)
    shown: dict[str, set[str]] = {}
    for name in metadata:
        facts = json.loads(archive.read(name))
        row = sent[facts["row"] - 1]
        for ours, theirs in (
            ("name", "name"),
            ("recipientName", "recipientName"),
            ("recipientEmail", "recipientEmail"),
        ):
            same(f"{ours} in {name}", facts[ours], row[theirs])
        shown.setdefault(row["imageUrl"], set()).add(facts["image"])
    # Every row that named a picture shows that one, and no two pictures are one.
    same("images per picture", {len(found) for found in shown.values()}, {1})
    same("images in the ZIP", images, set().union(*shown.values()))
    same("different images", len(images), len(shown))
    return len(images)


def check_page(page: str, facts: Mapping[str, Any], line: Row, sent: Row) -> None:
    """The page and its JSON say what the row said, and keep the address private."""
    for what, text in (
        ("the recipient", sent["recipientName"]),
        ("the name", sent["name"]),
        ("the reference number", line["referenceNumber"]),
    ):
        same(f"the page shows {what}", text in html.unescape(page), True)
    same("the page shows the e-mail address", sent["recipientEmail"] in page, False)
    same("the recipient in the JSON", facts["recipientName"], sent["recipientName"])
    same("the reference in the JSON", facts["referenceNumber"], line["referenceNumber"])
    same("the status in the JSON", facts["status"], "issued")


def check_image(data: bytes, facts: Mapping[str, Any]) -> None:
    """The picture behind the page is the one that its facts name."""
    same("the picture's SHA-256", sha256(data).hexdigest(), facts["image"]["sha256"])


def check_drawn(bundle: bytes, rows: Sequence[Row]) -> None:
    """Each row has a PDF, on which another program reads what the row said."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pdf")]
        same("PDF files", len(names), len(rows))
        for name, row in zip(names, rows, strict=True):
            page = pypdfium2.PdfDocument(archive.read(name))[0]
            text = "".join(page.get_textpage().get_text_bounded().split())
            for field in ("recipientName", "name"):
                said = "".join(row[field].split())
                same(f"{name} says {row[field]}", said in text, True)
