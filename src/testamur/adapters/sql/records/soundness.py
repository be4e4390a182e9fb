"""What must hold between the tables of the academic directory, as `fsck` asks it."""

from collections.abc import Iterator

from testamur.core.records import Definition, Holds
from testamur.records.ports import DEFINITIONS

from .tallies import disagreement


def rules() -> dict[str, str]:
    """Return what is wrong, and the query that finds it, of every definition."""
    return {
        sentence: query
        for definition in DEFINITIONS
        for sentence, query in _of(definition)
    }


def _of(definition: Definition) -> Iterator[tuple[str, str]]:
    table, one = definition.resource, definition.one
    yield f"tenant {{}} has other {table} than are tallied", disagreement(definition)
    for field in definition.fields:
        if field.holds is not Holds.RECORD:
            continue
        joined = (
            f"SELECT t.uuid FROM {table} t "
            f"JOIN {field.target} o ON o.seq = t.{field.column}"
        )
        yield (
            f"{one} {{}} refers to something of another tenant as its {field.name}",
            f"{joined} WHERE o.tenant_id <> t.tenant_id",
        )
        if field.agrees_on:
            common = definition.by_name[field.agrees_on].column
            yield (
                f"{one} {{}} has another {field.agrees_on} than its {field.name}",
                f"{joined} WHERE o.{common} <> t.{common}",
            )
