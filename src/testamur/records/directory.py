"""The academic directory: what can be done with its records, whatever they are."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import uuid4

from testamur.core.clock import Clock
from testamur.core.lists import Query
from testamur.core.records import Definition, Draft, Field, Holds, Record, Referrer
from testamur.core.refusals import Fault, Kind, Refusal

from .ports import Changes, Overtaken, Plain, Records, Stored

T = TypeVar("T")

#: How often somebody else may be quicker before we give up.
TRIES = 5

#: How many records one call may delete.
MAX_DESTROYED = 1_000


class Directory:
    """One installation's records. Whatever is asked is asked of one tenant's."""

    def __init__(
        self, records: Records, definitions: Sequence[Definition], clock: Clock
    ) -> None:
        self._records = records
        self._clock = clock
        self._by_resource = {one.resource: one for one in definitions}
        self._referrers = {one.resource: list(one.referrers) for one in definitions}
        #: By resource and field: what agrees on that field with its records.
        self._agreeing: dict[tuple[str, str], list[Referrer]] = {}
        for one in definitions:
            for field in one.fields:
                if field.holds is Holds.RECORD:
                    referrer = Referrer(one.resource, field.column, one.resource)
                    self._referrers[field.target].append(referrer)
                    if field.agrees_on:
                        place = field.target, field.agrees_on
                        self._agreeing.setdefault(place, []).append(referrer)

    def definition(self, resource: str) -> Definition:
        """Return the definition of *resource*, which there is."""
        return self._by_resource[resource]

    def find(self, tenant_id: str, definition: Definition, uuid: str) -> Record:
        """
        Return a record.

        Raises:
            Refusal: NOT_FOUND.
        """
        found = self._records.find(tenant_id, definition, uuid)
        if found is None:
            raise not_found(definition)
        return found

    def page(
        self, tenant_id: str, definition: Definition, query: Query
    ) -> tuple[Sequence[Record], int]:
        """Return one page of records, and how many there are in all."""
        return self._records.page(tenant_id, definition, query)

    def create(self, tenant_id: str, definition: Definition, draft: Draft) -> Record:
        """
        Store a new record; return it.

        After a crash it is there, or it is not; whoever asks again with the same
        unique values is told that they are taken.

        Raises:
            Refusal: INVALID, with a part for each field that is wrong.
        """
        uuid = str(uuid4())

        def added(changes: Changes) -> Record:
            nothing = {field.name: None for field in definition.fields}
            values = self._checked(changes, definition, nothing, draft, None)
            changes.add(definition, uuid, values, self._clock())
            return changes.read(definition, uuid)

        return self.changed(tenant_id, added)

    def change(
        self, tenant_id: str, definition: Definition, uuid: str, draft: Draft
    ) -> Record:
        """
        Have a record say what *draft* says; the rest of it stays.

        Raises:
            Refusal: NOT_FOUND; INVALID, with a part for each field that is wrong.
        """

        def changed(changes: Changes) -> Record:
            before = changes.stored(definition, [uuid], to_change=True).get(uuid)
            if before is None:
                raise not_found(definition)
            values = self._checked(changes, definition, before.values, draft, before)
            if values != before.values:
                changes.change(definition, before, values, self._clock())
            return changes.read(definition, uuid)

        return self.changed(tenant_id, changed)

    def delete(self, tenant_id: str, definition: Definition, uuid: str) -> None:
        """
        Delete a record.

        Raises:
            Refusal: NOT_FOUND; INVALID, when something refers to it.
        """

        def deleted(changes: Changes) -> None:
            found = changes.stored(definition, [uuid], to_change=True).get(uuid)
            if found is None:
                raise not_found(definition)
            if words := self._referring(changes, definition, [found]).get(uuid):
                raise _in_use(definition, "uuid", words)
            changes.remove(definition, [found])

        self.changed(tenant_id, deleted)

    def destroy(
        self, tenant_id: str, definition: Definition, uuids: Sequence[str]
    ) -> None:
        """
        Delete many records: all of them, or none.

        Raises:
            Refusal: INVALID, with a part for each that is not there, or that
                something refers to.
        """

        def destroyed(changes: Changes) -> None:
            found = changes.stored(definition, set(uuids), to_change=True)
            words = self._referring(changes, definition, list(found.values()))
            wrong = []
            for place, uuid in enumerate(uuids):
                at = f"uuids.{place}"
                if uuid not in found:
                    wrong.append(invalid(at, f"The selected {at} is invalid."))
                elif uuid in words:
                    wrong.append(_in_use(definition, at, words[uuid]))
            refuse(wrong)
            changes.remove(definition, sorted(found.values(), key=lambda one: one.seq))

        self.changed(tenant_id, destroyed)

    def changed(self, tenant_id: str, change: Callable[[Changes], T]) -> T:
        """
        Return what *change* returns, once what it did is stored.

        It runs again when somebody else was quicker, and then sees what they did.
        """
        for _ in range(TRIES):
            try:
                with self._records.changing(tenant_id) as changes:
                    return change(changes)
            except Overtaken:
                continue
        raise Fault("records: others were quicker every time", passing=True)

    def _checked(
        self,
        changes: Changes,
        definition: Definition,
        before: Mapping[str, Plain],
        draft: Draft,
        stored: Stored | None,
    ) -> dict[str, Plain]:
        """Return all that is to be stored, or refuse with all that is wrong."""
        wrong = list(draft.wrong)
        values = {**before, **draft.values}
        mentioned: dict[str, Stored] = {}
        for name, said in draft.values.items():
            field = definition.by_name[name]
            if said is None:
                continue
            if field.holds is Holds.RECORD:
                target = self._by_resource[field.target]
                found = changes.stored(target, [str(said)], to_change=False)
                if str(said) in found:
                    mentioned[name] = found[str(said)]
                    values[name] = mentioned[name].seq
                else:
                    values[name] = None
                    wrong.append(_not_there(field))
            elif (
                field.holds is Holds.ELSEWHERE
                and said != before[name]
                and not changes.is_elsewhere(field.target, str(said))
            ):
                wrong.append(_not_there(field))
        unread = {one.at for one in wrong}
        for field in definition.fields:
            if field.said_as in unread:
                continue
            if field.needed_for and values[field.needed_for] and not values[field.name]:
                other = definition.by_name[field.needed_for].words
                text = f"The {field.words} field is required when {other} is true."
                wrong.append(invalid(field.said_as, text))
            elif (
                field.agrees_on
                and values[field.name] is not None
                and definition.by_name[field.agrees_on].said_as not in unread
            ):
                wrong += self._disagreeing(
                    changes, definition, field, values, mentioned, stored
                )
        if not unread and stored is not None:
            wrong += self._held(changes, definition, stored, values)
        for unique in definition.unique:
            names = {definition.by_name[name].said_as for name in unique.fields}
            if unread & names or values[unique.at] is None:
                continue
            others = changes.is_taken(definition, unique, values)
            if any(stored is None or seq != stored.seq for seq in others):
                field = definition.by_name[unique.at]
                text = f"The {field.words} has already been taken."
                wrong.append(invalid(field.said_as, text, code="taken"))
        refuse(wrong)
        return values

    def _disagreeing(
        self,
        changes: Changes,
        definition: Definition,
        field: Field,
        values: Mapping[str, Plain],
        mentioned: Mapping[str, Stored],
        stored: Stored | None,
    ) -> list[Refusal]:
        """Return what is wrong when *field* means a record of another parent."""
        common = field.agrees_on
        other = mentioned.get(field.name)
        if other is None:  # it stays; then what they agree on must stay, too
            if stored is None or values[common] == stored.values[common]:
                return []
        elif other.values[common] == values[common]:
            return []
        return [_not_there(field)]

    def _held(
        self,
        changes: Changes,
        definition: Definition,
        stored: Stored,
        values: Mapping[str, Plain],
    ) -> list[Refusal]:
        """Return what must not change, since others agree on it with this record."""
        wrong = []
        for field in definition.fields:
            if values[field.name] == stored.values[field.name]:
                continue
            place = definition.resource, field.name
            for referrer in self._agreeing.get(place, ()):
                if changes.referred(definition, referrer, [stored]):
                    text = (
                        f"The {field.words} cannot change while {referrer.words} "
                        f"refer to this {definition.one}."
                    )
                    wrong.append(invalid(field.said_as, text, code="in_use"))
        return wrong

    def _referring(
        self, changes: Changes, definition: Definition, records: Sequence[Stored]
    ) -> dict[str, list[str]]:
        """Return what refers to the records that something refers to, by UUID."""
        words: dict[str, list[str]] = {}
        for referrer in self._referrers[definition.resource]:
            for uuid in changes.referred(definition, referrer, records):
                words.setdefault(uuid, []).append(referrer.words)
        return words


def not_found(definition: Definition) -> Refusal:
    """Return the refusal of a record that is not there."""
    return Refusal(
        Kind.NOT_FOUND,
        f"{definition.one}_not_found",
        f"There is no such {definition.one}. Check its UUID.",
        at="uuid",
    )


def invalid(at: str, text: str, *, code: str = "invalid") -> Refusal:
    """Return the refusal of one value."""
    return Refusal(Kind.INVALID, code, text, at=at)


def refuse(wrong: Sequence[Refusal]) -> None:
    """
    Return if nothing is wrong.

    Raises:
        Refusal: INVALID, with all that is *wrong* as its parts.
    """
    if wrong:
        raise Refusal(Kind.INVALID, wrong[0].code, wrong[0].detail, parts=wrong)


def _not_there(field: Field) -> Refusal:
    return invalid(field.said_as, f"The selected {field.words} is invalid.")


def _in_use(definition: Definition, at: str, words: Sequence[str]) -> Refusal:
    text = (
        f"This {definition.one} cannot be deleted: {' and '.join(words)} refer to it."
    )
    return invalid(at, text, code="in_use")
