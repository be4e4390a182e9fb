"""How long a client may keep us waiting: for what it sends, and to take an answer."""

import asyncio


class Pace:
    """
    How long the application has waited for a body, and what it got for it.

    Only waiting counts: a client is not blamed for the time that we take.
    """

    def __init__(self, total: float, window: float, floor: float) -> None:
        self.total_left = total
        self.window = window
        self.window_left = window
        #: Bytes still missing in this window.
        self.due = self.quota = floor * window

    @property
    def left(self) -> float:
        """Seconds until there is something to judge."""
        return max(0.0, min(self.total_left, self.window_left))

    def wait(self, seconds: float) -> None:
        """Add *seconds* of waiting."""
        self.total_left -= seconds
        self.window_left -= seconds

    def is_too_slow(self) -> bool:
        """Say whether so little for so long is too slow; begin the next window."""
        if self.total_left <= 0 or (self.window_left <= 0 and self.due > 0):
            return True
        if self.window_left <= 0:
            self.window_left, self.due = self.window, self.quota
        return False


class StallWatch:
    """Cuts a connection whose client takes nothing of what was written to it."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self.transport = transport
        self.seconds = seconds
        self.loop = asyncio.get_running_loop()
        self.timer: asyncio.TimerHandle | None = None
        #: Grows whenever the application wrote, or the client caught up.
        self.moves = 0

    def begin(self) -> None:
        """Watch until everything written has been taken."""
        if self.timer is None and (size := self.transport.get_write_buffer_size()):
            self.timer = self.loop.call_later(self.seconds, self.look, self.moves, size)

    def look(self, moves: int, size: int) -> None:
        """Cut the connection if nothing has moved since *moves* and *size*."""
        self.timer = None
        if self.moves == moves and self.transport.get_write_buffer_size() >= size:
            self.transport.abort()
        else:
            self.begin()

    def end(self) -> None:
        """Watch no more."""
        if self.timer is not None:
            self.timer.cancel()
