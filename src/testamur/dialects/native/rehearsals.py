"""A rehearsal as the native API spells it: as JSON, and as a table."""

import csv
import io
from typing import Any

from testamur.core.findings import Finding, Rehearsed, Tally
from testamur.core.text import formula_safe

#: The columns of the table.
COLUMNS = ("row", "severity", "code", "column", "value", "message")

_FINDING: dict[str, Any] = {
    "type": "object",
    "required": list(COLUMNS),
    "properties": {
        "row": {
            "type": ["integer", "null"],
            "description": "From 1, without the header; null: it is about the file",
        },
        "severity": {"enum": ["fails", "doubtful"]},
        "code": {"type": "string", "description": "What it is, for programs"},
        "column": {"type": ["string", "null"]},
        "value": {"type": ["string", "null"], "description": "What stands there"},
        "message": {"type": "string", "description": "What to do, for people"},
    },
}

REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["summary", "codes", "findings"],
    "properties": {
        "summary": {
            "type": "object",
            "required": ["rows", "wouldSucceed", "wouldFail", "doubtful", "findings"],
            "properties": {
                "rows": {"type": "integer"},
                "wouldSucceed": {"type": "integer"},
                "wouldFail": {"type": "integer"},
                "doubtful": {
                    "type": "integer",
                    "description": "Rows that would succeed, and look wrong",
                },
                "findings": {"type": "integer"},
                "shown": {
                    "type": "integer",
                    "description": "How many findings are below; the CSV has all",
                },
                "template": {"type": ["string", "null"]},
                "drawn": {
                    "type": "integer",
                    "description": "Rows whose certificate was drawn",
                },
                "imagesNotFetched": {
                    "type": "integer",
                    "description": "Rows whose image is at a URL, which was not asked",
                },
                "notTried": {
                    "type": "integer",
                    "description": "Rows that time was too short to draw",
                },
                "seconds": {"type": "number"},
            },
        },
        "codes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "severity", "count", "firstRows", "example"],
                "properties": {
                    "code": {"type": "string"},
                    "severity": {"enum": ["fails", "doubtful"]},
                    "count": {"type": "integer", "description": "Rows that have it"},
                    "firstRows": {"type": "array", "items": {"type": "integer"}},
                    "example": {"type": "string"},
                },
            },
        },
        "findings": {"type": "array", "items": _FINDING},
    },
}


def report(one: Rehearsed) -> dict[str, Any]:
    """Spell a report."""
    return {
        "summary": {
            "rows": one.rows,
            "wouldSucceed": one.succeeding,
            "wouldFail": one.failing,
            "doubtful": one.doubtful,
            "findings": one.found,
            "shown": len(one.findings),
            "template": one.template,
            "drawn": one.drawn,
            "imagesNotFetched": one.unfetched,
            "notTried": one.untried,
            "seconds": round(one.seconds, 3),
        },
        "codes": [_tally(tally) for tally in one.tallies],
        "findings": [finding(it) for it in one.findings],
    }


def finding(one: Finding) -> dict[str, Any]:
    """Spell a finding."""
    return {
        "row": one.row,
        "severity": one.severity,
        "code": one.code,
        "column": one.column,
        "value": one.value,
        "message": one.message,
    }


def _tally(one: Tally) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "count": one.count,
        "firstRows": list(one.first_rows),
        "example": one.example,
    }


def header_line() -> bytes:
    """Return the first line of the table."""
    return ",".join(COLUMNS).encode() + b"\n"


def line(one: Finding) -> bytes:
    """Return a finding as a line of the table, which no spreadsheet computes."""
    out = io.StringIO(newline="")
    fields = finding(one)
    cells = ["" if fields[name] is None else str(fields[name]) for name in COLUMNS]
    csv.writer(out, lineterminator="\n").writerow([formula_safe(one) for one in cells])
    return out.getvalue().encode()
