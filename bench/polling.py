"""Polling a running job 200 times a second: what it costs, and how it feels."""

import asyncio
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from .samples import make_images, make_rows
from .server import BenchServer, bench_server

RATE = 200

#: Connections that are kept open; an answer takes a millisecond or two.
CONNECTIONS = 20


def main(size: int = 100_000, rounds: int = 3) -> None:
    """Print the job's rate with and without polling, in turn, and poll latency."""
    quiet: list[float] = []
    polled: list[float] = []
    waits: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.zip"
        names = make_images(images, 3, width=1600, height=1130)
        rows = make_rows(Path(folder) / "rows.csv", size, names)
        with bench_server() as server:
            server.wait(server.submit(rows, images))
            for _ in range(rounds):
                quiet.append(_run(server, rows, images, None))
                polled.append(_run(server, rows, images, waits))
    slower = median(quiet) / median(polled)
    cuts = quantiles(waits, n=100)
    print(f"polling one running job of {size:,} rows {RATE} times a second")
    print(
        f"  {median(quiet):,.0f} cert/s alone, {median(polled):,.0f} polled "
        f"({100 * (1 - 1 / slower):.0f} % slower); {len(waits):,} polls: "
        f"p50 {1000 * median(waits):.1f} ms, p99 {1000 * cuts[98]:.1f} ms",
        flush=True,
    )


def _run(
    server: BenchServer, rows: Path, images: Path, waits: list[float] | None
) -> float:
    """Run one job, polled if there is a list of *waits* to fill; return its rate."""
    job = server.submit(rows, images)
    done = threading.Event()
    poller = threading.Thread(
        target=lambda: (
            asyncio.run(_poll(server, job, waits, done)) if waits is not None else None
        )
    )
    poller.start()
    found = server.wait(job)
    done.set()
    poller.join()
    # By the server's own clock: ours only sees when it next asks.
    began = datetime.fromisoformat(found["createdAt"])
    ended = datetime.fromisoformat(found["completedAt"])
    return int(found["totalCount"]) / (ended - began).total_seconds()


async def _poll(
    server: BenchServer, job: str, waits: list[float], done: threading.Event
) -> None:
    """
    Ask at fixed moments, whatever the answers take (an open model).

    Bare sockets: a comfortable client would take more of the machine than the
    server does, and be measured instead of it.
    """
    host, _, port = server.url.removeprefix("http://").partition(":")
    request = (
        f"GET /api/bulk-mint/{job} HTTP/1.1\r\nHost: {host}\r\n"
        f"x-api-key: {server.key}\r\n\r\n"
    ).encode()
    lines = [await asyncio.open_connection(host, int(port)) for _ in range(CONNECTIONS)]
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    free = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    tasks = []
    start = time.perf_counter()
    while not done.is_set():
        moment = start + len(tasks) / RATE
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        tasks.append(asyncio.create_task(_ask(free, request, moment)))
    waits += await asyncio.gather(*tasks)
    for _, writer in lines:
        writer.close()


async def _ask(
    free: "asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]",
    request: bytes,
    moment: float,
) -> float:
    reader, writer = await free.get()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    free.put_nowait((reader, writer))
    return time.perf_counter() - moment


if __name__ == "__main__":
    main()
