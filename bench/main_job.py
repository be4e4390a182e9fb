"""The main job: from the first byte uploaded to the last certificate issued."""

import tempfile
import time
from pathlib import Path

from .samples import make_images, make_rows
from .server import bench_server


def main(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> None:
    """Print certificates per second, memory and bytes for each size."""
    print("upload to completed; images from a ZIP (10 pictures, shared)")
    print(
        f"{'rows':>8} {'seconds':>8} {'cert/s':>8} {'vs 1k':>6} "
        f"{'RSS MiB':>8} {'PSS MiB':>8} {'B/cert':>7}"
    )
    first = 0.0
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.zip"
        names = make_images(images, 10, width=1600, height=1130)
        for size in sizes:
            rows = make_rows(Path(folder) / f"{size}.csv", size, names)
            with bench_server() as server:
                # One small job first: a server in service has its workers awake.
                warm = make_rows(Path(folder) / "warm.csv", 10, names)
                server.wait(server.submit(warm, images))
                before = server.bytes_stored()
                started = time.perf_counter()
                found = server.wait(server.submit(rows, images))
                seconds = time.perf_counter() - started
                assert found["successCount"] == size, found
                stored = server.bytes_stored() - before
                rate = size / seconds
                first = first or rate
                print(
                    f"{size:>8,} {seconds:>8.2f} {rate:>8,.0f} {rate / first:>6.2f} "
                    f"{server.peak.rss:>8.0f} {server.peak.pss:>8.0f} "
                    f"{stored / size:>7.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
