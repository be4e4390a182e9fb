"""`testamur job`: list, show, retry, cancel, download."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from testamur.core.clock import rfc3339
from testamur.core.download import Download
from testamur.core.refusals import Kind, Refusal

from .house import house_of
from .key import Slug
from .show import Json, job_fields, out, print_job, print_json, print_table, watch
from .signer import read_signer_pin

MAX_REASON_CHARACTERS = 255

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    job = typer.Typer(help="Jobs: one bulk submission each.", no_args_is_help=True)
    job.command(name="list")(list_)
    job.command()(show)
    job.command()(retry)
    job.command()(cancel)
    job.command()(download)
    job.command()(sign)
    app.add_typer(job, name="job")


def list_(
    context: typer.Context,
    tenant: Slug,
    status: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    as_json: Json = False,
) -> None:
    """List a tenant's jobs, newest first."""
    with house_of(context).open() as desk:
        found, total = desk.jobs(tenant, status, page, limit)
    if as_json:
        print_json({"jobs": [job_fields(one) for one in found], "total": total})
        return
    print_table(
        ["job", "state", "rows", "issued", "failed", "created"],
        [
            [
                one.job.id,
                one.job.state,
                f"{one.job.total:,}",
                f"{one.succeeded:,}",
                f"{one.failed:,}",
                _moment(one.job.created_at),
            ]
            for one in found
        ],
    )


def _moment(ms: int) -> str:
    """Return a moment: whole for programs, to the minute for people."""
    text = rfc3339(ms)
    return text[:16].replace("T", " ") if sys.stdout.isatty() else text


def show(
    context: typer.Context,
    job_id: JobId,
    follow: Annotated[
        bool, typer.Option("--watch", help="Draw its progress until it is finished.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how far a job is, and which rows failed and why."""
    with house_of(context).open() as desk:
        progress = desk.job(job_id)
        if follow:
            progress = watch(lambda: desk.job(job_id))
    if as_json:
        print_json(job_fields(progress))
        return
    print_job(progress)
    if progress.job.finished_at:
        out.print(f"results: testamur job download {job_id} csv (or zip)", markup=False)


def retry(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Run the failed rows again, and no others."""
    with house_of(context).open() as desk:
        progress, count = desk.retry(job_id)
        if count:
            with desk.working():
                progress = watch(lambda: desk.job(job_id))
    if as_json:
        print_json({**job_fields(progress), "retried": count})
        return
    out.print(f"{count:,} failed rows were tried again")
    print_job(progress)


def cancel(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Stop a queued or processing job; what it issued stays."""
    with house_of(context).open() as desk:
        progress = desk.cancel(job_id)
    if as_json:
        print_json(job_fields(progress))
    else:
        print_job(progress)


def sign(
    context: typer.Context,
    job_id: JobId,
    tenant: Slug,
    signer: Annotated[
        int, typer.Option(min=1, metavar="ID", help="As `testamur signer list` says.")
    ],
    reason: Annotated[
        str, typer.Option(help="Why, as the signature says; 255 letters.")
    ] = "",
    pin_stdin: Annotated[
        bool,
        typer.Option(
            "--pin-stdin", help="Read the PIN from standard input, its first line."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """
    Sign the certificates of a finished job as PDFs, with the institution's signer.

    Those that are signed already stay as they are, so a run that was interrupted is
    gone on with by running it again.
    """
    if len(reason) > MAX_REASON_CHARACTERS or (reason and not reason.isprintable()):
        raise Refusal(
            Kind.INVALID, "reason", "--reason may have up to 255 letters, in one line"
        )
    pin = read_signer_pin(pin_stdin=pin_stdin)
    with house_of(context).open() as desk:
        view = desk.sign_job(tenant, job_id, signer, pin, reason)
    if as_json:
        print_json({"job": view.job_id, "signed": view.signed, "missing": view.missing})
    else:
        out.print(f"{view.signed:,} certificates are signed")
    if view.missing:
        raise Refusal(
            Kind.CONFLICT,
            "not_signed",
            f"{view.missing:,} certificates are not signed; the log says why. Run it "
            "again.",
        )


def download(
    context: typer.Context,
    job_id: JobId,
    kind: Annotated[str, typer.Argument(metavar="csv|zip")] = "csv",
    output: Annotated[
        Path | None, typer.Option(help="Where to; - is standard output.")
    ] = None,
) -> None:
    """Save a job's results: csv has a line per row, zip images and metadata."""
    if kind not in ("csv", "zip"):
        raise Refusal(Kind.INVALID, "download_type", "there are two: csv and zip")
    with house_of(context).open() as desk:
        with Console(stderr=True).status("preparing the download"):
            found = desk.download(job_id, kind)
        if output == Path("-"):
            for chunk in found.chunks(0):
                sys.stdout.buffer.write(chunk)
            return
        path = save(found, output)
    out.print(f"results: {path}", markup=False)


def save(download: Download, path: Path | None) -> Path:
    """Write *download* to *path* (or its own name here); return where it is."""
    target = path or Path(download.filename)
    with target.open("wb") as file:
        for chunk in download.chunks(0):
            file.write(chunk)
    return target.absolute()
