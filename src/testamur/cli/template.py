"""`testamur template`: what certificates look like."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Template, TemplateState, TemplateVersion

from .house import house_of
from .show import Json, out, print_beside, print_json, print_table

Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
Wish = Annotated[
    str,
    typer.Argument(
        metavar="TEMPLATE", help="Its id or name; NAME@2 is its second version."
    ),
]

MILLIMETRES_PER_POINT = 25.4 / 72

#: As many as there are on a page of a list at most.
MOST = 100

#: As much as a package may have.
MAX_FILE_BYTES = 20 * 1024 * 1024


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    template = typer.Typer(
        help="Templates: what certificates look like.", no_args_is_help=True
    )
    template.command(name="list")(list_)
    template.command()(show)
    template.command()(add)
    template.command()(preview)
    template.command()(package)
    template.command()(archive)
    app.add_typer(template, name="template")


def list_(
    context: typer.Context,
    tenant: Slug,
    page: Annotated[int, typer.Option(help="Which page.", min=1)] = 1,
    as_json: Json = False,
) -> None:
    """List a tenant's templates, then those that come with Testamur."""
    with house_of(context).open() as desk:
        found, total = desk.templates.listing(tenant, page, MOST)
    if as_json:
        print_json([_fields(one, one.newest) for one in found])
        return
    print_table(
        ["id", "name", "version", "page", "state", "prints"],
        [
            [
                one.id,
                one.name,
                str(one.newest.number),
                _page(one.newest),
                one.newest.state,
                " ".join(one.newest.about.columns),
            ]
            for one in found
        ],
    )
    if total > page * MOST:
        out.print(f"and {total - page * MOST:,} more: --page {page + 1}")


def show(
    context: typer.Context, template: Wish, tenant: Slug, as_json: Json = False
) -> None:
    """Show what a template prints, and whether it can be used."""
    with house_of(context).open() as desk:
        found, version = desk.templates.named(tenant, template)
    if as_json:
        print_json(_fields(found, version))
        return
    about = version.about
    for name, value in (
        ("id", found.id),
        ("name", found.name),
        ("title", about.title),
        ("about", about.description or "-"),
        ("version", f"{version.number}, of {rfc3339(version.made_at)}"),
        ("state", _state(version)),
        ("page", _page(version)),
        ("language", about.language),
        ("prints", " ".join(about.columns) or "-"),
        ("picture", "of the row" if about.takes_picture else "none of the row"),
    ):
        out.print(f"{name:<8}  {value}", markup=False)
    for warning in about.warnings:
        print_beside("note      ", warning)


def add(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="A package (ZIP of template.json and assets), or template.json alone."
        ),
    ],
    tenant: Slug,
    name: Annotated[str | None, typer.Option(help="Keep it under this name.")] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="It is a PDF page with {{fields}} on it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a template, or a new version of the one of the same name."""
    data = _read(file)
    try:
        with house_of(context).open() as desk:
            found, version, is_new = desk.templates.add(
                tenant, name, data, is_pdf=pdf or data.startswith(b"%PDF-")
            )
    except Refusal as refusal:
        # The last line says the first of them, as everywhere.
        for part in refusal.parts[1:]:
            sys.stderr.write(f"{part.at}: {part.detail}\n")
        raise
    if as_json:
        print_json(_fields(found, version))
        return
    what = "is now" if is_new else "was already"
    out.print(
        f"template {found.id} ({found.name}) {what} at version {version.number}: "
        f"{_state(version)}",
        markup=False,
    )
    for warning in version.about.warnings:
        print_beside("  ", warning)
    out.print(
        f"Look at it: testamur template preview {found.id} sample.pdf --tenant "
        f"{tenant}",
        markup=False,
    )


def preview(
    context: typer.Context,
    template: Wish,
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="A file ending in .png or .pdf.")
    ],
    tenant: Slug,
    say: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="COLUMN=VALUE, such as recipientName=Ada; may be repeated."
        ),
    ] = None,
) -> None:
    """Write a sample certificate to a file."""
    kind = target.suffix.lower().removeprefix(".")
    if kind not in ("png", "pdf"):
        raise Refusal(
            Kind.INVALID, "file_kind", f"{target} must end in .png or .pdf", at="OUT"
        )
    values = dict(_pair(one) for one in say or [])
    with house_of(context).open() as desk:
        data = desk.templates.preview(tenant, template, kind, values)
    target.write_bytes(data)
    out.print(f"{target}: {len(data):,} bytes", markup=False)


def package(
    context: typer.Context,
    template: Wish,
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A ZIP to write.")],
    tenant: Slug,
) -> None:
    """Write a template's package to a file: to change it, and add it again."""
    with house_of(context).open() as desk:
        data = desk.templates.package(tenant, template)
    target.write_bytes(data)
    out.print(f"{target}: {len(data):,} bytes", markup=False)


def archive(context: typer.Context, template: Wish, tenant: Slug) -> None:
    """Offer a template no more; jobs that have it keep it."""
    with house_of(context).open() as desk:
        found = desk.templates.archive(tenant, template)
    out.print(f"template {found.id} ({found.name}) is archived", markup=False)


def _read(file: Path) -> bytes:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "package_size",
            f"{file} has more than {MAX_FILE_BYTES // 2**20} MiB",
        )
    return file.read_bytes()


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Refusal(
            Kind.INVALID, "value", f"write --set COLUMN=VALUE, not {text}", at="--set"
        )
    return name, value


def _state(version: TemplateVersion) -> str:
    match version.state:
        case TemplateState.BROKEN:
            return f"broken: {version.message}"
        case TemplateState.WAITING:
            return "prepared when it is first used"
        case TemplateState.READY:
            return "ready"


def _page(version: TemplateVersion) -> str:
    about = version.about
    width, height = (
        side * MILLIMETRES_PER_POINT for side in (about.width, about.height)
    )
    return f"{width:.4g} x {height:.4g} mm"


def _fields(one: Template, version: TemplateVersion) -> dict[str, Any]:
    about = version.about
    return {
        "id": one.id,
        "name": one.name,
        "title": about.title,
        "description": about.description,
        "isBuiltIn": one.tenant_id is None,
        "version": version.number,
        "versionCreatedAt": rfc3339(version.made_at),
        "state": version.state,
        "problem": version.message,
        "language": about.language,
        "widthMm": round(about.width * MILLIMETRES_PER_POINT, 2),
        "heightMm": round(about.height * MILLIMETRES_PER_POINT, 2),
        "columns": list(about.columns),
        "takesPicture": about.takes_picture,
        "warnings": list(about.warnings),
        "packageSha256": version.package_digest,
        "createdAt": rfc3339(one.made_at),
        "archivedAt": rfc3339(one.archived_at) if one.archived_at else None,
    }
