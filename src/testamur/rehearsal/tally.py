"""Counting findings: totals that are right however many there are."""

from collections.abc import Callable, Sequence

from testamur.core.findings import Finding, Rehearsed, Severity, Tally

#: So many findings are kept; all of them are counted.
KEPT = 1_000

#: Of each code so many rows are named.
NAMED_ROWS = 10

#: Takes every finding, in the order of the rows.
Note = Callable[[Finding], object]


class _Count:
    """What is known of one code."""

    def __init__(self, finding: Finding) -> None:
        self.severity = finding.severity
        self.example = finding.message
        self.count = 0
        self.rows: list[int] = []
        self.last: int | None = None

    def add(self, row: int | None) -> None:
        if row is not None and row == self.last:
            return  # twice in one row is one row
        self.last = row
        self.count += 1
        if row is not None and len(self.rows) < NAMED_ROWS:
            self.rows.append(row)


class Book:
    """Every finding of one rehearsal goes in here, row by row."""

    def __init__(self, note: Note | None = None, *, kept: int = KEPT) -> None:
        self._note = note
        self._most = kept
        self._counts: dict[tuple[str, Severity], _Count] = {}
        self._kept: dict[Severity, list[Finding]] = {one: [] for one in Severity}
        self.found = 0
        self.failing = 0
        self.doubtful = 0

    def add(self, findings: Sequence[Finding]) -> None:
        """Count what was found about one row, or about the file."""
        for finding in findings:
            key = finding.code, finding.severity
            if key not in self._counts:
                self._counts[key] = _Count(finding)
            self._counts[key].add(finding.row)
            if len(self._kept[finding.severity]) < self._most:
                self._kept[finding.severity].append(finding)
            if self._note is not None:
                self._note(finding)
        self.found += len(findings)
        if findings and findings[0].row is not None:
            fails = any(one.severity is Severity.FAILS for one in findings)
            self.failing += fails
            self.doubtful += not fails

    def closed(
        self,
        *,
        rows: int,
        template: str | None,
        drawn: int,
        unfetched: int,
        untried: int,
        seconds: float,
    ) -> Rehearsed:
        """Return the report."""
        tallies = [
            Tally(code, severity, count.count, tuple(count.rows), count.example)
            for (code, severity), count in self._counts.items()
        ]
        tallies.sort(
            key=lambda one: (one.severity is not Severity.FAILS, -one.count, one.code)
        )
        fails = self._kept[Severity.FAILS]
        doubtful = self._kept[Severity.DOUBTFUL][: self._most - len(fails)]
        return Rehearsed(
            rows=rows,
            failing=self.failing,
            doubtful=self.doubtful,
            found=self.found,
            tallies=tallies,
            # What is about the file comes first: it is read first, too.
            findings=sorted([*fails, *doubtful], key=lambda one: one.row or 0),
            template=template,
            drawn=drawn,
            unfetched=unfetched,
            untried=untried,
            seconds=seconds,
        )
