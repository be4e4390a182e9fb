"""A bulk call of the vault: how long its answer takes, and how fast it is issued."""

import tempfile
import time
import uuid
from pathlib import Path

import httpx

from support.foreign_pdfs import page, show
from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.schema import vault_files
from testamur.core.clock import DAY, system_clock

from .samples import make_images, make_rows
from .server import BenchServer, bench_server

BULK = "/business/certificate-vault/bulk"


def main(size: int = 10_000) -> None:
    """Print seconds and certificates per second, beside the main job's."""
    print(f"a bulk call with {size:,} entries, each with a document of its own")
    print(
        f"{'what':>10} {'answer s':>9} {'seconds':>8} {'cert/s':>8} "
        f"{'RSS MiB':>8} {'PSS MiB':>8}"
    )
    with tempfile.TemporaryDirectory() as folder, bench_server() as server:
        images = Path(folder) / "images.zip"
        names = make_images(images, 10, width=1600, height=1130)
        warm = make_rows(Path(folder) / "warm.csv", 10, names)
        server.wait(server.submit(warm, images))
        rows = make_rows(Path(folder) / "rows.csv", size, names)
        started = time.perf_counter()
        job = server.submit(rows, images)
        answered = time.perf_counter() - started
        found = server.wait(job)
        assert found["successCount"] == size, found
        _say("main job", answered, time.perf_counter() - started, size, server)
    with bench_server() as server:
        _vault(server, 10)
        before = server.peak.pss
        answered, seconds = _vault(server, size)
        _say("vault", answered, seconds, size, server)
        print(f"memory grew by {server.peak.pss - before:.0f} MiB (PSS)", flush=True)


def _vault(server: BenchServer, size: int) -> tuple[float, float]:
    files = _uploaded(server, size)
    entries = [
        {
            "certificate_title": "Certificate of Achievement",
            "full_name": f"Recipient {number}",
            "applicant_email": f"recipient{size}-{number}@example.com",
            "file_id": file,
            "issue_date": "2026-06-01",
        }
        for number, file in enumerate(files)
    ]
    headers = {"Authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
        started = time.perf_counter()
        answer = client.post(BULK, json={"entries": entries})
        answered = time.perf_counter() - started
        assert answer.status_code == 202, answer.text
        path = f"/business/batches/{answer.json()['data']['batch_id']}"
        while True:
            found = client.get(path).json()["data"]
            if found["status"] not in ("pending", "processing"):
                break
            time.sleep(0.1)
    assert found["processed_certificates"] == size, found
    return answered, time.perf_counter() - started


def _uploaded(server: BenchServer, size: int) -> list[str]:
    """Put files where an upload would have put them: that is not what is measured."""
    database = Database(f"sqlite:///{server.data / 'testamur.db'}")
    blobs = DirectoryBlobs(server.data / "blobs")
    now = system_clock()
    ids = [str(uuid.uuid4()) for _ in range(size)]
    rows = []
    with database.reading() as connection:
        tenant = connection.exec_driver_sql("SELECT id FROM tenants").scalar()
    template = page(show(120, 300, "Scroll 00000000"))
    for number, name in enumerate(ids):
        data = template.replace(
            b"%PDF-1.3", b"%%PDF-1.3\n%% %08d-%08d" % (size, number)
        )
        digest = blobs.put(data)
        document = f"{digest} 842 595"
        its = (digest, digest, "a.pdf", "application/pdf", len(data), document)
        rows.append((name, tenant, *its, now, now + DAY))
    columns = (
        *("id", "tenant_id", "digest", "pdf_digest", "name", "media_type", "size"),
        *("document", "created_at", "expires_at"),
    )
    with database.writing() as connection:
        database.bulk_insert(connection, vault_files, columns, rows)
    database.close()
    return ids


def _say(
    what: str, answered: float, seconds: float, size: int, server: BenchServer
) -> None:
    print(
        f"{what:>10} {answered:>9.2f} {seconds:>8.2f} {size / seconds:>8,.0f} "
        f"{server.peak.rss:>8.0f} {server.peak.pss:>8.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
