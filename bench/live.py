"""Many who watch one job: what that costs the server."""

import asyncio
import resource
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from .samples import make_images, make_rows
from .server import MIB, BenchServer, bench_server

#: Enough sockets for those who watch.
DESCRIPTORS = 8_192


def main(watchers: int = 2_000, rows: int = 100_000) -> None:
    """Print cores and memory of the server's own process, watched and not."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard), hard))
    print(f"a job of {rows:,} rows that is watched; the server's process alone")
    print(f"{'watchers':>9} {'seconds':>8} {'cores':>6} {'RSS MiB':>8} {'messages':>9}")
    with tempfile.TemporaryDirectory() as folder, bench_server(1) as server:
        images = Path(folder) / "images.zip"
        names = make_images(images, 1, width=800, height=565)
        warm = make_rows(Path(folder) / "warm.csv", 10, names)
        server.wait(server.submit(warm, images))
        table = make_rows(Path(folder) / "rows.csv", rows, names)
        for count in (1, watchers):
            _measure(server, server.submit(table, images), count)


def _measure(server: BenchServer, job: str, count: int) -> None:
    ready, heard = threading.Event(), []
    thread = threading.Thread(
        target=lambda: heard.append(asyncio.run(_watch(server, job, count, ready)))
    )
    thread.start()
    ready.wait(60)
    began, before = time.perf_counter(), _cpu(server)
    peak = 0.0
    while server.status(job)["status"] in ("queued", "processing"):
        peak = max(peak, server.process.memory_info().rss / MIB)
        time.sleep(0.5)
    seconds, cpu = time.perf_counter() - began, _cpu(server) - before
    thread.join()
    messages, ends = heard[0]
    assert ends == count, f"{ends} of {count} heard the end"
    print(
        f"{count:>9,} {seconds:>8.1f} {cpu / seconds:>6.2f} {peak:>8.0f} "
        f"{messages:>9,}",
        flush=True,
    )


def _cpu(server: BenchServer) -> float:
    times = server.process.cpu_times()
    return times.user + times.system


async def _watch(
    server: BenchServer, job: str, count: int, ready: threading.Event
) -> tuple[int, int]:
    """Return how many messages all of them heard, and how many heard the end."""
    where = urlsplit(server.url)
    request = (
        f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Accept: text/event-stream\r\nx-api-key: {server.key}\r\n\r\n"
    ).encode()
    begun = 0
    gate = asyncio.Semaphore(50)

    async def one() -> tuple[int, bool]:
        nonlocal begun
        async with gate:
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(request)
            text = await reader.readuntil(b"\n\n")
        begun += 1
        if begun == count:
            ready.set()
        messages = 0
        while b"event: end" not in text:
            text = await reader.readuntil(b"\n\n")
            messages += 1
        writer.close()
        return messages, True

    found = await asyncio.gather(*(one() for _ in range(count)))
    return sum(messages for messages, _ in found), sum(ended for _, ended in found)
