"""What the academic directory needs of the outside."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from testamur.core.lists import Query
from testamur.core.records import (
    Curriculum,
    Definition,
    Mention,
    Record,
    Referrer,
    Unique,
)

from .definitions import DEFINITIONS

#: The store has a table for each of these.
__all__ = ["DEFINITIONS", "Changes", "Overtaken", "Plain", "Records", "Stored"]

#: What is stored of a field; of another record its `seq`.
Plain = str | int | bool | None


class Overtaken(Exception):
    """Somebody else was quicker; nothing of ours was stored. Look again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as its table has it."""

    seq: int
    uuid: str
    values: Mapping[str, Plain]


class Changes(Protocol):
    """What can be done with one tenant's records in one transaction."""

    def stored(
        self, definition: Definition, uuids: Collection[str], *, to_change: bool
    ) -> Mapping[str, Stored]:
        """
        Return those of the records that there are, by their UUIDs.

        They stay as they are until the transaction ends; with *to_change* only this
        transaction changes them.
        """
        ...

    def is_elsewhere(self, what: str, uuid: str) -> bool:
        """Say whether the tenant has something that is no record."""
        ...

    def is_taken(
        self, definition: Definition, unique: Unique, values: Mapping[str, Plain]
    ) -> Collection[int]:
        """Return the `seq` of whatever has the same values where none may."""
        ...

    def referred(
        self,
        definition: Definition,
        referrer: Referrer,
        records: Sequence[Stored],
    ) -> Collection[str]:
        """Return the UUIDs of those records that *referrer* refers to."""
        ...

    def add(
        self, definition: Definition, uuid: str, values: Mapping[str, Plain], now: int
    ) -> None:
        """Store a new record."""
        ...

    def change(
        self,
        definition: Definition,
        before: Stored,
        values: Mapping[str, Plain],
        now: int,
    ) -> None:
        """Store all *values* of a record that there is."""
        ...

    def remove(self, definition: Definition, records: Sequence[Stored]) -> None:
        """Delete records, and what is part of them."""
        ...

    def read(self, definition: Definition, uuid: str) -> Record:
        """Return a record as it is now."""
        ...

    def attach(self, course: int, modules: Sequence[int]) -> None:
        """Put modules at the end of a course's, unless it has them."""
        ...

    def detach(self, course: int, modules: Sequence[int]) -> None:
        """Take modules out of a course, and out of its groups."""
        ...

    def group(self, course: int, uuid: str, name: str, modules: Sequence[int]) -> None:
        """Store a group of a course's modules."""
        ...

    def groups(self, course: int) -> Sequence[Mention]:
        """Return the groups of a course."""
        ...


class Records(Protocol):
    """Where the records are."""

    def find(self, tenant_id: str, definition: Definition, uuid: str) -> Record | None:
        """Return a record, or None."""
        ...

    def page(
        self, tenant_id: str, definition: Definition, query: Query
    ) -> tuple[Sequence[Record], int]:
        """Return one page of records, and how many there are in all."""
        ...

    def curriculum(self, course: int) -> Curriculum:
        """Return the modules of a course."""
        ...

    def changing(self, tenant_id: str) -> AbstractContextManager[Changes]:
        """
        Lend what changes a tenant's records: all of it is stored, or nothing.

        Raises:
            Overtaken: another transaction made impossible what was possible.
        """
        ...
