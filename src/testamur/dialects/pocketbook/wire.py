"""The Pocketbook wire's bodies, for the OpenAPI description."""

from typing import Any

JSON = "application/json"

JOB = {
    "jobId": "507f1f77bcf86cd799439013",
    "status": "processing",
    "totalCount": 100,
    "processedCount": 45,
    "successCount": 43,
    "failedCount": 2,
    "createdAt": "2025-01-15T10:00:00.000Z",
    "updatedAt": "2025-01-15T10:15:00.000Z",
    "estimatedCompletionTime": "2025-01-15T10:30:00.000Z",
    "errors": [{"row": 12, "error": "Invalid image URL"}],
}

COST = {
    "count": 1000,
    "currency": "USD",
    "totalCost": 100.0,
    "totalCostCents": 10000,
    "costPerCertificate": 0.1,
    "tiers": [
        {"from": 1, "count": 1000, "unitCost": 0.1, "unitCostCents": 10, "cost": 100.0}
    ],
    "priceVersion": "2026-11",
}

#: Its name among the schemas of the description.
REFUSAL_NAME = "PocketbookError"

REFUSAL: dict[str, Any] = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["type", "code", "message", "request_id"],
            "properties": {
                "type": {"type": "string"},
                "code": {"type": "string", "description": "For programs; stable"},
                "message": {"type": "string", "description": "What to change"},
                "param": {"type": "string"},
                "request_id": {"type": "string"},
                "retry_after": {"type": "integer", "description": "Seconds"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        },
    },
    "example": {
        "success": False,
        "error": {
            "type": "invalid_request_error",
            "code": "missing_column",
            "message": "The CSV has no column recipientEmail. ...",
            "param": "metadata",
            "request_id": "req_0123456789abcdef01234567",
        },
    },
}

UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["metadata"],
                    "additionalProperties": False,
                    "properties": {
                        "metadata": {
                            "type": "string",
                            "format": "binary",
                            "description": "CSV with the certificates, one per row.",
                        },
                        "images": {
                            "type": "string",
                            "format": "binary",
                            "description": "ZIP with the images that rows name.",
                        },
                        "template": {
                            "type": "string",
                            "description": "Added to the documented ones: the template "
                            "that certificates are made of, in place of images.",
                        },
                        "createBatch": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "description": "Keep the certificates as one batch.",
                        },
                    },
                }
            }
        },
    }
}


def answer(example: dict[str, Any], description: str) -> dict[str, Any]:
    """Describe an answer in OpenAPI's terms by an example of its data."""
    body = {"success": True, "data": example}
    return {
        "description": description,
        "content": {JSON: {"schema": {"type": "object"}, "example": body}},
    }


#: Answers that every authenticated route may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{REFUSAL_NAME}"}}},
    }
    for status, description in (
        (400, "The request cannot be read"),
        (401, "No key or token, or not a valid one"),
        (403, "The key or token lacks the scope"),
        (404, "There is no such job"),
        (408, "The upload came too slowly"),
        (409, "The job is not in a state in which this is possible"),
        (413, "More was sent than the plan allows"),
        (415, "Not the format that is read here"),
        (422, "A value is wrong; the message says which and what to do"),
        (429, "Too often; Retry-After says when to come back"),
        (503, "The server cannot answer right now; Retry-After says when to ask again"),
    )
}
