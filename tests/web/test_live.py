"""Many watch the same thing: what they hear, and what becomes of the slow."""

import asyncio

from testamur.web import live
from testamur.web.live import Live, Message


async def may():
    """Say that a watcher may go on."""
    return True


def numbered(first, last):
    """Return messages with these positions."""
    return [Message(b"%d;" % number, number) for number in range(first, last + 1)]


async def heard(stream, count):
    """Return the next messages of a stream."""
    return [await asyncio.wait_for(anext(stream), 10) for _ in range(count)]


def test_who_comes_later_hears_what_it_missed_and_nothing_twice(monkeypatch):
    """Whatever the others have heard by then."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.001)
    newest = 3

    async def look(after):
        return numbered(after + 1, newest), newest

    async def story():
        nonlocal newest
        hub = Live()
        first = hub.watch("k", look, since=0, newest=3, still_may=may)
        assert await heard(first, 3) == [b"1;", b"2;", b"3;"]
        newest = 5
        assert await heard(first, 2) == [b"4;", b"5;"]
        second = hub.watch("k", look, since=1, newest=3, still_may=may)
        assert await heard(second, 4) == [b"2;", b"3;", b"4;", b"5;"]
        newest = 6
        assert await heard(first, 1) == await heard(second, 1) == [b"6;"]
        await first.aclose()
        await second.aclose()

    asyncio.run(story())


def test_whoever_watches_comes_back_when_looking_failed(monkeypatch):
    """The stream ends; the next one works, without anybody doing something."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.001)
    is_broken = True

    async def look(after):
        if is_broken:
            raise OSError("the database is away")
        return numbered(after + 1, 2), 2

    async def story():
        nonlocal is_broken
        hub = Live()
        stream = hub.watch("k", look, since=None, newest=1, still_may=may)
        other = hub.watch("k", look, since=None, newest=1, still_may=may)
        assert [one async for one in stream] == []
        is_broken = False
        again = hub.watch("k", look, since=1, newest=1, still_may=may)
        assert await heard(again, 1) == [b"2;"]
        await other.aclose()
        await again.aclose()

    asyncio.run(story())


def test_who_does_not_take_what_is_sent_is_cut_off(monkeypatch):
    """After so many messages; what it missed is there when it comes back."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.001)
    newest = 0

    async def look(after):
        nonlocal newest
        newest += 50
        return numbered(after + 1, newest), newest

    async def story():
        hub = Live()
        stream = hub.watch("k", look, since=None, newest=0, still_may=may)
        assert await heard(stream, 1) == [b"1;"]
        while newest < 50 * 20:
            await asyncio.sleep(0.001)
        rest = [one async for one in stream]
        assert len(rest) < live.MOST_WAITING + 1

    asyncio.run(story())
