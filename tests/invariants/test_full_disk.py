"""A full disk: uploads are refused, jobs wait, nothing is lost."""

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.capabilities import lacking
from support.mortal import served
from support.server import good_rows, pictures, sheet
from testamur.adapters.sql.fsck import violations

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 110 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=110m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        lacking("the right to mount a file system", "run the tests as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path, *, leave: int = 0) -> None:
    """Write to *path* until *leave* bytes of its file system are free."""
    with path.open("ab", buffering=0) as file:
        for size in (MIB, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    disk = os.statvfs(path.parent)
                    if disk.f_bavail * disk.f_frsize - size < leave:
                        break
                    if file.write(bytes(size)) != size:
                        raise OSError(errno.ENOSPC, "full")


def test_a_full_disk_stops_nothing_for_good(small_disk):
    """
    Nearly full: uploads are refused with 507, and the job goes on. Full to the
    last byte: the job waits, and can be read. Space again: it ends, whole.
    """
    slow = {"TESTAMUR_FAILPOINTS": "draft.after_commit=sleep:0.5"}
    with served(small_disk / "house", **slow) as server:
        tenant = server.tenant()
        rows = sheet(*good_rows(3000))
        job = tenant.job(rows, pictures())
        ballast = small_disk / "ballast"

        fill(ballast, leave=40 * MIB)
        refused = tenant.create(rows, pictures())
        assert refused.status_code == 507, refused.text
        before = tenant.status(job)["processedCount"]
        while tenant.status(job)["processedCount"] <= before:
            time.sleep(0.02)

        fill(ballast)
        time.sleep(1.5)  # what was in hand runs into the end of the disk
        full = tenant.status(job)
        time.sleep(1)
        assert tenant.status(job)["processedCount"] == full["processedCount"]
        assert full["status"] == "processing"
        assert tenant.create(rows, pictures()).status_code == 507

        ballast.unlink()
        done = tenant.wait(job, 20)  # less than a lease: nobody waited for one to lapse
        assert done["status"] == "completed"
        assert done["successCount"] == 3000
        assert len({line["certificateId"] for line in tenant.results(job)}) == 3000
        assert list(violations(server.office.database)) == []
        server.stop()
        assert "bug req_" not in server.log, server.log
