"""Events on the native wire, as a stream (WHATWG HTML, server-sent events)."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from testamur.core.clock import rfc3339
from testamur.core.events import Event
from testamur.core.refusals import Kind, Refusal
from testamur.core.webhooks import EVENT_NAMES

#: Longer positions are none of ours.
MAX_DIGITS = 18


PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["events", "next"],
    "properties": {
        "events": {"type": "array", "items": {"type": "object"}},
        "next": {"type": "string", "description": "Where to go on: lastEventId"},
    },
}


def page(
    events: Sequence[Event], after: int, types: Collection[str] | None = None
) -> dict[str, Any]:
    """Spell events, those of *types*, and where to go on."""
    return {
        "events": [
            _fields(one) for one in events if types is None or one.type in types
        ],
        "next": str(events[-1].seq if events else after),
    }


def spelled(event: Event) -> bytes:
    """Spell an event as a message of a stream."""
    return message(str(event.type), _fields(event), event.seq)


def _fields(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "timestamp": rfc3339(event.created_at),
        "data": event.data,
    }


def message(type_: str, data: Any, position: int | None = None) -> bytes:
    """Spell *data* as a message, from which a reader can go on at *position*."""
    at = b"" if position is None else f"id: {position}\n".encode()
    return at + f"event: {type_}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


def position(text: str | None) -> int | None:
    """
    Read where a reader goes on.

    Raises:
        Refusal: INVALID: it is no id of a message.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise Refusal(
            Kind.INVALID,
            "parameter_invalid",
            "Send the id of the last message that came, or nothing.",
            at="Last-Event-ID",
        )
    return int(text)


def types(text: str | None) -> frozenset[str] | None:
    """
    Read which events are wanted: their names with commas; all if left out.

    Raises:
        Refusal: INVALID: there is no such event.
    """
    if not text:
        return None
    found = frozenset(text.split(","))
    if unknown := sorted(found.difference(EVENT_NAMES)):
        raise Refusal(
            Kind.INVALID,
            "unknown_event",
            f"There is no event {unknown[0][:64]!r}. There are: "
            f"{', '.join(EVENT_NAMES)}.",
            at="types",
        )
    return found
