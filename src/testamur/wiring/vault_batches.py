"""Batches: a CSV and a template become certificates, as VEC's clients ask for it."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from testamur.adapters.sql.vault.changes import NewBatch, NewCertificate, changing
from testamur.core.columns import is_attribute_name
from testamur.core.policy import MAX_CELL_CHARACTERS, MAX_NAME_CHARACTERS, MIB
from testamur.core.refusals import Halted, Kind, Refusal
from testamur.core.text import nfc, trim
from testamur.core.vault import VaultBatch
from testamur.core.words import Caller, Template, TemplateUse
from testamur.dialects.vec.read import unknown_template
from testamur.dialects.vec.values import BadValue, csv_day
from testamur.intake.admit import Submission, UploadedFile, digest_of, new_job
from testamur.intake.records import sheet_of

from .vault import DIALECT, Vault
from .vault_entries import CATEGORY, folded, reference

EMAIL, NAME, DATE = "RecipientsEmail", "RecipientsName", "IssueDate"

DELIMITERS = ",;\t"

#: It is read into memory.
MAX_CSV_BYTES = 20 * MIB

#: How many of a tenant's templates are looked through for a part of a name.
MAX_TEMPLATES = 10_000
PART = 100

AT = "csv_file"


@dataclass(frozen=True)
class TemplateBatches:
    """The verbs of batches in an office."""

    vault: Vault

    def create(self, caller: Caller, name: str, template: str, path: Path) -> str:
        """
        Have a certificate be issued for each row of the CSV at *path*.

        A row with a wrong address fails alone, later. After a crash: there is the
        batch, or nothing.

        Raises:
            Refusal: INVALID, when the template is not there, or the CSV cannot be read.
            Halted: issuing is halted.
        """
        office, tenant = self.vault.office, caller.tenant
        if office.kill_switch.state() is not None:
            raise Halted
        use = self._template(caller, template)
        most = min(MAX_CSV_BYTES, tenant.plan.max_csv_bytes)
        if path.stat().st_size > most:
            raise _wrong(f"The CSV may have at most {most:,} bytes. Split it.")
        rows = _rows(path.read_bytes(), tenant.plan.max_rows)
        letterhead = office.letterhead_of(tenant)
        now = office.clock()
        made = [_made(one, name, now) for one in rows]
        records = [_record(one, row, name) for one, row in zip(made, rows, strict=True)]
        submission = Submission(
            tenant=tenant,
            letterhead=letterhead,
            dialect=DIALECT,
            sheet=sheet_of(records, references=True),
            # The rows are all there is: the file is not kept.
            rows_file=UploadedFile(Path(), ""),
            images_file=None,
            images=0,
            template=use,
        )
        job = new_job(submission, digest_of(submission))
        batch = NewBatch(str(uuid4()), name, False, use.template_id)
        vault = self.vault
        with changing(office.database, vault.ledger, tenant.id, now) as changes:
            changes.submit(job, submission.sheet, made, batch)
        return batch.uuid

    def find(self, caller: Caller, uuid: str) -> tuple[VaultBatch, Template | None]:
        """Return a batch and its template, or refuse."""
        found = self.vault.store.batch(caller.tenant.id, uuid)
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "batch_not_found",
                "There is no such batch. Check its UUID.",
                at="uuid",
            )
        return found, self._template_of(caller, found)

    def page(
        self, caller: Caller, state: str | None, page: int, per_page: int
    ) -> tuple[Sequence[tuple[VaultBatch, Template | None]], int]:
        """Return one page of batches with their templates, and how many there are."""
        found, total = self.vault.store.batches(caller.tenant.id, state, page, per_page)
        known: dict[str | None, Template | None] = {}
        for one in found:
            if one.template_id not in known:
                known[one.template_id] = self._template_of(caller, one)
        return [(one, known[one.template_id]) for one in found], total

    def templates(
        self, caller: Caller, search: str | None, page: int, per_page: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of templates, and how many there are."""
        listing = self.vault.office.templates.listing
        if search is None:
            return listing(caller.tenant.id, page=page, limit=per_page)
        sought = search.casefold()
        found: list[Template] = []
        for number in range(1, MAX_TEMPLATES // PART + 1):
            some, total = listing(caller.tenant.id, page=number, limit=PART)
            found += [one for one in some if sought in one.name.casefold()]
            if number * PART >= total:
                break
        start = (page - 1) * per_page
        return found[start : start + per_page], len(found)

    def _template(self, caller: Caller, name: str) -> TemplateUse:
        try:
            return self.vault.office.templates.choose(caller.tenant.id, name)
        except Refusal as no:
            if no.code in ("template_not_found", "unknown_template"):
                raise unknown_template() from None
            raise Refusal(no.kind, no.code, no.detail, at="template_id") from None

    def _template_of(self, caller: Caller, batch: VaultBatch) -> Template | None:
        if batch.template_id is None:
            return None
        try:
            return self.vault.office.templates.find(caller.tenant.id, batch.template_id)
        except Refusal:  # it was archived
            return None


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a CSV, as far as it has to be right."""

    email: str
    name: str
    issue_date: str | None
    attributes: Mapping[str, str]


def _rows(data: bytes, most: int) -> Sequence[_Row]:
    """
    Return the rows of a CSV.

    Raises:
        Refusal: INVALID, when it cannot be read as a whole.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("The CSV is not UTF-8. Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise _wrong("The CSV is not UTF-8. Save it as CSV UTF-8.")
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [trim(cell) for cell in next(records, [])]
        columns = _columns(header)
        found = []
        for number, cells in enumerate(_filled(records), 1):
            if number > most:
                raise _wrong(f"The CSV may have at most {most:,} rows. Split it.")
            found.append(_row(columns, cells, number))
    except csv.Error as trouble:
        raise _wrong(f"The CSV cannot be read: {trouble}.") from None
    if not found:
        raise _wrong("The CSV has no rows. Add one for each certificate.")
    return found


def _filled(records: Iterator[list[str]]) -> Iterator[list[str]]:
    return (cells for cells in records if any(trim(cell) for cell in cells))


def _columns(header: Sequence[str]) -> Sequence[str]:
    """Return what each column is: one of ours, or the name of an attribute."""
    ours = {one.casefold(): one for one in (EMAIL, NAME, DATE)}
    columns = [ours.get(one.casefold(), one) for one in header]
    for needed in (EMAIL, NAME):
        if needed not in columns:
            raise _wrong(f"The CSV has no column {needed}. Add it to the first line.")
    named = [one for one in columns if one]
    if len({one.casefold() for one in named}) < len(named):
        raise _wrong("Two columns of the CSV have the same name. Rename one.")
    for one in named:
        if one not in (EMAIL, NAME, DATE) and not is_attribute_name(one):
            raise _wrong(
                f"{one[:64]!r} is no name of a column: begin with a letter from A to "
                "Z, and use letters, digits, spaces, _ and - after it, 64 at most."
            )
    return columns


def _row(columns: Sequence[str], cells: Sequence[str], number: int) -> _Row:
    said = {
        column: nfc(trim(cell))
        for column, cell in zip(columns, cells, strict=False)
        if column
    }
    for column, cell in said.items():
        if len(cell) > MAX_CELL_CHARACTERS:
            raise _wrong(
                f"Row {number}: {column} has {len(cell)} characters and may have "
                f"{MAX_CELL_CHARACTERS}. Shorten it."
            )
    day = said.pop(DATE, "")
    try:
        issue_date = csv_day(day) if day else None
    except BadValue as bad:
        raise _wrong(f"Row {number}: {bad}.") from None
    return _Row(said.pop(EMAIL, ""), said.pop(NAME, ""), issue_date, said)


def _made(one: _Row, name: str, now: int) -> NewCertificate:
    return NewCertificate(
        uuid=str(uuid4()),
        reference=reference(now),
        title=name,
        full_name=one.name[:MAX_NAME_CHARACTERS],
        email=one.email,
        address=folded(one.email),
        issue_date=one.issue_date,
        details=None,
        file_id=None,
    )


def _record(one: NewCertificate, row: _Row, name: str) -> dict[str, object]:
    attributes = dict(row.attributes)
    if one.issue_date is not None:
        attributes["awardedDate"] = one.issue_date
    return {
        "name": name,
        "description": name,
        "category": CATEGORY,
        "recipientEmail": row.email,
        "recipientName": row.name,
        "reference": one.reference,
        "attributes": attributes,
    }


def _wrong(detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "csv_invalid", detail, at=AT)
