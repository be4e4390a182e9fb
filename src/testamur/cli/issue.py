"""`testamur issue`: the main job from the command line."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from testamur.core.clock import MINUTE
from testamur.core.languages import LANGUAGES
from testamur.core.lifecycle import JobState
from testamur.core.policy import MAX_HOLD_MINUTES, MAX_VALID_DAYS
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import MailOrder
from testamur.dialects.native import rehearsals as spell

from .house import house_of
from .job import save
from .key import Slug
from .rehearsal import print_rehearsal
from .show import Json, job_fields, out, print_job, print_json, watch


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(issue)


def issue(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a certificate per row.")],
    tenant: Slug,
    images: Annotated[
        Path | None, typer.Option(help="ZIP with the images that rows name.")
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            help="Make the certificates of this template (its id or name) in place "
            "of images; see `testamur template list`."
        ),
    ] = None,
    batch: Annotated[
        str | None, typer.Option(help="Keep the certificates as a batch of this name.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="How the CSV is encoded, unless UTF-8.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="YOURS=OURS, a column's header; may be repeated."),
    ] = None,
    valid_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_VALID_DAYS,
            help="For how many days certificates are valid whose rows do not say.",
        ),
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Write to every recipient.")
    ] = False,
    language: Annotated[
        str, typer.Option(help=f"Of those mails: {', '.join(LANGUAGES)}.")
    ] = LANGUAGES[0],
    hold: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_HOLD_MINUTES, help="For how many minutes those mails wait."
        ),
    ] = 0,
    results: Annotated[
        Path | None, typer.Option(help="Where the results CSV goes.")
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Issue nothing: say which rows would fail or look wrong. Exits with 1 "
            "if any would fail; --results takes every finding as CSV.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Issue a certificate for every row, and say where the results are."""
    if rehearse:
        _rehearse(
            context,
            tenant,
            file,
            images,
            template=template,
            encoding=encoding,
            mapping=_mapping(map_ or []),
            valid_days=valid_days,
            results=results,
            as_json=as_json,
        )
        return
    mail = _mail_order(notify, language, hold)
    _refuse_unwritable(results)
    with house_of(context).open() as desk:
        submitted = desk.submit(
            tenant,
            file,
            images,
            batch_name=batch,
            encoding=encoding,
            mapping=_mapping(map_ or []),
            valid_days=valid_days,
            template=template,
            mail=mail,
        )
        try:
            with desk.working():
                progress = watch(lambda: desk.job(submitted.id))
        except KeyboardInterrupt:
            # Accepted is accepted: who stops looking must know where it goes on.
            typer.echo(
                f"testamur: job {submitted.id} is accepted and goes on while a "
                f"server runs; see `testamur job show --watch {submitted.id}`, or "
                f"stop it: `testamur job cancel {submitted.id}`",
                err=True,
            )
            raise
        path = save(desk.download(submitted.id, "csv"), results)
        url = desk.certificate_url(submitted.id)
    if as_json:
        fields = {**job_fields(progress), "results": str(path), "certificate": url}
        print_json(orjson.loads(orjson.dumps(fields)))
    else:
        print_job(progress)
        out.print(f"results: {path}", markup=False)
        if url:
            out.print(f"a certificate: {url}", markup=False)
        if notify:
            out.print("mails to recipients go out while `testamur serve` runs")
        if progress.failed:
            out.print("rows that are wrong in the file: mend them, and issue them anew")
            out.print(f"trouble elsewhere: testamur job retry {submitted.id}")
    if progress.job.state is not JobState.COMPLETED:
        raise Refusal(
            Kind.INVALID,
            "nothing_issued",
            f"the job is {progress.job.state}; no certificate was issued"
            if not progress.succeeded
            else f"the job is {progress.job.state}",
        )


def _rehearse(
    context: typer.Context,
    tenant: str,
    file: Path,
    images: Path | None,
    *,
    template: str | None,
    encoding: str | None,
    mapping: dict[str, str] | None,
    valid_days: int | None,
    results: Path | None,
    as_json: bool,
) -> None:
    """Print how issuing would go; write all findings to *results*."""
    if results is not None:
        _refuse_unwritable(results)
    with contextlib.ExitStack() as closing:
        desk = closing.enter_context(house_of(context).open())
        table = closing.enter_context(results.open("wb")) if results else None
        if table is not None:
            table.write(spell.header_line())
        if sys.stderr.isatty():
            console = Console(stderr=True)
            closing.enter_context(console.status("rehearsing"))
        found = desk.rehearse(
            tenant,
            file,
            images,
            encoding=encoding,
            mapping=mapping,
            valid_days=valid_days,
            template=template,
            note=(lambda one: table.write(spell.line(one))) if table else None,
        )
    if as_json:
        print_json(spell.report(found))
    else:
        print_rehearsal(found, file, results)
    if found.failing:
        raise typer.Exit(1)


def _mail_order(notify: bool, language: str, hold: int) -> MailOrder | None:
    if language not in LANGUAGES:
        raise Refusal(
            Kind.INVALID,
            "language",
            f"--language is one of {', '.join(LANGUAGES)}, not {language}",
        )
    return MailOrder(language, hold * MINUTE) if notify else None


def _refuse_unwritable(results: Path | None) -> None:
    """Refuse now what could not be written once everything is issued."""
    folder = results.parent if results else Path()
    if (results and results.is_dir()) or not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal(
            Kind.INVALID,
            "results",
            f"the results CSV cannot be written to {results or folder.absolute()}; "
            "name another place with --results. Nothing was issued",
        )


def _mapping(pairs: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for pair in pairs:
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not theirs or not ours:
            raise Refusal(
                Kind.INVALID,
                "mapping",
                f"--map {pair}: write it as YOURS=OURS, such as Student=recipientName",
            )
        found[theirs] = ours
    return found or None
