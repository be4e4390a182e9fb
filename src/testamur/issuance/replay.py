"""Acts that a restored backup does not know, done again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from testamur.core.acts import Act


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay."""

    #: How many acts were done again.
    acts: int
    #: How many of their certificates are not in the database: they were issued
    #: after the backup that was restored.
    missing: int


def replay(
    acts: Iterable[Act],
    *,
    is_known: Callable[[str], bool],
    apply: Callable[[Act], int | None],
) -> Replayed:
    """
    Do every act again, in order, that the database does not know.

    *apply* does one act, under its old id and moment, and returns how many of its
    certificates are not there. Nothing is served before this returns: a revoked
    certificate is not in force for a moment. After a crash: run it again.

    Raises:
        Fault: an act could not be done again.
    """
    done = missing = 0
    for act in acts:
        if is_known(act.id):
            continue
        lost = apply(act)
        if lost is not None:
            done += 1
            missing += lost
    return Replayed(done, missing)
