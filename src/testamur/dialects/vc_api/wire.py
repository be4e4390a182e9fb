"""What the VC-API's requests and answers look like, for the OpenAPI description."""

from typing import Any

#: Its name among the schemas of the description.
PROBLEM_NAME = "VcApiProblem"

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
        "parts": {"type": "array", "items": {"type": "object"}},
        "verified": {"type": "boolean", "description": "False, where it was asked"},
    },
}

CREDENTIAL: dict[str, Any] = {
    "type": "object",
    "required": ["@context", "type", "credentialSubject"],
    "properties": {
        "@context": {"type": "array", "minItems": 1},
        "id": {"type": "string"},
        "type": {"type": "array", "items": {"type": "string"}},
        "issuer": {"description": "Your DID; set when it is left out"},
        "credentialSubject": {"type": ["object", "array"]},
    },
}

ISSUE: dict[str, Any] = {
    "type": "object",
    "required": ["credential"],
    "additionalProperties": False,
    "properties": {
        "credential": CREDENTIAL,
        "options": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["DataIntegrityProof", "vc+jwt"]},
                "cryptosuite": {"enum": ["eddsa-rdfc-2022", "eddsa-jcs-2022"]},
                "algorithm": {
                    "enum": ["EdDSA", "RS256"],
                    "description": "Of a vc+jwt",
                },
                "credentialStatus": {
                    "type": "object",
                    "description": "A place in a status list, to take it back",
                    "properties": {
                        "type": {"const": "BitstringStatusListEntry"},
                        "statusPurpose": {"const": "revocation"},
                    },
                },
            },
        },
    },
}

STATUS: dict[str, Any] = {
    "type": "object",
    "required": ["credentialStatus"],
    "additionalProperties": False,
    "properties": {
        "credentialId": {"type": "string"},
        "credentialStatus": {
            "type": "object",
            "properties": {
                "type": {"const": "BitstringStatusListEntry"},
                "statusPurpose": {"enum": ["revocation", "suspension"]},
                "statusListCredential": {"type": "string"},
                "statusListIndex": {"type": "string"},
            },
        },
        "status": {"type": "boolean", "description": "False ends a suspension"},
        "reason": {"type": "string", "description": "Everybody may read it"},
    },
}

OPTIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "challenge": {"type": "string"},
        "domain": {"type": "string"},
    },
}

VERIFY_CREDENTIAL: dict[str, Any] = {
    "type": "object",
    "required": ["verifiableCredential"],
    "properties": {
        "verifiableCredential": {
            "type": ["object", "string"],
            "description": "Secured: with a proof, in an envelope, or a JWT",
        },
        "options": OPTIONS,
    },
}

VERIFY_PRESENTATION: dict[str, Any] = {
    "type": "object",
    "required": ["verifiablePresentation"],
    "properties": {
        "verifiablePresentation": {"type": ["object", "string"]},
        "options": OPTIONS,
    },
}

VERIFIED: dict[str, Any] = {
    "type": "object",
    "required": ["verified", "problemDetails"],
    "properties": {
        "verified": {"type": "boolean"},
        "problemDetails": {"type": "array", "items": {"type": "object"}},
        "checks": {"type": "array", "items": {"type": "object"}},
    },
}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return how a request with a JSON body of this schema is described."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }


def answer(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Return how an answer in JSON of this schema is described."""
    return {"description": text, "content": {"application/json": {"schema": schema}}}


#: Answers that every route may give.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {
            "application/problem+json": {
                "schema": {"$ref": f"#/components/schemas/{PROBLEM_NAME}"}
            }
        },
    }
    for status, text in (
        (400, "Not a credential, not verified, or not to be read"),
        (401, "No key, or one that is not known"),
        (403, "A key without the scope"),
        (404, "No such credential"),
        (408, "Too slow"),
        (409, "It is revoked, and that is for ever"),
        (413, "Too large"),
        (415, "Not JSON"),
        (429, "Too many wait"),
        (503, "Come back later; `issuing_halted` when issuing is halted"),
    )
}

#: What is not verified is told with every check, or as a problem.
NOT_VERIFIED: dict[str, Any] = {
    "description": PROBLEMS[400]["description"],
    "content": {
        **PROBLEMS[400]["content"],
        "application/json": {"schema": VERIFIED},
    },
}
