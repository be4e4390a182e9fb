"""Where the time of one worker goes: a job worked in this process, by function."""

import cProfile
import hashlib
import os
import pstats
import tempfile
from pathlib import Path

from testamur.config import read_settings
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Wishes
from testamur.intake.gallery import Gallery
from testamur.issuance.issue import issue_chunk
from testamur.jobs.runner import work_once
from testamur.wiring.office import open_office

from .samples import make_images, make_rows


def main(size: int = 40_000, lines: int = 20) -> None:
    """Print the functions that take most of a worker's time."""
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"TESTAMUR_DATA": folder, **os.environ})
        office = open_office(settings)
        spool = office.spool
        spool.mkdir(parents=True)
        names = make_images(spool / "images.zip", 1, width=800, height=565)
        make_rows(spool / "rows.csv", size, names)
        tenant = office.tenants.create("bench", "Bench", "unlimited")
        office.door.enter(
            tenant,
            dialect="native",
            rows_file=_file(spool / "rows.csv"),
            images_file=_file(spool / "images.zip"),
            wishes=Wishes(),
        )
        gallery = Gallery(office.shelf, office.blobs, lambda: _no_urls)
        profile = cProfile.Profile()
        profile.enable()
        while work_once(
            office.queue,
            {
                "issue": lambda lease: issue_chunk(
                    lease,
                    registry=office.registry,
                    pictures=gallery,
                    signing=office.signing,
                    looks=office.printing,
                )
            },
            worker="bench",
        ):
            pass
        profile.disable()
        gallery.close()
        office.close()
    pstats.Stats(profile).sort_stats("tottime").print_stats(lines)


def _no_urls(url: str) -> bytes:
    raise AssertionError(url)


def _file(path: Path) -> UploadedFile:
    return UploadedFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
