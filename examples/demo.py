"""
The main job from end to end, on sample data: `make demo`, or `make demo KEEP=1`.

A server of its own gets a CSV of 1,000 people and a ZIP of pictures through the
Pocketbook API, as any client of that API would send them. Twelve rows are wrong
on purpose. What comes back is compared with what was sent, row by row. Ends with
0 when everything is as it should be, else with 1 and one line that says what is
not.
"""

import argparse
import io
import json
import os
import shlex
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from demo_checks import (
    Row,
    check_counts,
    check_csv,
    check_drawn,
    check_image,
    check_page,
    check_zip,
    same,
    sent_rows,
)
from demo_server import Differs, House, Server, end_like_ctrl_c, installed_command
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sample_data import Sample, make_sample

from testamur.wiring.ownership import is_served

ROOT = Path(__file__).resolve().parents[1]

#: Emptied at each start. In the clone, so that it is found, and git ignores it.
FOLDER = ROOT / "build" / "demo"

#: How often we ask how far the job is, and when we stop asking.
LOOK_SECONDS = 0.05
SECONDS_TO_ISSUE = 120

#: How many failed rows are printed.
SHOWN_FAILURES = 12

#: How many people get a certificate that needs no image, and by which template.
DRAWN, TEMPLATE = 12, "classic-diploma"

TENANT, TENANT_NAME = "demo", "Northlight University"

#: The standard plan would have us poll a hundred times in 15 minutes at most.
UNLIMITED = ("--plan", "unlimited")

out = Console(highlight=False, soft_wrap=True)


def say(what: str, text: str) -> None:
    """Print that one more step has been done."""
    show(f"  [green]✓[/] [bold]{what:<10}[/] ", text)


def show(head: str, text: str) -> None:
    """Print *text* beside *head*: in its own column on a terminal, else on a line."""
    if not out.is_terminal:
        out.print(head + escape(text))
        return
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(head, escape(text))
    out.print(grid, soft_wrap=False)


class Client:
    """Speaks the Pocketbook bulk mint API, and stops at the first surprise."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"x-api-key": key}, timeout=60, trust_env=False
        )

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Return the answer, which must be 200."""
        return self.ask("GET", path, 200, headers=headers)

    def data(self, method: str, path: str, status: int = 200, **sent: Any) -> Any:
        """Return `data` of the answer, whose status must be *status*."""
        return self.ask(method, path, status, **sent).json()["data"]

    def ask(self, method: str, path: str, status: int, **sent: Any) -> httpx.Response:
        """Return the answer, whose status must be *status*."""
        try:
            answer = self._http.request(method, path, **sent)
        except httpx.HTTPError as trouble:
            raise Differs(f"{method} {path} was not answered: {trouble}") from None
        if answer.status_code != status:
            raise Differs(
                f"{method} {path} was answered with {answer.status_code}: "
                f"{_message(answer)}"
            )
        return answer


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200].replace("\n", " ")


def upload(client: Client, sample: Sample) -> Any:
    """Send the CSV and the ZIP; return the job that was accepted."""
    with sample.csv.open("rb") as rows, sample.images.open("rb") as images:
        return client.data(
            "POST",
            "/api/bulk-mint",
            status=201,
            files={
                "metadata": (sample.csv.name, rows, "text/csv"),
                "images": (sample.images.name, images, "application/zip"),
            },
            data={"createBatch": "true"},
        )


def watch(client: Client, job_id: str) -> Any:
    """Draw the job's progress until it is finished; return how it ended."""
    with Progress(
        TextColumn("    issuing   "),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None, failed="")
        until = time.monotonic() + SECONDS_TO_ISSUE
        while True:
            job = client.data("GET", f"/api/bulk-mint/{job_id}")
            failed = f"[red]{job['failedCount']:,} failed" if job["failedCount"] else ""
            bar.update(
                task,
                total=job["totalCount"],
                completed=job["processedCount"],
                failed=failed,
            )
            if job["status"] not in ("queued", "processing"):
                return job
            if time.monotonic() > until:
                raise Differs(f"the job is not finished after {SECONDS_TO_ISSUE} s")
            time.sleep(LOOK_SECONDS)


def run_job(client: Client, sample: Sample) -> Any:
    """Upload, watch and check the job; return it."""
    began = time.monotonic()
    job = upload(client, sample)
    say("upload", f"{sample.csv.name} and {sample.images.name}: job {job['jobId']}")
    job = watch(client, job["jobId"])
    seconds = time.monotonic() - began
    check_counts(job, sample)
    issued = job["successCount"]
    say(
        "issued",
        f"{issued:,} certificates in {seconds:.1f} s, upload included: "
        f"{issued / seconds:,.0f} a second",
    )
    return job


def show_failures(job: Any) -> None:
    """Print which rows failed, and why, in the words that the client gets."""
    say("refused", f"{job['failedCount']:,} rows, and says of each what to change")
    for error in job["errors"][:SHOWN_FAILURES]:
        show(f"    [red]row {error['row']:<5}[/]  ", error["error"])
    more = len(job["errors"]) - SHOWN_FAILURES
    if more > 0:
        out.print(f"    and {more:,} more")


def retry(client: Client, job: Any, sample: Sample) -> None:
    """Retry the failed rows: nothing but them runs, and they fail again."""
    path = f"/api/bulk-mint/{job['jobId']}"
    retried = client.data("POST", f"{path}/retry")
    same("retried rows", retried["retriedCount"], sample.wrong_rows)
    again = watch(client, job["jobId"])
    check_counts(again, sample)
    say(
        "retried",
        f"these {sample.wrong_rows} rows and no others. They failed again: what is "
        "wrong is in the file. Mend it there, and send those rows as a new job",
    )


def download(client: Client, job: Any, sample: Sample, folder: Path) -> list[Row]:
    """Save the results as CSV and as ZIP, and check both; return the good lines."""
    path = f"/api/bulk-mint/{job['jobId']}/download"
    results = client.get(f"{path}/csv")
    (folder / "results.csv").write_bytes(results.content)
    lines = check_csv(results.text, sample)
    bundle = client.get(f"{path}/zip")
    (folder / "results.zip").write_bytes(bundle.content)
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        images = check_zip(archive, results.text, sample)
    say(
        "downloaded",
        f"results.csv with {sample.rows:,} lines; results.zip with "
        f"{len(lines):,} metadata files and {images} images",
    )
    say("compared", "every name, address and image with what its row had sent")
    return lines


def open_page(client: Client, lines: list[Row], sample: Sample) -> str:
    """Look at one certificate as its recipient would; return its address."""
    sent = sent_rows(sample)
    # One whose letters show that more than English is meant.
    line = next(
        (
            one
            for one in lines
            if not sent[int(one["row"]) - 1]["recipientName"].isascii()
        ),
        lines[0],
    )
    path = f"/c/{line['certificateId']}"
    facts = client.get(path, accept="application/json").json()
    row = sent[int(line["row"]) - 1]
    check_page(client.get(path).text, facts, line, row)
    check_image(client.get(f"{path}/image").content, facts)
    say("page", f"{row['recipientName']}: {row['name']}, {line['referenceNumber']}")
    return str(facts["url"])


def verify(client: Client, house: House, url: str) -> None:
    """Check a certificate as an employer would, without the server or its data."""
    path = "/c/" + url.rpartition("/")[2]
    bundle, changed = house.folder / "certificate.zip", house.folder / "changed.json"
    bundle.write_bytes(client.get(f"{path}.zip").content)
    credential = client.get(f"{path}.json").json()
    judged = json.loads(house.run("verify", str(bundle), "--offline", "--json"))
    same("the verdict on the certificate", judged["result"], "valid")
    same("the name in the credential", judged["says"]["name"], credential["name"])
    changed.write_text(json.dumps(credential | {"name": credential["name"] + "!"}))
    same("the verdict on it with a letter more", house.status_of("verify", changed), 1)
    size = client.get("/log/checkpoint").text.split("\n")[1]
    say("verified", f"signature, status and place in the public log of {size} entries")


def draw(client: Client, lines: list[Row], sample: Sample, folder: Path) -> int:
    """
    Have people of the sample certified once more, without any image: by a template.

    Return how many, once each of their files says the name of its own row.
    """
    sent = sent_rows(sample)
    people = [sent[int(line["row"]) - 1] for line in lines[:DRAWN]]
    fields = ("name", "description", "category", "recipientEmail", "recipientName")
    rows = [{field: person[field] for field in fields} for person in people]
    began = time.monotonic()
    job = client.ask(
        "POST", "/v1/jobs", 202, json={"rows": rows, "template": TEMPLATE}
    ).json()
    watch(client, job["id"])
    bundle = client.get(f"/v1/jobs/{job['id']}/results.zip").content
    seconds = time.monotonic() - began
    check_drawn(bundle, rows)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".pdf"))
        (folder / "certificate.pdf").write_bytes(archive.read(name))
    say(
        "drawn",
        f"{len(rows)} more without an image, by the template {TEMPLATE}, in "
        f"{seconds:.1f} s; the first is certificate.pdf",
    )
    return len(rows)


def close_books(client: Client, house: House, issued: int) -> None:
    """Nothing but certificates is billed, and everything stored agrees."""
    used = client.get("/v1/usage").json()
    same("billed certificates", used["certificates"], issued)
    house.run("fsck")
    say("billed", f"{used['certificates']:,} certificates; failed rows cost nothing")
    say("fsck", "everything that is stored agrees")


def stay(server: Server, house: House, key: str) -> None:
    """Leave the server running until Ctrl-C."""
    here = shlex.quote(_short(house.folder))
    curl = 'curl -H "x-api-key: $KEY"'
    out.print(
        "\n[bold]The server keeps running.[/] Ctrl-C ends it. Some things to try:\n"
    )
    for line in (
        f"KEY={key}",
        f"{curl} {server.url}/api/bulk-mint",
        f"{curl} '{server.url}/v1/certificates?limit=1'",
        f"{curl} -F metadata=@{here}/certificates.csv \\",
        f"     -F images=@{here}/images.zip {server.url}/api/bulk-mint",
    ):
        out.print(f"  {line}", markup=False)
    server.wait()
    raise Differs(server.obituary())


def invite(server: Server, house: House, url: str) -> None:
    """Say how to look at the certificates now that the server has ended."""
    port = server.url.rpartition(":")[2]
    command = os.path.relpath(house.command, house.folder)
    out.print("\n[bold]To look at them[/], start the server again on what was made,")
    out.print(
        f"  cd {shlex.quote(_short(house.folder))} && "
        f"{shlex.quote(command)} serve --port {port}",
        markup=False,
    )
    out.print(f"and open  {url}", markup=False)
    out.print("Or do all of this again and keep the server:  make demo KEEP=1")


def run(folder: Path, rows: int, *, keeps: bool, command: Path) -> None:
    """Run the demo in *folder*, which is emptied first."""
    began = time.monotonic()
    _empty(folder)
    house = House(folder, command)
    house.prepare()
    out.print(f"[bold]Testamur demo[/]: {rows:,} people become certificates\n")
    with house.serving() as server:
        say("server", f"{server.url}, ready in {time.monotonic() - began:.1f} s")
        sample = make_sample(folder, rows)
        say(
            "sample",
            f"people in many scripts, pictures, {sample.wrong_rows} rows wrong on "
            "purpose",
        )
        house.run("tenant", "create", TENANT, "--name", TENANT_NAME, *UNLIMITED)
        key = house.run("key", "create", "--tenant", TENANT).splitlines()[-1]
        say("key", f"tenant {TENANT} and key {key[:7]}…, made on the command line")
        client = Client(server.url, key)
        job = run_job(client, sample)
        if sample.wrong_rows:
            show_failures(job)
            retry(client, job, sample)
        lines = download(client, job, sample, folder)
        url = open_page(client, lines, sample)
        verify(client, house, url)
        drawn = draw(client, lines, sample, folder)
        close_books(client, house, job["successCount"] + drawn)
        issued, failed = job["successCount"], job["failedCount"]
        out.print(
            f"\n[bold green]{issued:,} certificates and {failed:,} failed rows from "
            f"{sample.rows:,} rows: everything is as it should be.[/] "
            f"{time.monotonic() - began:.0f} s altogether."
        )
        if keeps:
            out.print(f"\n[bold]Open one:[/]  {url}")
            stay(server, house, key)
    invite(server, house, url)


def _empty(folder: Path) -> None:
    if is_served(folder / "data"):
        raise Differs(
            f"the server of an earlier demo still runs in {folder}; end it with Ctrl-C"
        )
    if folder.exists():
        if not (folder / "testamur.toml").exists() and any(folder.iterdir()):
            raise Differs(f"{folder} holds something else; name another --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _short(path: Path) -> str:
    """Spell *path* as seen from here, where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def main() -> int:
    """Run the demo that the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(description="Issue certificates for sample data.")
    add: Callable[..., Any] = parser.add_argument
    add("--rows", type=int, default=1000, help="how many people (1000)")
    add("--keep", action="store_true", help="keep the server running until Ctrl-C")
    add("--folder", type=Path, default=FOLDER, help="where; it is emptied first")
    add("--command", type=Path, help="the testamur to run")
    wanted = parser.parse_args()
    if wanted.rows < 1:
        parser.error("--rows is at least 1")
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    end_like_ctrl_c()
    try:
        run(
            wanted.folder.absolute(),
            wanted.rows,
            keeps=wanted.keep,
            command=wanted.command or installed_command(),
        )
    except Differs as found:
        print(f"demo: {found}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: ended, and its server too", file=sys.stderr)
        return 0 if wanted.keep else 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
