"""The modules of courses, and the groups of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.records import Curriculum, Mention, ModuleGroup

LAST = text("SELECT max(position) FROM course_modules WHERE course_seq = :course")

ATTACH = text("""
    INSERT INTO course_modules (course_seq, module_seq, position)
    VALUES (:course, :module, :position) ON CONFLICT (course_seq, module_seq) DO NOTHING
""")

LEAVE_GROUPS = text("""
    DELETE FROM course_module_group_members
    WHERE course_seq = :course AND module_seq = :module
""")
DETACH = text("""
    DELETE FROM course_modules WHERE course_seq = :course AND module_seq = :module
""")

ADD_GROUP = text("""
    INSERT INTO course_module_groups (uuid, course_seq, name)
    VALUES (:uuid, :course, :name) RETURNING seq
""")
ADD_MEMBER = text("""
    INSERT INTO course_module_group_members (group_seq, course_seq, module_seq,
      position)
    VALUES (:group, :course, :module, :position)
""")

MODULES = text("""
    SELECT m.uuid, m.name FROM course_modules c JOIN modules m ON m.seq = c.module_seq
    WHERE c.course_seq = :course ORDER BY c.position, c.module_seq
""")
GROUPS = text("""
    SELECT uuid, name FROM course_module_groups WHERE course_seq = :course ORDER BY seq
""")
MEMBERS = text("""
    SELECT g.uuid, m.uuid, m.name FROM course_module_groups g
    JOIN course_module_group_members b ON b.group_seq = g.seq
    JOIN modules m ON m.seq = b.module_seq
    WHERE g.course_seq = :course ORDER BY g.seq, b.position
""")


def attach(connection: Connection, course: int, modules: Sequence[int]) -> None:
    """Put modules at the end of a course's, unless it has them."""
    last = connection.scalar(LAST, {"course": course}) or 0
    _each(connection, ATTACH, course, modules, after=last)


def detach(connection: Connection, course: int, modules: Sequence[int]) -> None:
    """Take modules out of a course, and out of its groups."""
    _each(connection, LEAVE_GROUPS, course, modules)
    _each(connection, DETACH, course, modules)


def group(
    connection: Connection, course: int, uuid: str, name: str, modules: Sequence[int]
) -> None:
    """Store a group of a course's modules, which are attached if they were not."""
    attach(connection, course, modules)
    row = {"uuid": uuid, "course": course, "name": name}
    seq = connection.scalar(ADD_GROUP, row)
    _each(connection, ADD_MEMBER, course, modules, group=seq)


def groups(connection: Connection, course: int) -> Sequence[Mention]:
    """Return the groups of a course."""
    found = connection.execute(GROUPS, {"course": course})
    return [Mention(uuid, name) for uuid, name in found]


def curriculum(connection: Connection, course: int) -> Curriculum:
    """Return the modules of a course, and its groups of them."""
    of = {"course": course}
    modules = [Mention(*row) for row in connection.execute(MODULES, of)]
    members: dict[str, list[Mention]] = {}
    for group_uuid, uuid, name in connection.execute(MEMBERS, of):
        members.setdefault(group_uuid, []).append(Mention(uuid, name))
    return Curriculum(
        modules,
        [
            ModuleGroup(one.uuid, one.told or "", members.get(one.uuid, ()))
            for one in groups(connection, course)
        ],
    )


def _each(
    connection: Connection,
    statement: Any,
    course: int,
    modules: Sequence[int],
    *,
    after: int = 0,
    **more: Any,
) -> None:
    """Run *statement* for each module, with its place."""
    rows = [
        {"course": course, "module": module, "position": place, **more}
        for place, module in enumerate(modules, after + 1)
    ]
    if rows:
        connection.execute(statement, rows)
