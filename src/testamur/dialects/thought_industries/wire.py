"""What requests and answers look like, for the OpenAPI description."""

from typing import Any

from .read import MAX_ITEMS, RESOURCE_TYPES

JSON = "application/json"

#: Its name among the schemas of the description.
PROBLEM_NAME = "ThoughtIndustriesError"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, for programs"},
        "message": {"type": "string", "description": "What to change, for people"},
        "requestId": {"type": "string"},
        "field": {"type": "string"},
        "retryAfter": {"type": "integer", "description": "Seconds"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}

_TEXT = {"type": ["string", "null"]}
_MOMENT = {
    "type": ["string", "null"],
    "description": "ISO 8601: a date, or a moment with its offset",
}

#: Items are not described: what is wrong with one is told in its error.
TEMPLATES: dict[str, Any] = {
    "type": "object",
    "required": ["templates"],
    "properties": {
        "templates": {
            "type": "array",
            "maxItems": MAX_ITEMS,
            "description": "Objects with title, resourceType (course or "
            "learningPath), resourceId and what else a template has: asset, labels, "
            "customCss, expirationDays... With id, the template of this id is changed",
        }
    },
    "example": {
        "templates": [
            {
                "title": "Tides and Currents",
                "resourceType": "course",
                "resourceId": "4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11",
                "expirationDays": 730,
                "labels": [{"type": "nameLabel", "x": 120, "y": 300, "fontSize": 48}],
            }
        ]
    },
}

USERS: dict[str, Any] = {
    "type": "object",
    "required": ["users"],
    "properties": {
        "users": {
            "type": "array",
            "maxItems": MAX_ITEMS,
            "description": "Objects with userId, email or externalCustomerId, and "
            "with resourceType and resourceId",
        }
    },
}

_SAID = {
    "email": _TEXT,
    "firstName": _TEXT,
    "lastName": _TEXT,
    "name": _TEXT,
    "externalCustomerId": _TEXT,
}
_ATTRIBUTES = {
    "type": ["object", "null"],
    "additionalProperties": {"type": ["string", "null"]},
}

CERTIFY: dict[str, Any] = {
    "type": "object",
    "required": ["resourceType", "resourceId"],
    "properties": {
        "userId": {"type": ["string", "null"], "description": "As in the path"},
        "resourceType": {"enum": list(RESOURCE_TYPES)},
        "resourceId": {"type": "string", "format": "uuid"},
        "issuedAt": _MOMENT,
        "expirationDate": _MOMENT,
        "recertificationDate": _MOMENT,
        "sendEmail": {"type": ["boolean", "null"]},
        "attributes": {
            **_ATTRIBUTES,
            "description": "What else the certificate says",
        },
        **_SAID,
    },
}

RECERTIFY: dict[str, Any] = {
    **CERTIFY,
    "properties": {
        name: CERTIFY["properties"][name]
        for name in ("userId", "resourceType", "resourceId")
    },
}

NEW_USER: dict[str, Any] = {
    "type": "object",
    "required": ["email"],
    "properties": {
        **_SAID,
        "email": {"type": "string"},
        "id": {"type": ["string", "null"], "description": "A UUID of your own"},
        "upsert": {"type": ["boolean", "null"]},
        "customFields": _ATTRIBUTES,
    },
}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return how a request with a JSON body of this schema is described."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def answer(name: str, value: Any, text: str) -> dict[str, Any]:
    """Return how the answer of the operation *name* is described."""
    return {
        "description": text,
        "content": {
            JSON: {
                "schema": {"type": "object", "required": ["data"]},
                "example": {"data": {name: value}},
            }
        },
    }


JOB = {
    "id": "00000000-0000-0000-0000-000000000000",
    "type": "prepareCertificateTemplates",
    "description": "Bulk Create Certificate Templates: prepares 2,000 of 2,000",
    "errorMessage": None,
    "createdAt": "2024-01-01T00:00:00.000Z",
    "repeatable": False,
    "status": "complete",
}

BULK = {
    "createdCount": 1,
    "updatedCount": 0,
    "createdIds": ["00000000-0000-0000-0000-000000000000"],
    "errors": [],
    "warnings": [],
    "backgroundJob": None,
}

AWARDS = {"grantedCount": 1, "errors": []}

AWARD = {
    "id": "01234567-89ab-8cde-8f01-234567000000",
    "identifier": "PB-0123456789AB",
    "url": "https://certificates.example.org/c/0123456789abcdef01234567",
}

USER = {
    "id": "00000000-0000-0000-0000-000000000000",
    "email": "ada@example.org",
    "name": "Ada Lovelace",
}

#: Answers that every route may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{PROBLEM_NAME}"}}},
    }
    for status, text in (
        (400, "The request cannot be read"),
        (401, "No key or token, or not a valid one"),
        (403, "The key or token lacks the scope"),
        (404, "No such user, template or job"),
        (408, "The body did not arrive in time"),
        (409, "It is so already, or cannot be used as it is"),
        (415, "A compressed body"),
        (422, "A value is wrong; the message says which and what to do"),
        (429, "Too often; Retry-After says when to come back"),
        (503, "Not now; Retry-After says when to send the same request again"),
    )
}
