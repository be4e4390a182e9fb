"""What a rehearsal finds in rows: what would fail, and what looks wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    FAILS = "fails"  #: the row would get no certificate
    DOUBTFUL = "doubtful"  #: it would get one that looks wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one row, or about the file."""

    #: From 1, without the header; None: it is about the file as a whole.
    row: int | None
    severity: Severity
    #: Stable, for programs.
    code: str
    #: What is wrong and what to do, for the person with the spreadsheet.
    message: str
    #: Our name of the column, when it is about one.
    column: str | None = None
    #: What stands there, shortened.
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one code was found."""

    code: str
    severity: Severity
    #: In how many rows; of a code that is about the file, how many findings.
    count: int
    #: The first of these rows.
    first_rows: Sequence[int]
    #: The first of these findings in words.
    example: str


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How issuing would go."""

    rows: int
    #: Rows that would get no certificate.
    failing: int
    #: Rows that would get one, and look wrong.
    doubtful: int
    #: All findings there were, those of the file included.
    found: int
    #: What fails first, each by how often it was found.
    tallies: Sequence[Tally]
    #: The first findings in the order of the rows; those that fail have precedence
    #: when there are too many.
    findings: Sequence[Finding]
    #: The template, when there is one, as `name@number`.
    template: str | None
    #: Rows whose certificate was drawn as it would be.
    drawn: int
    #: Rows with an image that was not looked at, because it is at a URL.
    unfetched: int
    #: Rows of which images and drawing were not tried, because time ran out.
    untried: int
    seconds: float

    @property
    def succeeding(self) -> int:
        """Rows that would get a certificate, as far as was tried."""
        return self.rows - self.failing

    @property
    def is_whole(self) -> bool:
        """Whether `findings` are all there were."""
        return len(self.findings) == self.found
