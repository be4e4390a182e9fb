"""A picture of its own for every row, beside the bare decoder on the same bytes."""

import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testamur.intake.pictures import Decoder

from .samples import make_images, make_rows
from .server import bench_server

#: Processes that decode in the bare run: as many as the server has workers.
DECODERS = 2


def main(count: int = 1_000, sample: int = 100) -> None:
    """Print pictures per second of a job, from acceptance on, and of the decoder."""
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.zip"
        names = make_images(images, count, width=2000, height=1400)
        size = images.stat().st_size / count / 1e6
        rows = make_rows(Path(folder) / "rows.csv", count, names)
        with zipfile.ZipFile(images) as archive:
            data = [archive.read(name) for name in names[:sample]]
        alone = sample / _decode(data)
        with bench_server() as server:
            job = server.submit(rows, images)
            started = time.perf_counter()
            found = server.wait(job)
            seconds = time.perf_counter() - started
            assert found["successCount"] == count, found
            peak = server.peak.rss
    rate = count / seconds
    print(f"{count:,} rows, each with a picture of its own ({size:.1f} MB JPEG)")
    print(
        f"  job {rate:.0f}/s, decoder alone {alone:.0f}/s, "
        f"ratio {rate / alone:.2f}, RSS {peak:.0f} MiB",
        flush=True,
    )


def _decode(pictures: list[bytes]) -> float:
    """Return the seconds that the decoders take for *pictures*, side by side."""
    shares = [pictures[start::DECODERS] for start in range(DECODERS)]

    def work(share: list[bytes]) -> None:
        with Decoder() as decoder:
            for data in share:
                decoder.normalise(data)

    started = time.perf_counter()
    with ThreadPoolExecutor(DECODERS) as pool:
        list(pool.map(work, shares))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
