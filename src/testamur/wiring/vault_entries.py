"""Entries of the vault: what is wrong with them, and the rows that they become."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from testamur.adapters.sql.vault.changes import NewCertificate
from testamur.adapters.sql.vault.files import FoundFile
from testamur.core import columns
from testamur.core.columns import (
    ATTRIBUTE_PREFIX,
    DESCRIPTION,
    DOCUMENT,
    NAME,
    RECIPIENT_EMAIL,
    RECIPIENT_NAME,
    REFERENCE,
)
from testamur.core.refusals import Kind, Refusal
from testamur.core.vault import VaultEntry
from testamur.core.words import Tenant

#: What its rows say.
COLUMNS = (
    *(NAME, DESCRIPTION, columns.CATEGORY, RECIPIENT_EMAIL, RECIPIENT_NAME, DOCUMENT),
    *(REFERENCE, ATTRIBUTE_PREFIX + "awardedDate"),
)

#: What stands where others name a category.
CATEGORY = "Certificate"

PREFIX = "VEC-IC-"


def reference(now: int) -> str:
    """Return a reference that nobody has, or hardly: the year and 52 random bits."""
    year = datetime.fromtimestamp(now // 1_000, UTC).year
    return f"{PREFIX}{year}{secrets.randbits(52):013X}"


def folded(email: str) -> str:
    """Return *email* as addresses are compared."""
    return email.strip().lower()


def named(one: VaultEntry, now: int) -> NewCertificate:
    assert one.title is not None
    assert one.full_name is not None
    assert one.email is not None
    return NewCertificate(
        uuid=str(uuid4()),
        reference=reference(now),
        title=one.title,
        full_name=one.full_name,
        email=one.email,
        address=folded(one.email),
        issue_date=one.issue_date,
        details=one.details,
        file_id=one.file_id,
    )


@dataclass(frozen=True, slots=True)
class VaultSheet:
    """`intake.ports.Sheet` of entries that were looked at one by one."""

    cells: Sequence[list[str]]

    @property
    def columns(self) -> tuple[str, ...]:
        """What the cells are."""
        return COLUMNS

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.cells)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give every row as (number from 1, cells)."""
        return iter(enumerate(self.cells, 1))


def cells_of(one: NewCertificate, document: str, tenant: Tenant) -> list[str]:
    """Return the row that the certificate is issued from: see `COLUMNS`."""
    return [
        one.title,
        one.details or f"{one.title}, {tenant.name}",
        CATEGORY,
        one.email,
        one.full_name,
        document,
        one.reference,
        one.issue_date or "",
    ]


def wrong_address(one: VaultEntry, is_bulk: bool) -> Refusal:
    at = f"entries.{one.place}.applicant_email" if is_bulk else "applicant_email"
    return invalid(
        at,
        "email_format",
        "The applicant email field must be a valid email address.",
    )


def wrong_files(
    entries: Sequence[VaultEntry], found: Mapping[str, FoundFile]
) -> Iterator[Refusal]:
    """Say what is wrong with the files of *entries*, and which entries are twins."""
    by_file: dict[str, int] = {}
    by_content: dict[tuple[str, str, str], int] = {}
    for one in entries:
        name, at = one.file_id, f"entries.{one.place}"
        if name is None:
            continue
        file = found.get(name)
        if file is None:
            yield invalid(at, "file_not_found", f"file_id {name} not found")
            continue
        if file.used_at is not None:
            detail = f"file_id {name} has already been used"
            yield invalid(at, "file_used", detail)
            continue
        first = by_file.setdefault(name, one.place)
        if first != one.place:
            detail = f"file_id {name} is the one of entry {first}"
            yield invalid(at, "duplicate_entry", detail)
            continue
        if one.email is None or one.title is None:
            continue
        content = (folded(one.email), one.title.casefold(), file.digest)
        first = by_content.setdefault(content, one.place)
        if first != one.place:
            yield invalid(
                at,
                "duplicate_entry",
                "applicant_email, certificate_title and file are those of entry "
                f"{first}",
            )


def refuse(wrong: Sequence[Refusal]) -> None:
    if wrong:
        first = wrong[0]
        raise Refusal(first.kind, first.code, first.detail, at=first.at, parts=wrong)


def invalid(at: str, code: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, code, detail, at=at)
