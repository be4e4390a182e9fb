"""What requests about documents look like, for the OpenAPI description."""

from typing import Any

from testamur.core.papers import MAX_NAMED_DOCUMENTS, MAX_SIGNATORIES

from .documents import MAX_INDEXERS, RULES

_ID = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
        {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
    ]
}
_UUID = {"type": "string", "format": "uuid"}
_TEXT = {"type": ["string", "null"], "maxLength": 255}
_NEEDED = {"type": "string", "minLength": 1, "maxLength": 255}
_FLAG = {"enum": [True, False, 0, 1, "0", "1", None]}

TYPE: dict[str, Any] = {
    "type": "object",
    "required": ["description"],
    "properties": {
        "description": _NEEDED,
        "signed_by_third": {**_FLAG, "description": "Whether signers sign it"},
        "multiples_third_signers": {
            **_FLAG,
            "description": "Whether there may be more than one",
        },
        "indexers": {
            "type": ["array", "null"],
            "maxItems": MAX_INDEXERS,
            "description": "Objects with `indexer`, a name, and `rule`, one of "
            + ", ".join(RULES),
        },
    },
    "example": {
        "description": "Enrolment contract",
        "signed_by_third": True,
        "multiples_third_signers": False,
        "indexers": [{"indexer": "Client CPF", "rule": "CPF"}],
    },
}

DOCUMENT: dict[str, Any] = {
    "type": "object",
    "required": ["description", "document_type_id", "file_uuid"],
    "properties": {
        "description": _NEEDED,
        "document_type_id": _ID,
        "file_uuid": {**_UUID, "description": "An uploaded PDF that is not used"},
        "module_uuid": {"anyOf": [_UUID, {"enum": ["", None]}]},
        "indexers": {
            "type": ["array", "null"],
            "maxItems": MAX_INDEXERS,
            "description": "Objects with `indexer`, as the type names it, and `value`",
        },
    },
    "example": {
        "description": "Enrolment contract of Maria",
        "document_type_id": 1,
        "file_uuid": "4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11",
        "indexers": [{"indexer": "Client CPF", "value": "529.982.247-25"}],
    },
}

DOCUMENT_CHANGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "description": _TEXT,
        "indexers": DOCUMENT["properties"]["indexers"],
    },
}

SIGNER: dict[str, Any] = {
    "type": "object",
    "required": ["name", "email"],
    "properties": {
        "name": _NEEDED,
        "email": {**_NEEDED, "format": "email"},
        "document_number": {"type": ["string", "null"], "maxLength": 64},
    },
}

SIGNERS: dict[str, Any] = {
    "type": "object",
    "required": ["signers"],
    "properties": {
        "signers": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_SIGNATORIES,
            "description": "Objects with `signer_id` or `signer_uuid`, or with `name` "
            "and `email`",
        },
        "order": {
            "enum": ["parallel", "sequential", None],
            "description": "Whether they are asked one after the other",
        },
    },
    "example": {"signers": [{"name": "Maria", "email": "maria@example.org"}]},
}

DOCUMENT_IDS: dict[str, Any] = {
    "type": "object",
    "required": ["document_ids"],
    "properties": {
        "document_ids": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_NAMED_DOCUMENTS,
            "description": "Their ids",
        }
    },
    "example": {"document_ids": [101, 102, 103]},
}

DOCUMENT_NAMES: dict[str, Any] = {
    "type": "object",
    "description": "One of both",
    "properties": {
        "document_ids": DOCUMENT_IDS["properties"]["document_ids"],
        "uuids": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_NAMED_DOCUMENTS,
            "description": "Their UUIDs",
        },
    },
    "example": {"document_ids": [101, 102, 103]},
}


def changed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a part of what *schema* describes."""
    properties = {
        name: _TEXT if value is _NEEDED else value
        for name, value in schema["properties"].items()
    }
    return {"type": "object", "properties": properties}
