"""What requests and answers look like, for the OpenAPI description."""

from typing import Any

from .values import MAX_DETAILS, MAX_LINE

JSON = "application/json"

#: Its name among the schemas of the description.
PROBLEM_NAME = "VecError"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "description": "The service's own words"},
        "required_permission": {"type": "string"},
        "errors": {
            "description": "What to change: by field, or of each entry",
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {
                    "type": "object",
                    "additionalProperties": {
                        "type": "array",
                        "items": {"type": "string"},
                    },
                },
            ],
        },
        "error_code": {"type": "string"},
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
        (401, "Authentication failed"),
        (403, "Permission denied"),
        (404, "There is no such thing"),
        (422, "Validation error"),
        (429, "Too often"),
        (503, "The server cannot answer right now"),
    )
}

_LINE = {"type": "string", "minLength": 1, "maxLength": MAX_LINE}

ENTRY: dict[str, Any] = {
    "type": "object",
    "required": ["certificate_title", "full_name", "applicant_email", "file_id"],
    "properties": {
        "certificate_title": _LINE,
        "full_name": _LINE,
        "applicant_email": {**_LINE, "format": "email"},
        "file_id": {"type": "string", "format": "uuid"},
        "issue_date": {"type": ["string", "null"], "format": "date"},
        "details": {"type": ["string", "null"], "maxLength": MAX_DETAILS},
    },
}

BULK: dict[str, Any] = {
    "type": "object",
    "required": ["entries"],
    "properties": {"entries": {"type": "array", "minItems": 1, "items": ENTRY}},
}

_FILE = {"type": "string", "format": "binary"}

UPLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": _FILE},
}

FORM: dict[str, Any] = {
    "type": "object",
    "required": [
        *("certificate_title", "full_name", "applicant_email", "certificate_file")
    ],
    "properties": {
        "certificate_title": _LINE,
        "full_name": _LINE,
        "applicant_email": {**_LINE, "format": "email"},
        "issue_date": {"type": "string", "format": "date"},
        "details": {"type": "string", "maxLength": MAX_DETAILS},
        "certificate_file": _FILE,
    },
}

BATCH_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["name", "template_id", "csv_file"],
    "properties": {
        "name": _LINE,
        "template_id": {"type": "string", "format": "uuid"},
        "csv_file": _FILE,
    },
}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a JSON request body."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def form(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a form."""
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def answer(description: str, example: object = None) -> dict[str, Any]:
    """Return the description of an answer."""
    content: dict[str, Any] = {"schema": {"type": "object"}}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {JSON: content}}
