"""The main job: from the first byte uploaded to the last certificate issued."""

import tempfile
import time
from pathlib import Path

from .samples import make_images, make_rows
from .server import bench_server

#: Rows, and how many different pictures they share.
RUNS = ((1_000, 1), (1_000, 10), (10_000, 10), (100_000, 10))


def main(runs: tuple[tuple[int, int], ...] = RUNS) -> None:
    """
    Print certificates per second, memory and bytes for each of *runs*.

    Bytes are the database's, with what the rows said and (last) without it.
    """
    print("upload to completed; images from a ZIP, 1600 x 1130, shared by the rows")
    print(
        f"{'rows':>8} {'images':>6} {'seconds':>8} {'cert/s':>8} "
        f"{'RSS MiB':>8} {'PSS MiB':>8} {'B/cert':>7} {'less CSV':>8}"
    )
    for size, pictures in runs:
        _run(size, pictures)


def _run(size: int, pictures: int) -> None:
    with tempfile.TemporaryDirectory() as folder, bench_server() as server:
        images = Path(folder) / "images.zip"
        names = make_images(images, pictures, width=1600, height=1130)
        rows = make_rows(Path(folder) / "rows.csv", size, names)
        # One small job first: a server in service has its workers awake.
        warm = make_rows(Path(folder) / "warm.csv", 10, names)
        server.wait(server.submit(warm, images))
        before = server.bytes_stored()
        started = time.perf_counter()
        found = server.wait(server.submit(rows, images))
        seconds = time.perf_counter() - started
        assert found["successCount"] == size, found
        stored = server.bytes_stored() - before
        print(
            f"{size:>8,} {pictures:>6} {seconds:>8.2f} {size / seconds:>8,.0f} "
            f"{server.peak.rss:>8.0f} {server.peak.pss:>8.0f} {stored / size:>7.0f} "
            f"{(stored - rows.stat().st_size) / size:>8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
