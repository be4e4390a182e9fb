"""What a definition means in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text

from testamur.core.records import (
    Definition,
    Found,
    Holds,
    Mention,
    Record,
    Said,
    folded,
)
from testamur.records.ports import Plain, Stored

from .listing import Column, Listing

#: What every record has, before its fields.
HEAD = ("seq", "uuid", "created_at", "updated_at")


class Shape:
    """The statements for the records of one definition."""

    def __init__(
        self, definition: Definition, definitions: Mapping[str, Definition]
    ) -> None:
        self.definition = definition
        table = definition.resource
        columns = [f"t.{name}" for name in HEAD]
        joins = []
        for field in definition.fields:
            if field.holds is Holds.RECORD:
                target = definitions[field.target]
                alias = f"its_{field.name}"
                columns += [f"{alias}.uuid", f"{alias}.{target.told_as}"]
                joins.append(
                    f"LEFT JOIN {target.resource} {alias} "
                    f"ON {alias}.seq = t.{field.column}"
                )
            else:
                columns.append(f"t.{field.column}")
        self.listing = Listing(
            table,
            ", ".join(columns),
            {
                field.said_as: Column(
                    field.compared_in,
                    is_nullable=not _is_filled(definition, field.name),
                    implies_tenant=field.holds is Holds.RECORD and field.is_required,
                    tallied_as=field.name if field.found is Found.BY_TALLY else "",
                )
                for field in definition.fields
                if field.found is not Found.NOT
            },
            {
                "updated_at": Column("updated_at", is_nullable=False),
                **{
                    field.said_as: Column(
                        field.compared_in,
                        is_nullable=not _is_filled(definition, field.name),
                    )
                    for field in definition.fields
                    if field.is_sortable
                },
            },
            joins=" ".join(joins),
            is_tallied=True,
        )
        self.find = text(
            f"SELECT {self.listing.columns} FROM {table} t {self.listing.joins} "
            "WHERE t.tenant_id = :tenant AND t.uuid = :uuid"
        )
        # What is asked for every row is found out once.
        self._columns = [
            (
                field.name,
                field.column,
                "" if field.compared_in == field.column else field.compared_in,
            )
            for field in definition.fields
        ]
        self._reading = [
            (
                field.name,
                definitions[field.target].told_as
                if field.holds is Holds.RECORD
                else "",
                field.holds is Holds.TRUTH,
            )
            for field in definition.fields
        ]
        #: In the order of `row`: the columns of the fields, and what is compared.
        self.stored_columns = [
            name
            for field in definition.fields
            for name in dict.fromkeys((field.column, field.compared_in))
        ]
        own = [field.column for field in definition.fields]
        self.stored = (
            f"SELECT seq, uuid, {', '.join(own)} FROM {table} "
            "WHERE tenant_id = :tenant AND uuid IN :uuids ORDER BY seq"
        )
        marks = [f":{name}" for name in self.stored_columns]
        self.insert: TextClause = text(
            f"INSERT INTO {table} (uuid, tenant_id, created_at, updated_at, "
            f"{', '.join(self.stored_columns)}) VALUES (:uuid, :tenant, :now, :now, "
            f"{', '.join(marks)}) RETURNING seq"
        )
        sets = [f"{name} = :{name}" for name in self.stored_columns]
        self.update: TextClause = text(
            f"UPDATE {table} SET {', '.join(sets)}, updated_at = :now WHERE seq = :seq"
        )

    def row(self, values: Mapping[str, Plain]) -> dict[str, Plain]:
        """Return *values* (by field) by column."""
        row: dict[str, Plain] = {}
        for name, column, compared_in in self._columns:
            value = row[column] = values[name]
            if compared_in:
                row[compared_in] = None if value is None else folded(str(value))
        return row

    def compared(self, name: str, value: Plain) -> Plain:
        """Return a value of a field as it is compared."""
        if value is None or self.definition.by_name[name].holds is not Holds.EMAIL:
            return value
        return folded(str(value))

    def as_stored(self, row: Row[Any]) -> Stored:
        """Return what the statement `stored` found."""
        seq, uuid, *values = tuple(row)
        return Stored(seq, uuid, self._plain(values))

    def _plain(self, values: Sequence[Any]) -> dict[str, Plain]:
        return {
            field.name: bool(value) if field.holds is Holds.TRUTH else value
            for field, value in zip(self.definition.fields, values, strict=True)
        }

    def record(self, row: Sequence[Any]) -> Record:
        """Return what the statement `find` or the listing found."""
        seq, uuid, created_at, updated_at, *rest = tuple(row)
        values: dict[str, Said] = {}
        places = iter(rest)
        for name, told_as, is_truth in self._reading:
            value = next(places)
            if told_as:
                told = next(places)
                value = None if value is None else Mention(value, told, told_as)
            elif is_truth:
                value = bool(value)
            values[name] = value
        return Record(seq, uuid, values, created_at, updated_at)


def _is_filled(definition: Definition, name: str) -> bool:
    """Say whether a field always has a value."""
    field = definition.by_name[name]
    return field.is_required or field.default is not None
