"""
Many callers, one transaction: whoever comes while one is being made waits for the next.

A transaction costs what it costs whether it keeps one thing or forty. Nobody waits for
others to come: who finds nobody at work begins at once.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Ticket(Generic[Item, Result]):
    item: Item
    outcome: "list[Result | BaseException]" = field(default_factory=list)


class Together(Generic[Item, Result]):
    """Has *act* done for the items of all threads that wait, at most *most* at once."""

    def __init__(
        self,
        act: Callable[[Sequence[Item]], Sequence[Result | BaseException]],
        *,
        most: int = 500,
    ) -> None:
        """*act* returns a result, or what is to be raised, for each item, in order."""
        self._act = act
        self._most = most
        self._waiting: list[_Ticket[Item, Result]] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def do(self, item: Item) -> Result:
        """
        Return what *act* returned for *item*.

        Raises:
            BaseException: what it returned for it, or raised for all.
        """
        mine: _Ticket[Item, Result] = _Ticket(item)
        with self._list:
            self._waiting.append(mine)
        with self._turn:
            while not mine.outcome:
                self._lead()
        (outcome,) = mine.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _lead(self) -> None:
        with self._list:
            batch = self._waiting[: self._most]
            del self._waiting[: self._most]
        try:
            outcomes = self._act([one.item for one in batch])
        except BaseException as trouble:
            for one in batch:
                one.outcome.append(trouble)
            return
        for one, outcome in zip(batch, outcomes, strict=True):
            one.outcome.append(outcome)
