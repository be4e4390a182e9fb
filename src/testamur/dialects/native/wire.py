"""The native API's refusals, for the OpenAPI description."""

from http import HTTPStatus
from typing import Any

from .problems import STATUSES

#: Its name among the schemas of the description.
PROBLEM_NAME = "Problem"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to change, for people"},
        "code": {"type": "string", "description": "What is wrong, for programs"},
        "requestId": {"type": "string"},
        "at": {"type": "string", "description": "Where, as the caller would say"},
        "retryAfter": {"type": "integer", "description": "Seconds"},
        "parts": {"type": "array", "items": {"type": "object"}},
    },
}

#: Answers that every route may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {
            "application/problem+json": {
                "schema": {"$ref": f"#/components/schemas/{PROBLEM_NAME}"}
            }
        },
    }
    for status in sorted({*STATUSES.values(), 503})
}
