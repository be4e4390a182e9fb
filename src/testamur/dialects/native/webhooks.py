"""Webhooks on the native wire: read and spelled."""

from collections.abc import Mapping, Sequence
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.webhooks import (
    EVENT_NAMES,
    EVERYTHING,
    MAX_DESCRIPTION_CHARACTERS,
    DeliveryState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookStyle,
)

from .read import moment

STYLES = [str(one) for one in WebhookStyle]
STATES = [str(one) for one in DeliveryState]

#: More names than there are events are a mistake.
MAX_EVENTS = 64

_FIELDS: dict[str, Any] = {
    "url": {"type": "string", "maxLength": 4096},
    "events": {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_EVENTS,
        "items": {"type": "string", "enum": [*EVENT_NAMES, EVERYTHING]},
    },
    "description": {"type": "string", "maxLength": MAX_DESCRIPTION_CHARACTERS},
    "style": {"type": "string", "enum": STYLES, "description": "standard if left out"},
}

BODY: dict[str, Any] = {
    "type": "object",
    "required": ["url", "events"],
    "additionalProperties": False,
    "properties": _FIELDS,
    "example": {
        "url": "https://hooks.example.org/testamur",
        "events": ["job.completed", "certificate.revoked"],
    },
}

CHANGE_BODY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {**_FIELDS, "enabled": {"type": "boolean"}},
    "example": {"enabled": False},
}

REPLAY_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["since"],
    "additionalProperties": False,
    "properties": {
        "since": {
            "type": "string",
            "format": "date-time",
            "description": "Deliveries since then that are parked, RFC 3339",
        }
    },
    "example": {"since": "2026-11-01T00:00:00Z"},
}


def wanted(body: Any) -> Mapping[str, Any]:
    """
    Read a new webhook: `url` and `events`, and what may be left out.

    Raises:
        Refusal: INVALID, naming the field.
    """
    found = _object(body, BODY["properties"])
    for name in BODY["required"]:
        if name not in found:
            raise _wrong(name, f"Send {name}.")
    return found


def changed(body: Any) -> Mapping[str, Any]:
    """
    Read what is to be different; at least one field.

    Raises:
        Refusal: INVALID, naming the field.
    """
    found = _object(body, CHANGE_BODY["properties"])
    if not found:
        raise _wrong("body", "Send at least one field that is to be different.")
    return found


def replayed_since(body: Any) -> int:
    """
    Read `{"since": "2026-11-01T00:00:00Z"}`, in milliseconds.

    Raises:
        Refusal: INVALID, naming the field.
    """
    found = _object(body, REPLAY_BODY["properties"])
    since = moment(found.get("since"), "since")
    if since is None:
        raise _wrong("since", 'Send {"since": "2026-11-01T00:00:00Z"}.')
    return since


def spelled(one: Webhook) -> dict[str, Any]:
    """Spell a webhook. Its secret is shown once, and not here."""
    return {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "description": one.description,
        "style": one.style,
        "enabled": one.ended is None,
        "disabledReason": one.ended,
        "failingSince": None
        if one.failing_since is None
        else rfc3339(one.failing_since),
        "lastError": one.last_error,
        "createdAt": rfc3339(one.created_at),
    }


def delivery(
    one: WebhookDelivery, attempts: Sequence[WebhookAttempt] | None = None
) -> dict[str, Any]:
    """Spell a delivery, with its attempts if they are given."""
    told: dict[str, Any] = {
        "id": one.id,
        "type": one.type,
        "state": one.state,
        "attempts": one.attempts,
        "nextAttemptAt": rfc3339(one.next_at)
        if one.state is DeliveryState.QUEUED
        else None,
        "lastError": one.last_error,
        "createdAt": rfc3339(one.created_at),
        "endedAt": None if one.ended_at is None else rfc3339(one.ended_at),
    }
    if attempts is not None:
        told["log"] = [
            {
                "at": rfc3339(each.at),
                "milliseconds": each.milliseconds,
                "status": each.status,
                "error": each.error,
                "answer": each.answer,
            }
            for each in attempts
        ]
    return told


def _object(body: Any, known: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise _wrong("body", "Send one JSON object.")
    for name, value in body.items():
        if name not in known:
            raise Refusal(
                Kind.INVALID,
                "unknown_field",
                f"There is no field of this name; there are {', '.join(known)}.",
                at=str(name)[:64],
            )
        _look_at(name, value)
    return body


def _look_at(name: str, value: Any) -> None:
    if name == "enabled":
        if not isinstance(value, bool):
            raise _wrong(name, "Send true or false.")
    elif name == "events":
        if (
            not isinstance(value, list)
            or len(value) > MAX_EVENTS
            or not all(isinstance(one, str) for one in value)
        ):
            raise _wrong(name, 'Send a list of event names, or ["*"] for all.')
    elif not isinstance(value, str) or "\0" in value:
        raise _wrong(name, f"Send {name} as text.")
    elif name == "style" and value not in STYLES:
        raise _wrong(name, f"The style is one of {', '.join(STYLES)}.")


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=at)
