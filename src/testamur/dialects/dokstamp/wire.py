"""What requests and answers look like, for the OpenAPI description."""

from typing import Any

JSON = "application/json"

#: Its name among the schemas of the description.
PROBLEM_NAME = "DokStampError"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["success", "message"],
    "properties": {
        "success": {"type": "boolean", "const": False},
        "message": {"type": "string", "description": "The service's own words"},
        "errors": {
            "type": "object",
            "description": "By field: what to change",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "code": {"type": "string", "description": "What is wrong, for programs"},
        "detail": {"type": "string", "description": "What to change, for people"},
        "request_id": {"type": "string"},
        "retry_after": {"type": "integer", "description": "Seconds"},
    },
}

_PROBLEM_ANSWER = {
    "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{PROBLEM_NAME}"}}}
}

#: What every operation may answer instead.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, **_PROBLEM_ANSWER}
    for status, description in (
        (400, "The request cannot be read"),
        (401, "Nobody knows who is calling"),
        (403, "The key or token lacks a scope"),
        (404, "There is no such thing"),
        (422, "A value is wrong"),
        (429, "Too often"),
        (503, "The server cannot answer right now"),
    )
}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a JSON request body."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def answer(description: str, example: object = None) -> dict[str, Any]:
    """Return the description of an answer."""
    schema: dict[str, Any] = {"type": "object"}
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {JSON: content}}
