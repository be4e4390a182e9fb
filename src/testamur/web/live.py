"""
Telling many of what happens, as it happens: one look for all who watch the same.

However many watch, what they watch is looked at four times a second, and each new
thing is spelled once. Who does not take what is sent is cut off, since it can come
back and go on where it was.
"""

import asyncio
import contextlib
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Sequence,
)
from dataclasses import dataclass, field

#: How often is looked.
LOOK_SECONDS = 0.25

#: After so long without anything else a comment is sent: proxies cut silent lines.
HEARTBEAT_SECONDS = 15.0

#: How many messages wait for somebody who does not take them.
MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. Where *seq* is None nobody can go on from it."""

    text: bytes
    seq: int | None = None
    #: What a watcher may have asked for alone.
    type: str = ""
    is_last: bool = False


#: Looks what is new since a position; returns that and the next position.
Look = Callable[[int], Awaitable[tuple[Sequence[Message], int]]]


@dataclass(eq=False)
class _Watcher:
    queue: "asyncio.Queue[Message | None]" = field(
        default_factory=lambda: asyncio.Queue(MOST_WAITING)
    )
    is_cut_off: bool = False

    def tell(self, message: Message | None) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.is_cut_off = True


@dataclass(eq=False)
class _Watched:
    look: Look
    position: int
    watchers: set[_Watcher] = field(default_factory=set)
    newest: Message | None = None
    task: "asyncio.Task[None] | None" = None


class Live:
    """Everything that is watched by somebody in this process."""

    def __init__(self) -> None:
        self._watched: dict[Hashable, _Watched] = {}
        self._is_closed = False

    def close(self) -> None:
        """End all streams, and let none begin."""
        self._is_closed = True
        for one in list(self._watched.values()):
            for watcher in one.watchers:
                watcher.is_cut_off = True
                watcher.tell(None)

    def count(self, tenant_id: str) -> int:
        """Return how many streams of a tenant there are."""
        return sum(
            len(one.watchers)
            for key, one in self._watched.items()
            if isinstance(key, tuple) and key[0] == tenant_id
        )

    async def watch(
        self,
        key: Hashable,
        look: Look,
        *,
        since: int | None,
        newest: int,
        still_may: Callable[[], Awaitable[bool]],
        types: Collection[str] | None = None,
    ) -> AsyncGenerator[bytes]:
        """
        Give what happens to *key* from position *since* on, or from now on.

        *newest* is the position now. Nothing is told twice and nothing left out,
        whoever else watches. *still_may* says, at every heartbeat, whether this
        watcher still may. *types* are those that are told, if not all.
        """
        watcher = _Watcher()
        watched = self._join(key, look, newest, watcher)
        told = newest if since is None else since
        is_shown = False
        try:
            while told < watched.position:
                # What was before everybody else began to look.
                missed, told = await look(told)
                for message in missed:
                    is_shown = is_shown or message.seq is None
                    if types is None or message.type in types:
                        yield message.text
                    if message.is_last:
                        return
                if not missed:
                    break
            if watched.newest is not None and not is_shown:
                yield watched.newest.text
            while not watcher.is_cut_off and not self._is_closed:
                try:
                    came = await asyncio.wait_for(
                        watcher.queue.get(), HEARTBEAT_SECONDS
                    )
                except TimeoutError:
                    if not await still_may():
                        return
                    yield b": still here\n\n"
                    continue
                if came is None:
                    return
                if came.seq is not None and came.seq <= told:
                    continue
                if types is None or came.type in types:
                    yield came.text
                if came.is_last:
                    return
        finally:
            watched.watchers.discard(watcher)
            if not watched.watchers:
                if self._watched.get(key) is watched:
                    del self._watched[key]
                if watched.task is not None:
                    watched.task.cancel()

    def _join(
        self, key: Hashable, look: Look, newest: int, watcher: _Watcher
    ) -> _Watched:
        watched = self._watched.get(key)
        # One that came to grief is not looked at any more.
        if watched is None or (watched.task is not None and watched.task.done()):
            watched = self._watched[key] = _Watched(look, newest)
            watched.task = asyncio.create_task(self._look(watched))
        watched.watchers.add(watcher)
        return watched

    async def _look(self, watched: _Watched) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                try:
                    found, watched.position = await watched.look(watched.position)
                except Exception:
                    # Who watches comes back, and hears what is wrong then.
                    for watcher in watched.watchers:
                        watcher.is_cut_off = True
                        watcher.tell(None)
                    return
                for message in found:
                    if message.seq is None:
                        watched.newest = message
                    for watcher in list(watched.watchers):
                        watcher.tell(message)
                await asyncio.sleep(LOOK_SECONDS)
