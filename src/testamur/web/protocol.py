"""
One HTTP connection: uvicorn's, with a deadline in every state it can be in.

    HEAD     waiting for a request, or reading its head: idle or head deadline
    BODY     the application has the request and may wait for its body: body
             deadline, which runs only while the application is waiting
    ANSWER   the request is complete, its answer is not: no deadline but that
             of a client that does not take the answer
    CLOSING  refused or done; what still arrives is thrown away: linger deadline

One request at a time. What a client sends before it has its answer is kept, up
to the size of a head, and read afterwards; beyond that the connection closes
after the answer. A client that knows the answer's length may have all of it, and
send its next request, before the application has ended: that request waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from .heads import (
    BODY_TOO_SLOW,
    CROWDED,
    END_OF_HEAD,
    HEAD_TOO_LARGE,
    HEAD_TOO_SLOW,
    MALFORMED,
    STOPPING,
    Problem,
    headers_problem,
    request_line_problem,
    without_upgrade,
)
from .limits import Limits
from .patience import Pace, StallWatch

Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: The parser gets a body in slices of this size. A slice without one byte of
#: body in it is chunk extensions or trailers, and those have no use here.
SLICE = 16 * 1024


class Stage(Enum):
    """Where a connection is. See the head of this file."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    CLOSING = auto()


class EdgeProtocol(HttpToolsProtocol):
    """uvicorn's protocol, proof against clients that are slow, huge or crooked."""

    def __init__(
        self,
        *,
        limits: Limits,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self.application = self.app
        self.app = self.run_application
        self.stage = Stage.HEAD
        #: What has arrived of a head that is not complete.
        self.head = bytearray()
        self.is_reading_head = True
        self.is_line_checked = False
        #: No request is read after the one in hand.
        self.is_last = False
        #: Bytes of the answer's body yet to be sent; None where nobody knows.
        self.owed: int | None = None
        self.pace = Pace(0, 0, 0)
        #: Bytes fed to the parser since it last had some use for them.
        self.useless = 0
        self.deadline: asyncio.TimerHandle | None = None
        self.stall: StallWatch = None  # type: ignore[assignment]

    # The transport's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the head's deadline; turn away what is beyond the limit."""
        super().connection_made(transport)
        self.stall = StallWatch(transport, self.limits.stall_seconds)
        crowd = len(self.connections)
        if crowd > 2 * self.limits.connections:
            self.stage = Stage.CLOSING
            transport.abort()
        elif crowd > self.limits.connections:
            self.refuse(CROWDED)
        else:
            self.close_after(self.limits.head_seconds, self.on_head_deadline)

    def connection_lost(self, exc: Exception | None) -> None:
        """End every deadline; the application hears of a disconnect."""
        self.stage = Stage.CLOSING
        self.head.clear()
        self.end_deadline()
        self.stall.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read *data* according to the stage."""
        match self.stage:
            case Stage.HEAD:
                self.read_head(data)
            case Stage.BODY:
                self.read_body(data)
            case Stage.ANSWER:
                self.keep(data)
            case Stage.CLOSING:
                pass

    def pause_writing(self) -> None:
        """Make the application wait, and watch whether the client reads on."""
        super().pause_writing()
        self.stall.begin()

    def resume_writing(self) -> None:
        """Let the application go on."""
        self.stall.moves += 1
        super().resume_writing()

    def shutdown(self) -> None:
        """Close now, or after the answer in progress."""
        if self.stage in (Stage.HEAD, Stage.CLOSING):
            self.hang_up()
        else:
            super().shutdown()

    # Reading

    def read_head(self, data: bytes | bytearray) -> None:
        """Collect a head; feed it to the parser once it is whole."""
        if not self.is_reading_head:
            self.is_reading_head = True
            self.close_after(self.limits.head_seconds, self.on_head_deadline)
        unseen = max(0, len(self.head) - 3)
        self.head += data
        if self.head.startswith((b"\r", b"\n")):
            self.head = self.head.lstrip(b"\r\n")  # RFC 9112 section 2.2

        if not self.is_line_checked and (end := self.head.find(b"\n") + 1):
            self.is_line_checked = True
            if problem := request_line_problem(bytes(self.head[:end])):
                return self.refuse(problem)
        blank = END_OF_HEAD.search(self.head, unseen)
        size = blank.end() if blank else len(self.head)
        lines = self.head.count(b"\n", 0, size) - 2
        if size > self.limits.head_bytes or lines > self.limits.header_lines:
            return self.refuse(HEAD_TOO_LARGE)
        if blank is None:
            return None

        head, rest = bytes(self.head[:size]), bytes(self.head[size:])
        self.head.clear()
        self.is_line_checked = False
        self.feed(without_upgrade(head))
        return self.data_received(rest) if rest else None

    def read_body(self, data: bytes) -> None:
        """Feed the parser, as long as it finds a body in what it is fed."""
        view = memoryview(data)
        for start in range(0, len(data), SLICE):
            if self.stage is not Stage.BODY:
                self.is_last = True  # a second request before the first answer
                return
            piece = view[start : start + SLICE]
            self.useless += len(piece)
            self.feed(piece)
            if self.useless > SLICE:
                self.refuse(MALFORMED)

    def keep(self, data: bytes) -> None:
        """Keep the beginning of the next request until this one is answered."""
        self.head += data
        if not self.is_last and len(self.head) <= self.limits.head_bytes:
            return
        if not self.is_last and self.owed == 0:
            self.flow.pause_reading()  # until on_response_complete()
            return
        self.is_last = True
        self.head.clear()

    def feed(self, data: bytes | memoryview) -> None:
        """Let the parser read *data*, or refuse the request."""
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.refuse(MALFORMED)

    # What the parser finds

    def on_message_begin(self) -> None:
        """Begin a request, unless the last one has not been answered."""
        if self.stage is Stage.HEAD:
            super().on_message_begin()
        else:
            self.is_last = True

    def on_url(self, url: bytes) -> None:
        """Take the request's target."""
        if self.stage is Stage.HEAD:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. A trailer is not one, whatever it is called."""
        if self.stage is Stage.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request to the application, unless its head forbids that."""
        if self.stage is not Stage.HEAD:
            return
        method, version = self.parser.get_method(), self.parser.get_http_version()
        problem = headers_problem(method.decode(), version, self.headers)
        if problem:
            self.refuse(problem)
            return
        self.end_deadline()
        self.useless = 0
        self.owed = None
        self.pace = self.pace_of_body()
        super().on_headers_complete()
        self.stage = Stage.BODY

    def on_body(self, body: bytes) -> None:
        """Give the application a piece of the body."""
        if self.stage is Stage.BODY:
            self.useless = 0
            self.pace.due -= len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that nothing more is expected of the client."""
        if self.stage is Stage.BODY:
            self.useless = 0
            super().on_message_complete()
            self.stage = Stage.ANSWER

    def pace_of_body(self) -> Pace:
        """Return what is demanded of the body that follows these headers."""
        limits = self.limits
        for name, value in self.headers:
            if name == b"content-type" and value.lower().startswith(b"multipart/"):
                return Pace(
                    limits.upload_seconds,
                    limits.upload_window_seconds,
                    limits.upload_floor,
                )
        return Pace(limits.body_seconds, limits.body_seconds, 0)

    # The application's side

    async def run_application(self, scope: Any, receive: Receive, send: Send) -> None:
        """Run the application; time what it waits for, count what it sends."""
        cycle = self.cycle

        async def hear() -> Message:
            if self.stage is Stage.BODY:
                return await self.await_body(receive)
            return await receive()

        async def say(message: Message) -> None:
            self.stall.moves += 1
            if message["type"] != "http.response.start":
                if self.owed is not None:
                    self.owed -= len(message.get("body", b""))
                await send(message)
                if message.get("more_body"):
                    # Others get their turn; and if the client is gone, sending
                    # does nothing, and only this lets the application hear it.
                    await asyncio.sleep(0)
                return None
            self.owed = length_of_body(scope, message)
            if self.stage is Stage.ANSWER and not self.is_last:
                return await send(message)
            # The client may still be sending: it is told that we close, and
            # on_response_complete() does it, with patience.
            self.is_last = True
            headers = [
                (name, value)
                for name, value in message.get("headers", ())
                if name.lower() != b"connection"
            ]
            headers.append((b"connection", b"close"))
            await send({**message, "headers": headers})
            cycle.keep_alive = True
            return None

        try:
            await self.application(scope, hear, say)
        except asyncio.CancelledError:
            # Only uvicorn cancels us, when stopping takes too long.
            self.refuse(STOPPING)

    async def await_body(self, receive: Receive) -> Message:
        """Wait for the next piece of the body, as long as the pace allows."""
        timer: asyncio.TimerHandle
        since = self.loop.time()

        def judge() -> None:
            nonlocal since, timer
            now = self.loop.time()
            self.pace.wait(now - since)
            since = now
            if self.stage is not Stage.BODY:
                return
            if self.pace.is_too_slow():
                self.refuse(BODY_TOO_SLOW)
            else:
                timer = self.loop.call_later(self.pace.left, judge)

        timer = self.loop.call_later(self.pace.left, judge)
        try:
            return await receive()
        finally:
            timer.cancel()
            self.pace.wait(self.loop.time() - since)

    def on_response_complete(self) -> None:
        """Turn to the next request, or close."""
        self.server_state.total_requests += 1
        self.stall.begin()
        if self.stage is Stage.CLOSING or self.transport.is_closing():
            return
        if self.stage is Stage.BODY or self.is_last:
            self.linger()
            return
        self.stage = Stage.HEAD
        self.is_reading_head = False
        self.flow.resume_reading()
        self.close_after(self.limits.idle_seconds, self.hang_up)
        if self.head:
            kept, self.head = self.head, bytearray()
            self.read_head(kept)

    # Closing

    def refuse(self, problem: Problem) -> None:
        """Answer with *problem*, if nothing was answered yet, and close."""
        if self.stage is Stage.CLOSING:
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.stage = Stage.CLOSING
                self.transport.abort()
                return
        self.transport.write(problem.response(self.server_state.default_headers))
        if problem in (HEAD_TOO_SLOW, BODY_TOO_SLOW):
            self.hang_up()  # it has had its time, and nothing of it is unread
        else:
            self.linger()

    def linger(self) -> None:
        """Say that we are done; throw away what still comes, for a while."""
        self.stage = Stage.CLOSING
        self.head.clear()
        self.flow.resume_reading()
        self.transport.write_eof()
        self.close_after(self.limits.linger_seconds, self.hang_up)
        self.stall.begin()

    def hang_up(self) -> None:
        """Close, as soon as the client has taken what it was sent."""
        self.stage = Stage.CLOSING
        self.transport.close()
        self.stall.begin()

    def on_head_deadline(self) -> None:
        """Refuse a head that is late; say nothing to who said nothing."""
        if self.head:
            self.refuse(HEAD_TOO_SLOW)
        else:
            self.hang_up()

    def close_after(self, seconds: float, how: Callable[[], None]) -> None:
        """Set the deadline of this stage; there is one at a time."""
        self.end_deadline()
        self.deadline = self.loop.call_later(seconds, how)

    def end_deadline(self) -> None:
        """Cancel the deadline of this stage."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


def length_of_body(scope: Any, start: Message) -> int | None:
    """Return how many bytes follow the head in *start*; None if it does not say."""
    if scope["method"] == "HEAD":
        return 0
    lengths = [
        int(value)
        for name, value in start.get("headers", ())
        if name.lower() == b"content-length"
    ]
    return lengths[0] if lengths else None
