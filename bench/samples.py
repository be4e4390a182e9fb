"""Rows and pictures of any number, the same every time."""

import csv
import io
import random
import zipfile
from pathlib import Path

from PIL import Image

HEADER = [
    "name",
    "description",
    "imageUrl",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_Course",
    "attribute_Grade",
]

NAMES = [
    "Ada Lovelace",
    "Đặng Thị Hà",
    "محمد العلي",
    "Grace Hopper",
    "李小龍",
    "Zoë Müller",
]


def make_rows(path: Path, count: int, images: list[str]) -> Path:
    """Write a CSV of *count* good rows that use *images* in turn."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(count):
            writer.writerow(
                [
                    "Web Development Certificate",
                    "Completed the advanced web development course with distinction",
                    images[number % len(images)],
                    "education",
                    f"student.{number}@example.org",
                    f"{NAMES[number % len(NAMES)]} {number}",
                    "Web Development 101",
                    "A+",
                ]
            )
    return path


def make_images(path: Path, count: int, *, width: int, height: int) -> list[str]:
    """Write a ZIP of *count* different photographs (JPEG); return their names."""
    names = [f"picture-{number}.jpg" for number in range(count)]
    base = Image.effect_noise((width, height), 40).convert("RGB")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, name in enumerate(names):
            dice = random.Random(number)
            picture = base.copy()
            mark = Image.new("RGB", (64, 64), tuple(dice.randbytes(3)))
            picture.paste(mark, (dice.randrange(width - 64), dice.randrange(64)))
            data = io.BytesIO()
            picture.save(data, "JPEG", quality=80)
            archive.writestr(name, data.getvalue())
    return names
