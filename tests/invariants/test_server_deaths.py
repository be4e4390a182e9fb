"""I2, I10, I33: the server itself is killed, all of it or only its head."""

import contextlib
import csv
import http.client
import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support import nursery
from support.mortal import family_of, served
from support.server import TESTAMUR, Tenant, good_rows, pictures, sheet
from support.serving import serving
from support.workshop import Workshop, csv_of, failing, row
from testamur.adapters.sql.fsck import violations
from testamur.config import read_settings
from testamur.core import failpoints
from testamur.core.words import Job
from testamur.delivery.downloads import Downloads
from testamur.issuance.issue import facts_of
from testamur.web.spool import Spool
from testamur.wiring.office import open_office
from testamur.wiring.site import build_site

ROWS = 1500


@pytest.mark.parametrize(
    ("database_url", "whole"),
    [("sqlite", True), ("sqlite", False), ("postgresql", True)],
    indirect=["database_url"],
    ids=["sqlite-everything", "sqlite-only-the-server", "postgresql-everything"],
)
def test_a_server_that_is_killed_goes_on_when_it_is_started_again(
    database_url, tmp_path, whole
):
    """
    kill -9 in the middle of a job: the workers are gone with it, the job that was
    acknowledged exists, and it is finished as if nothing had happened.
    """
    slow = {"TESTAMUR_FAILPOINTS": "draft.after_commit=sleep:0.4"}
    settings = {}
    if database_url.startswith("postgresql"):
        settings["TESTAMUR_DATABASE_URL"] = database_url
        (tmp_path / "house").mkdir()
        (tmp_path / "house" / "secret").write_text("5e" * 32)
        (tmp_path / "house" / "secret").chmod(0o600)
    with served(tmp_path / "house", **settings, **slow) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(ROWS)), pictures())
        while tenant.status(job)["processedCount"] == 0:
            time.sleep(0.02)
        family = family_of(server)
        workers = server.workers()

        for process in family if whole else family[:1]:
            process.kill()
        server.process.wait()

        assert workers
        _, alive = psutil.wait_procs(family, timeout=10)
        for orphan in alive:
            orphan.kill()
        assert alive == []
        assert list(violations(server.office.database)) == []
        if not server.office.settings.is_embedded:
            with server.office.database.writing() as connection:  # half a minute later
                connection.exec_driver_sql("UPDATE chunks SET leased_until = 0")

    with served(tmp_path / "house", **settings) as server:
        again = Tenant(server, tenant.slug, tenant.key, tenant.key_id)
        done = again.wait(job)
        lines = again.results(job)
        assert done["status"] == "completed"
        assert [line["status"] for line in lines] == ["success"] * ROWS
        assert len({line["certificateId"] for line in lines}) == ROWS
        assert list(violations(server.office.database)) == []


@contextlib.contextmanager
def serving_in_a_thread(folder: Path) -> Iterator[tuple[int, str, Workshop, Job]]:
    """Serve a finished job; yield the port, a key, the installation and the job."""
    environment = {
        "TESTAMUR_DATA": str(folder / "data"),
        "TESTAMUR_SECRET_FILE": str(folder / "secret"),
        "TESTAMUR_PUBLIC_URL": "https://certificates.example",
    }
    office = open_office(read_settings(environment, folder), environment=environment)
    shop = Workshop(office.settings.database, office.settings.data)
    rows = [row(n) if n % 3 else failing(n) for n in range(1, ROWS + 1)]
    job = shop.enter(shop.tenant(), csv_of(rows))
    shop.drain()
    key = office.keys.create(office.tenants.find("harbour"))
    try:
        with (
            Spool(office.spool) as spool,
            serving(build_site(office, spool)) as port,
        ):
            yield port, key.text, shop, shop.job(job)
    finally:
        shop.close()
        office.close()


def fetched(port: int, key: str, job_id: str, kind: str) -> bytes:
    """Download with a client that checks lengths and nothing else."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        path = f"/api/bulk-mint/{job_id}/download/{kind}"
        connection.request("GET", path, headers={"x-api-key": key})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


def is_cut_off(whole: bytes, part: bytes) -> None:
    """Fail if *part* could be taken for all of it."""
    assert len(part) < len(whole)
    assert whole.startswith(part)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(part))


@pytest.mark.parametrize("kind", ["zip", "csv"])
def test_a_download_that_breaks_at_any_piece_is_seen_to_be_broken(tmp_path, kind):
    """
    I33: after each piece there is, the client has fewer bytes than it was told, or
    no end, and never a whole archive.
    """
    with serving_in_a_thread(tmp_path) as (port, key, shop, job):
        download = getattr(shop.downloads, kind)(job)
        pieces = list(download.chunks(0))
        whole = b"".join(pieces)
        assert fetched(port, key, job.id, kind) == whole

        for number in range(1, len(pieces) + 1):
            failpoints.arm(f"download.mid=raise@{number}")
            try:
                with pytest.raises(http.client.IncompleteRead) as cut:
                    fetched(port, key, job.id, kind)
            finally:
                failpoints.arm("")
            is_cut_off(whole, cut.value.partial)


def test_the_results_have_a_line_for_every_row_and_eight_fields_in_each(tmp_path):
    """
    I33: what is downloaded parses to exactly the rows that were submitted.
    """
    with serving_in_a_thread(tmp_path) as (port, key, shop, job):
        content = fetched(port, key, job.id, "csv").decode()
        outcomes = shop.outcomes(job)

    header, *lines = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert len(lines) == job.total == ROWS
    assert {len(line) for line in (header, *lines)} == {8}
    assert [int(line[0]) for line in lines] == list(range(1, ROWS + 1))
    assert {int(line[0]): line[2] for line in lines} == outcomes
    assert all(bool(line[7]) == (line[2] == "failed") for line in lines)


def test_a_server_that_is_killed_in_a_download_leaves_it_visibly_broken(tmp_path):
    """
    I33: kill -9 in the middle: a broken length, and the next server has it whole.
    """
    armed = {"TESTAMUR_FAILPOINTS": "download.mid=kill@2"}
    with served(tmp_path / "house", **armed) as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(ROWS)), pictures())
        office = server.office
        found = office.desk.find(office.tenants.find(tenant.slug).id, job)
        downloads = Downloads(office.results, office.blobs, facts_of, office.public_url)
        whole = b"".join(downloads.zip(found).chunks(0))

        with pytest.raises((http.client.IncompleteRead, ConnectionError)) as cut:
            fetched(server.port, tenant.key, job, "zip")

        is_cut_off(whole, getattr(cut.value, "partial", b""))
        assert server.process.wait(10) == -9


def test_a_backup_that_is_killed_harms_nothing_and_the_next_is_whole(tmp_path):
    """
    What a backup copies opens, agrees and goes on, also one taken after a crash.
    """
    with served(tmp_path / "house") as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(20)), pictures())
        armed = {
            **server.environment,
            "TESTAMUR_FAILPOINTS": "backup.after_database=kill",
        }
        for name, environment, code in (
            ("first", armed, -9),
            ("second", server.environment, 0),
        ):
            done = nursery.run(
                [TESTAMUR, "backup", str(tmp_path / name)],
                env=environment,
                cwd=server.folder,
                capture_output=True,
                timeout=60,
            )
            assert done.returncode == code, done.stderr
        assert list(violations(server.office.database)) == []

    second = tmp_path / "second"
    copy = Workshop(f"sqlite:///{second / 'testamur.db'}", second)
    (found,) = copy.jobs()
    assert found.id == job
    assert len(copy.names(found)) == 20
    assert copy.wrong() == []
    copy.close()


def test_a_worker_whose_parent_is_gone_leaves(tmp_path):
    """
    It asks to die with its parent; was that too late, it does not even begin.
    """
    with subprocess.Popen([sys.executable, "-c", ""]) as parent:
        parent.wait()

    orphan = subprocess.run(
        [sys.executable, "-m", "testamur.wiring.workers", "orphan", str(parent.pid)],
        env={**os.environ, "TESTAMUR_DATA": str(tmp_path)},
        timeout=30,
        check=False,
    )

    assert orphan.returncode == 1
    assert list(tmp_path.iterdir()) == []
