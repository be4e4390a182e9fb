"""`testamur certificate`: show, revoke, suspend, reinstate and correct one or many."""

from typing import Annotated, Any

import typer

from testamur.core.acts import Chosen, Done
from testamur.core.clock import rfc3339
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Kind, Refusal

from .house import CertificateLine, house_of
from .show import Json, out, print_job, print_json, watch

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Their ids.")]
CertificateId = Annotated[
    str, typer.Argument(metavar="ID", help="The certificate's id.")
]
BatchId = Annotated[
    str | None, typer.Option("--batch", help="All of this batch, by its id.")
]
JobId = Annotated[str | None, typer.Option("--job", help="All of this job, by its id.")]
Reason = Annotated[
    str,
    typer.Option(help="Why. Everybody may read it: name no person."),
]


def add_commands(certificate: typer.Typer) -> None:
    """Add the commands to the group *certificate*."""
    certificate.command()(show)
    certificate.command()(revoke)
    certificate.command()(suspend)
    certificate.command()(reinstate)
    certificate.command()(correct)


def show(
    context: typer.Context, certificate_id: CertificateId, as_json: Json = False
) -> None:
    """Show a certificate and how it stands."""
    with house_of(context).open() as desk:
        line = desk.certificate(certificate_id)
    if as_json:
        print_json(_fields(line))
        return
    status = line.status
    out.print(f"certificate {line.certificate.id}: {status.state}", markup=False)
    if status.since is not None:
        out.print(f"since: {rfc3339(status.since)}", markup=False)
    if status.reason:
        out.print(f"reason: {status.reason}", markup=False)
    if status.replaced_by:
        out.print(f"replaced by: {status.replaced_by}", markup=False)
    if line.certificate.valid_until is not None:
        out.print(f"valid until: {rfc3339(line.certificate.valid_until)}", markup=False)
    out.print(f"reference: {line.certificate.reference}", markup=False)
    out.print(f"name: {line.certificate.facts.name}", markup=False)
    out.print(f"page: {line.url}", markup=False)


def revoke(
    context: typer.Context,
    reason: Reason,
    ids: Ids = None,
    batch: BatchId = None,
    job: JobId = None,
    as_json: Json = False,
) -> None:
    """Take certificates back, for ever."""
    _change(context, StandingEvent.REVOKE, ids, batch, job, reason, as_json)


def suspend(
    context: typer.Context,
    reason: Reason,
    ids: Ids = None,
    batch: BatchId = None,
    job: JobId = None,
    as_json: Json = False,
) -> None:
    """Have certificates not relied on for now."""
    _change(context, StandingEvent.SUSPEND, ids, batch, job, reason, as_json)


def reinstate(
    context: typer.Context,
    reason: Reason = "",
    ids: Ids = None,
    batch: BatchId = None,
    job: JobId = None,
    as_json: Json = False,
) -> None:
    """End a suspension."""
    _change(context, StandingEvent.REINSTATE, ids, batch, job, reason, as_json)


def correct(
    context: typer.Context,
    certificate_id: CertificateId,
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="FIELD=VALUE, as in a row: recipientName=Ada, attribute_Grade=A. "
            "Nothing after = takes the value away. May be repeated.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Replace a certificate by one that says something else."""
    changes = _changes(set_)
    with house_of(context).open() as desk:
        job = desk.correct(certificate_id, changes)
        with desk.working():
            progress = watch(lambda: desk.job(job.id))
        line = desk.certificate(certificate_id)
    if progress.succeeded == 0:
        print_job(progress)
        raise Refusal(Kind.INVALID, "not_corrected", "the certificate stays as it was")
    if as_json:
        print_json(_fields(line))
    else:
        out.print(f"replaced by: {line.status.replaced_by}", markup=False)


def _change(
    context: typer.Context,
    event: StandingEvent,
    ids: list[str] | None,
    batch: str | None,
    job: str | None,
    reason: str,
    as_json: bool,
) -> None:
    chosen = Chosen(ids=tuple(ids) if ids else None, batch_id=batch, job_id=job)
    with house_of(context).open() as desk:
        done: Done = desk.change_standing(event, chosen, reason)
    if as_json:
        print_json(
            {
                "action": event,
                "actId": done.act and done.act.id,
                "changed": done.changed,
                "unchanged": done.unchanged,
            }
        )
        return
    word = {"revoke": "revoked", "suspend": "suspended"}.get(event, "reinstated")
    out.print(f"{done.changed:,} {word}, {done.unchanged:,} unchanged", markup=False)


def _changes(pairs: list[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals or not field:
            raise Refusal(
                Kind.INVALID,
                "set",
                f"--set {pair}: write it as FIELD=VALUE, such as recipientName=Ada",
            )
        attribute = field.removeprefix("attribute_")
        if attribute != field:
            changes.setdefault("attributes", {})[attribute] = value or None
        elif field == "expiryDays" and value.isascii() and value.isdigit():
            changes[field] = int(value[:9])
        else:
            changes[field] = value or None
    return changes


def _fields(line: CertificateLine) -> dict[str, Any]:
    one, status = line.certificate, line.status
    return {
        "id": one.id,
        "referenceNumber": one.reference,
        "url": line.url,
        "jobId": one.job_id,
        "batchId": one.batch_id,
        "row": one.row,
        "name": one.facts.name,
        "recipientName": one.facts.recipient_name,
        "attributes": dict(one.facts.attributes),
        "issuedAt": rfc3339(one.issued_at),
        "validUntil": None if one.valid_until is None else rfc3339(one.valid_until),
        "status": status.state,
        "statusSince": None if status.since is None else rfc3339(status.since),
        "statusReason": status.reason,
        "replacedBy": status.replaced_by,
    }
