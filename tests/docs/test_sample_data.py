"""The samples are what they say they are."""

import csv
import io
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from testamur.core.policy import PLANS
from testamur.core.refusals import Reason
from testamur.issuance.check import Checker

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def make_sample(monkeypatch: pytest.MonkeyPatch):
    """Return the function that people call, found as they find it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from sample_data import make_sample

    yield make_sample
    for name in ("sample_data", "sample_people", "sample_pictures"):
        sys.modules.pop(name, None)


def test_the_sample_fails_where_it_says_and_nowhere_else(make_sample, tmp_path):
    """
    Twelve rows of a thousand are wrong, each with its code; the others are good.
    """
    sample = make_sample(tmp_path)

    with sample.csv.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with zipfile.ZipFile(sample.images) as archive:
        entries = set(archive.namelist())
    checker = Checker(header, images_optional=True)
    wrong: dict[str, list[int]] = {}
    for number, cells in enumerate(rows, 1):
        found = checker.check(number, cells)
        if isinstance(found, Reason):
            wrong.setdefault(found.code, []).append(number)
        elif found.image not in entries:
            wrong.setdefault("image_not_found", []).append(number)

    assert len(rows) == sample.rows == 1_000
    assert wrong == sample.wrong
    assert sample.wrong_rows == 12
    assert len(wrong) >= 6


def test_the_sample_is_the_same_every_time(make_sample, tmp_path):
    """
    Two people who try it talk about the same rows and the same pictures.
    """
    first, second = make_sample(tmp_path / "a", 200), make_sample(tmp_path / "b", 200)

    assert first.csv.read_bytes() == second.csv.read_bytes()
    assert first.images.read_bytes() == second.images.read_bytes()
    assert first.wrong == second.wrong


def test_the_sample_fits_the_smallest_plan(make_sample, tmp_path):
    """
    Eight pictures of a certificate's size, in a ZIP and a CSV that any plan takes.
    """
    sample = make_sample(tmp_path)
    plan = PLANS["standard"]

    assert sample.rows <= plan.max_rows
    assert sample.csv.stat().st_size < plan.max_csv_bytes
    assert sample.images.stat().st_size < 2_000_000
    with zipfile.ZipFile(sample.images) as archive:
        sizes = {
            Image.open(io.BytesIO(archive.read(name))).size
            for name in archive.namelist()
        }
        assert len(archive.namelist()) == 8
    assert sizes == {(1600, 1130), (1130, 1600)}
