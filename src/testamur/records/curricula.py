"""What courses consist of: their modules, in an order, and groups of them."""

from collections.abc import Sequence
from uuid import uuid4

from testamur.core.records import Curriculum, Mention, ModuleGroup, Record
from testamur.core.refusals import Refusal

from .definitions import COURSES, MODULES
from .directory import Directory, invalid, not_found, refuse
from .ports import Changes, Records, Stored


class Curricula:
    """The modules of one installation's courses."""

    def __init__(self, records: Records, directory: Directory) -> None:
        self._records = records
        self._directory = directory

    def of(self, course: Record) -> Curriculum:
        """Return the modules of a course."""
        return self._records.curriculum(course.seq)

    def attach(self, tenant_id: str, course: str, modules: Sequence[str]) -> Record:
        """
        Put modules at the end of a course's, unless it has them; return the course.

        Raises:
            Refusal: NOT_FOUND; INVALID, with a part for each module that is not there.
        """

        def attached(changes: Changes) -> None:
            found, known = _found(changes, course, modules)
            changes.attach(found.seq, [one.seq for one in known])

        self._directory.changed(tenant_id, attached)
        return self._directory.find(tenant_id, COURSES, course)

    def detach(self, tenant_id: str, course: str, modules: Sequence[str]) -> Record:
        """
        Take modules out of a course, and out of its groups; return the course.

        Raises:
            Refusal: NOT_FOUND; INVALID, with a part for each module that is not there.
        """

        def detached(changes: Changes) -> None:
            found, known = _found(changes, course, modules)
            changes.detach(found.seq, [one.seq for one in known])

        self._directory.changed(tenant_id, detached)
        return self._directory.find(tenant_id, COURSES, course)

    def group(
        self, tenant_id: str, course: str, name: str, modules: Sequence[str]
    ) -> ModuleGroup:
        """
        Make a group of modules in a course, which has them from then on.

        Raises:
            Refusal: NOT_FOUND; INVALID, with a part for each module that is not there,
                and for a name that another group of the course has.
        """
        uuid = str(uuid4())

        def grouped(changes: Changes) -> ModuleGroup:
            found, known = _found(changes, course, modules)
            if any(one.told == name for one in changes.groups(found.seq)):
                raise invalid("name", "The name has already been taken.", code="taken")
            changes.group(found.seq, uuid, name, [one.seq for one in known])
            return ModuleGroup(
                uuid,
                name,
                [Mention(one.uuid, str(one.values["name"])) for one in known],
            )

        return self._directory.changed(tenant_id, grouped)


def _found(
    changes: Changes, course: str, modules: Sequence[str]
) -> tuple[Stored, list[Stored]]:
    """Return the course and the modules, each once."""
    found = changes.stored(COURSES, [course], to_change=True).get(course)
    if found is None:
        raise not_found(COURSES)
    known = changes.stored(MODULES, set(modules), to_change=False)
    wrong: list[Refusal] = [
        invalid(f"modules.{place}", f"The selected modules.{place} is invalid.")
        for place, uuid in enumerate(modules)
        if uuid not in known
    ]
    refuse(wrong)
    return found, [known[uuid] for uuid in dict.fromkeys(modules)]
