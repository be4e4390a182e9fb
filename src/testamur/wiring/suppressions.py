"""The suppression lists, as the web and the command line use them."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from testamur.adapters.sql.suppressions import SqlSuppressions
from testamur.core.refusals import Kind, Refusal
from testamur.core.suppressions import MAX_IMPORTED, Suppression, SuppressionReason
from testamur.core.words import Caller
from testamur.delivery.suppression.listed import PURPOSE, Suppressions, is_address
from testamur.delivery.suppression.ports import comparable

from .office import Office

#: What a file with more is not: a million long addresses.
MAX_FILE_BYTES = 128 * 1024 * 1024

#: Columns that may hold the address, the first one first.
ADDRESS_COLUMNS = ("address", "email", "recipientemail")

#: Lines that are wrong and are named, before the rest is counted.
NAMED_LINES = 20

#: How many entries the command line reads at once.
PAGE = 1_000


def suppressions_of(office: Office) -> Suppressions:
    """Return the suppression lists of *office*."""
    return Suppressions(
        SqlSuppressions(office.database),
        lambda: office.secret.derive(PURPOSE),
        office.clock,
    )


@dataclass(frozen=True)
class SiteSuppressions:
    """`web.routes.native_suppressions.SuppressionVerbs` by the delivery room."""

    office: Office

    def page(
        self,
        by: Caller,
        address: str | None,
        reason: SuppressionReason | None,
        after: str | None,
        limit: int,
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return entries, newest first, and where to go on; or refuse."""
        return self.office.suppressions.page(
            by.tenant.id, address=address, reason=reason, after=after, limit=limit
        )

    def add(
        self, by: Caller, address: str, reason: SuppressionReason
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it is new there; or refuse."""
        return self.office.suppressions.add(
            by.tenant.id, address, reason, by=by.credential_id
        )

    def remove(self, by: Caller, name: str) -> None:
        """Take an entry off the list, or refuse."""
        self.office.suppressions.remove(by.tenant.id, name, by=by.credential_id)


@dataclass(frozen=True)
class OfficeSuppressions:
    """`cli.house.SuppressionDesk` on an open office."""

    office: Office
    by: str

    def listing(
        self, slug: str, reason: SuppressionReason | None
    ) -> Iterator[Suppression]:
        """Give a tenant's entries, the newest first."""
        tenant = self.office.tenants.find(slug)
        after: str | None = None
        while True:
            found, after = self.office.suppressions.page(
                tenant.id, reason=reason, after=after, limit=PAGE
            )
            yield from found
            if after is None:
                return

    def add(
        self, slug: str, address: str, reason: SuppressionReason
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it is new there; or refuse."""
        tenant = self.office.tenants.find(slug)
        return self.office.suppressions.add(tenant.id, address, reason, by=self.by)

    def remove(self, slug: str, which: str) -> int:
        """Take an entry, or all of an address, off; say how many; or refuse."""
        tenant = self.office.tenants.find(slug)
        lists = self.office.suppressions
        if "@" in which:
            return lists.remove_address(tenant.id, which, by=self.by)
        lists.remove(tenant.id, which, by=self.by)
        return 1

    def load(self, slug: str, file: Path, reason: SuppressionReason) -> tuple[int, int]:
        """Put all addresses of a file on the list; say how many, and how many new."""
        tenant = self.office.tenants.find(slug)
        entries = read_addresses(_text(file), reason)
        new = self.office.suppressions.add_all(tenant.id, entries, by=self.by)
        return len(entries), new


def read_addresses(
    text: str, reason: SuppressionReason
) -> list[tuple[str, SuppressionReason]]:
    """
    Read a CSV with a column `address` or `email`, and maybe `reason`; or just one
    address a line. A line without a reason has *reason*.

    Raises:
        Refusal: INVALID, naming every line that is wrong.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    found: list[tuple[str, SuppressionReason]] = []
    wrong: list[int] = []
    column, reasons = 0, -1
    for number, cells in enumerate(lines, 1):
        if not any(map(str.strip, cells)):
            continue
        if not found and not wrong and not any("@" in cell for cell in cells):
            names = [cell.strip().lower() for cell in cells]
            column = next((names.index(n) for n in ADDRESS_COLUMNS if n in names), 0)
            reasons = names.index("reason") if "reason" in names else -1
            continue
        address = cells[column] if column < len(cells) else ""
        said = cells[reasons].strip() if 0 <= reasons < len(cells) else ""
        if not is_address(comparable(address)) or (
            said and said not in list(SuppressionReason)
        ):
            wrong.append(number)
        else:
            found.append((address, SuppressionReason(said) if said else reason))
    if wrong:
        named = ", ".join(f"{one:,}" for one in wrong[:NAMED_LINES])
        more = len(wrong) - NAMED_LINES
        raise _refused(
            f"nothing was taken over, since there is no e-mail address, or no such "
            f"reason, in line {named}{f', and {more:,} more' if more > 0 else ''}; "
            "correct or remove them"
        )
    if len(found) > MAX_IMPORTED:
        raise _refused(f"the file has more than {MAX_IMPORTED:,} addresses; split it")
    return found


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise _refused(f"the file has more than {MAX_FILE_BYTES:,} bytes; split it")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _refused("the file is not UTF-8; save it as CSV in UTF-8") from None


def _refused(detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "suppression_file", detail)
