"""
A submission to try Testamur with: 1,000 people, eight pictures, twelve mistakes.

    python examples/sample_data.py FOLDER

writes `certificates.csv` and `images.zip`. Every run writes the same bytes.
"""

import csv
import io
import random
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sample_people import people
from sample_pictures import Look, draw

COLUMNS = [
    "name",
    "description",
    "category",
    "recipientEmail",
    "recipientName",
    "expiryDays",
    "imageUrl",
    "attribute_course_code",
    "attribute_workload",
    "attribute_grade",
]

#: A ZIP carries moments; these are all the same one.
MOMENT = (2026, 11, 2, 9, 0, 0)


@dataclass(frozen=True)
class Programme:
    """What some of the people completed."""

    entry: str
    code: str
    name: str
    category: str
    hours: int
    description: str
    look: Look


# fmt: off
PROGRAMMES = (
    Programme(
        "data-science.png", "DS-410", "Applied Data Science",
        "Professional certificate", 180,
        "Completed the programme in applied data science: statistics, machine learning "
        "and the ethics of data.\n\nThe final project was defended before a committee.",
        Look("#fbf7ec", "#1d2a44", "#2b4c7e", "#c9a24b", "guilloche",
             "Northlight University", "Certificate",
             ("for completing the programme", "Applied Data Science")),
    ),
    Programme(
        "structural-engineering.png", "SE-520", "Structural Engineering",
        "Diploma", 420,
        "Has passed all examinations of the post-graduate diploma, with a thesis on "
        "bridges in cold climates.",
        Look("#f7f3ea", "#2a2320", "#7a2e3a", "#c8a15a", "deco",
             "School of Engineering", "Diploma",
             ("awarded in the field of", "Structural Engineering")),
    ),
    Programme(
        "first-aid.png", "FA-101", "First Aid at Work", "Training record", 16,
        "Attended two days of training and showed every technique: recovery position, "
        "resuscitation, bandages.\nTo be refreshed after two years.",
        Look("#ffffff", "#12343b", "#1f6f78", "#e0a458", "ribbons",
             "Harbour College", "Certificate", ("of training in", "First Aid at Work")),
    ),
    Programme(
        "field-ecology.jpg", "FE-230", "Field Ecology and Mapping", "Short course", 60,
        "Took part in the summer field course, and mapped 12 ha of wetland.",
        Look("#f6faf6", "#17352a", "#3b7a57", "#b99b5a", "contours",
             "Institute of Earth Sciences", "Certificate",
             ("of participation in", "Field Ecology and Mapping")),
    ),
    Programme(
        "teaching-award.png", "TA-900", "Award for Excellence in Teaching", "Award", 0,
        "Chosen by the students of the year, in a vote of all faculties.",
        Look("#fffdf6", "#2b2f1e", "#55702f", "#c2a14d", "laurel",
             "Northlight University", "Award", ("for excellence in", "Teaching"),
             is_portrait=True),
    ),
    Programme(
        "translation.png", "LT-315", "Languages and Translation",
        "Certificate of study", 240,
        "Two terms of translation between three languages, and an internship of six "
        "weeks; \"with distinction\" where the grade is A.",
        Look("#fbf6ef", "#2c1f3d", "#5b3f8c", "#d0a85c", "tiles",
             "Faculty of Arts", "Certificate",
             ("of study in", "Languages and Translation")),
    ),
    Programme(
        "machine-safety.jpg", "MS-075",
        "Sicherheitsunterweisung für Maschinenführerinnen und Maschinenführer",
        "Unterweisungsnachweis", 8,
        "Hat an der Arbeitsschutzunterweisung teilgenommen und die Prüfung bestanden.",
        Look("#fdfaf3", "#33261a", "#a4501f", "#d9a441", "deco",
             "Werkakademie Nordhafen", "Zertifikat",
             ("nach dem Abschluss der", "Sicherheitsunterweisung")),
    ),
    Programme(
        "chamber-music.png", "CM-140", "Chamber Music Summer Academy",
        "Participation", 90,
        "Played in three concerts of the academy, first violin or viola.",
        Look("#f8f6fb", "#241f3a", "#3d3a7c", "#c7a14a", "guilloche",
             "Summer Academy of Music", "Certificate",
             ("of participation in", "Chamber Music"), is_portrait=True),
    ),
)
# fmt: on

Row = dict[str, str]


def _bell(row: Row) -> Row:
    return row | {"recipientName": row["recipientName"][:4] + "\a"}


#: What is wrong with some rows, and the code that each of them fails with.
MISTAKES: tuple[tuple[str, Callable[[Row], Row]], ...] = (
    ("email_format", lambda row: row | {"recipientEmail": "not an address"}),
    ("email_format", lambda row: row | {"recipientEmail": "ana@@example.org"}),
    ("email_format", lambda row: row | {"recipientEmail": "someone@example..org"}),
    ("missing_value", lambda row: row | {"name": ""}),
    ("missing_value", lambda row: row | {"recipientEmail": "   "}),
    ("expiry_range", lambda row: row | {"expiryDays": "0"}),
    ("expiry_range", lambda row: row | {"expiryDays": "4000"}),
    ("expiry_range", lambda row: row | {"expiryDays": "thirty"}),
    ("image_not_found", lambda row: row | {"imageUrl": "no-such-picture.png"}),
    ("column_count", lambda row: row | {"": "one cell too many"}),
    ("control_character", _bell),
    ("too_long", lambda row: row | {"name": "Certificate " * 30}),
)


@dataclass(frozen=True)
class Sample:
    """What was written, and what will become of it."""

    csv: Path
    images: Path
    rows: int
    #: Code of the reason -> the rows that fail with it (the first row is 1).
    wrong: dict[str, list[int]]

    @property
    def wrong_rows(self) -> int:
        """How many rows will fail."""
        return sum(map(len, self.wrong.values()))


def make_sample(folder: Path | str, rows: int = 1000) -> Sample:
    """
    Write `certificates.csv` with *rows* rows and `images.zip` into *folder*.

    Of every 80 rows about one is wrong, and of 1,000 exactly twelve.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sample = Sample(folder / "certificates.csv", folder / "images.zip", rows, {})

    mistakes = _mistakes(rows)
    with sample.csv.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow(COLUMNS)
        for number, row in enumerate(_rows(rows), 1):
            if number in mistakes:
                code, spoil = mistakes[number]
                row = spoil(row)
                sample.wrong.setdefault(code, []).append(number)
            out.writerow(row.values())

    sample.images.write_bytes(_zip())
    return sample


def _mistakes(rows: int) -> dict[int, tuple[str, Callable[[Row], Row]]]:
    """Spread as many mistakes over the rows as there is room for."""
    count = min(len(MISTAKES), rows // 80)
    return {
        rows * (2 * turn + 1) // (2 * count): MISTAKES[turn * len(MISTAKES) // count]
        for turn in range(count)
    }


def _rows(count: int) -> list[Row]:
    chance = random.Random(1088)  # the year of the oldest university
    names = islice(people(chance.randrange), count)
    return [_row(number, name, chance) for number, name in enumerate(names, 1)]


def _row(number: int, person: str, chance: random.Random) -> Row:
    programme = PROGRAMMES[chance.randrange(len(PROGRAMMES))]
    domain = ("example.org", "example.com", "alumni.example.org")[number % 3]
    hours = programme.hours
    return {
        "name": programme.name,
        "description": programme.description,
        "category": programme.category,
        "recipientEmail": f"graduate.{number:04d}@{domain}",
        "recipientName": person,
        "expiryDays": ("", "30", "90", "365")[chance.randrange(4)],
        "imageUrl": programme.entry,
        "attribute_course_code": programme.code,
        "attribute_workload": f"{hours} hours" if hours else "",
        "attribute_grade": ("A", "A", "B", "B", "C", "")[chance.randrange(6)],
    }


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as file:
        for programme in PROGRAMMES:
            media = "PNG" if programme.entry.endswith(".png") else "JPEG"
            entry = zipfile.ZipInfo(programme.entry, MOMENT)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, draw(programme.look, media=media))
    return held.getvalue()


def main() -> None:
    """Write the sample into the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("Name the folder to write to: python examples/sample_data.py FOLDER")
    sample = make_sample(sys.argv[1])
    wrong = Counter({code: len(rows) for code, rows in sample.wrong.items()})
    print(f"{sample.csv}: {sample.rows} rows, {sample.wrong_rows} of them wrong:")
    for code, count in wrong.items():
        print(f"  {count} {code}")
    print(f"{sample.images}: {len(PROGRAMMES)} pictures")


if __name__ == "__main__":
    main()
