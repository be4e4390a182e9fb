"""Acts of the record that the database does not know."""

from dataclasses import replace

from testamur.core.acts import Act
from testamur.issuance.replay import Replayed, replay

ACT = Act("1" * 24, "2" * 24, "revoke", 5, "", "operator", ("3" * 24, "4" * 24))
ACTS = [replace(ACT, id=str(number) * 24, at=number) for number in range(1, 5)]


def test_only_what_is_not_known_is_done_again_and_in_order() -> None:
    """What the database knows is left alone; the rest comes as it came."""
    done: list[Act] = []

    def apply(act: Act) -> int:
        done.append(act)
        return 1

    found = replay(ACTS, is_known=lambda id_: id_ == ACTS[1].id, apply=apply)

    assert done == [ACTS[0], ACTS[2], ACTS[3]]
    assert found == Replayed(acts=3, missing=3)


def test_an_act_that_was_done_meanwhile_is_not_counted() -> None:
    """`apply` looks again, in the transaction that does the act."""
    found = replay(ACTS, is_known=lambda _: False, apply=lambda _: None)

    assert found == Replayed(acts=0, missing=0)
