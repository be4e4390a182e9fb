"""Documents that are no credentials, each by one rule that it breaks."""

import copy
from collections.abc import Callable
from typing import Any

V2 = "https://www.w3.org/ns/credentials/v2"
V1 = "https://www.w3.org/2018/credentials/v1"

Document = dict[str, Any]


def good(**members: Any) -> Document:
    """Return a credential that nothing is wrong with, with other *members*."""
    return {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": {"id": "did:example:ada", "name": "Ada"},
        **members,
    }


def without(*names: str) -> Document:
    """Return that credential without some members."""
    return {name: value for name, value in good().items() if name not in names}


def entry(**members: Any) -> Document:
    """Return a credential with a place in a status list, with other *members*."""
    status = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://example.com/status/1",
        **members,
    }
    return good(
        credentialStatus={k: value for k, value in status.items() if value is not None}
    )


def resource(**members: Any) -> Document:
    """Return a credential that names a file elsewhere."""
    return good(relatedResource=[members])


def context(extra: Any) -> Document:
    """Return a credential with another context beside the first."""
    return good(**{"@context": [V2, extra]})


SRI = "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"
OTHER_SRI = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
TYPED = ("credentialStatus", "credentialSchema", "evidence", "termsOfUse")

#: By name: the document, and the code of the rule it breaks.
MALFORMED: dict[str, tuple[Document, str]] = {
    "context-missing": (without("@context"), "context_missing"),
    "context-null": (good(**{"@context": None}), "context_first"),
    "context-empty": (good(**{"@context": []}), "context_first"),
    "context-not-first": (
        good(**{"@context": ["https://www.w3.org/ns/credentials/examples/v2", V2]}),
        "context_first",
    ),
    "context-number": (context(7), "context_item"),
    "context-no-url": (context("https ://no-url/contexts/v1"), "context_item"),
    "context-null-item": (context(None), "context_item"),
    "context-term-no-url": (context({"A": "https ://no-url#A"}), "context_term"),
    "context-term-number": (context({"A": 7}), "context_term"),
    "context-term-deep": (
        context({"A": {"@id": "urn:a", "@context": {"B": "b c:d"}}}),
        "context_term",
    ),
    "type-missing": (without("type"), "type_missing"),
    "type-empty": (good(type=[]), "type_missing"),
    "type-null": (good(type=None), "type_missing"),
    "type-number": (good(type=["VerifiableCredential", 7]), "type_missing"),
    "type-other": (good(type=["Other"]), "type_unknown"),
    "type-both": (
        good(type=["VerifiableCredential", "VerifiablePresentation"]),
        "type_unknown",
    ),
    "type-space": (good(type=["VerifiableCredential", "a b"]), "type_form"),
    "type-keyword": (good(type=["VerifiableCredential", "@type"]), "type_form"),
    "id-null": (good(id=None), "id_url"),
    "id-many": (good(id=["urn:a", "urn:b"]), "id_url"),
    "id-word": (good(id="nothing"), "id_url"),
    "id-space": (good(id="https://exa mple.com"), "id_url"),
    "id-no-host": (good(id="https:///path"), "id_url"),
    "name-number": (good(name=7), "text_form"),
    "name-more": (good(name={"@value": "A", "url": "urn:a"}), "text_form"),
    "name-no-value": (good(name={"@language": "en"}), "text_form"),
    "name-language": (good(name={"@value": "A", "@language": "e n"}), "text_form"),
    "name-direction": (good(name={"@value": "A", "@direction": "up"}), "text_form"),
    "description-many": (good(description=["a", 7]), "text_form"),
    "issuer-missing": (without("issuer"), "issuer_url"),
    "issuer-null": (good(issuer=None), "issuer_url"),
    "issuer-word": (good(issuer="me"), "issuer_url"),
    "issuer-list": (good(issuer=["did:example:a"]), "issuer_url"),
    "issuer-no-id": (good(issuer={"name": "me"}), "id_missing"),
    "issuer-id-null": (good(issuer={"id": None}), "id_url"),
    "issuer-name": (good(issuer={"id": "did:example:a", "name": 7}), "text_form"),
    "subject-missing": (without("credentialSubject"), "subject_empty"),
    "subject-null": (good(credentialSubject=None), "subject_empty"),
    "subject-text": (good(credentialSubject="did:example:a"), "subject_empty"),
    "subject-empty": (good(credentialSubject={}), "subject_empty"),
    "subject-none": (good(credentialSubject=[]), "subject_empty"),
    "subject-one-empty": (
        good(credentialSubject=[{"id": "did:example:a"}, {}]),
        "subject_empty",
    ),
    "subject-id-many": (good(credentialSubject={"id": ["urn:a"]}), "id_url"),
    "from-words": (good(validFrom="Sat 25 Feb 2023 07:16:31 PM CST"), "date_form"),
    "from-date": (good(validFrom="2023-02-25"), "date_form"),
    "from-no-zone": (good(validFrom="2023-02-25T10:00:00"), "date_form"),
    "from-number": (good(validFrom=1_677_000_000), "date_form"),
    "from-hour": (good(validFrom="2023-02-25T25:00:00Z"), "date_form"),
    "until-words": (good(validUntil="tomorrow"), "date_form"),
    "ends-first": (
        good(validFrom="2026-01-02T00:00:00Z", validUntil="2026-01-01T00:00:00Z"),
        "date_order",
    ),
    "ends-first-by-zone": (
        good(validFrom="2026-01-01T00:00:00-02:00", validUntil="2026-01-01T01:00:00Z"),
        "date_order",
    ),
    "old-date": (good(issuanceDate="2026-01-01T00:00:00Z"), "old_term"),
    **{
        f"{name}-untyped": (good(**{name: {"id": "urn:a"}}), "type_needed")
        for name in (*TYPED, "refreshService")
    },
    **{f"{name}-text": (good(**{name: "urn:a"}), "type_needed") for name in TYPED},
    "status-id": (
        good(credentialStatus={"type": "urn:t", "id": ["urn:a", "urn:b"]}),
        "id_url",
    ),
    "schema-no-id": (good(credentialSchema={"type": "JsonSchema"}), "id_missing"),
    "schema-id": (
        good(credentialSchema={"type": "JsonSchema", "id": "https ://no"}),
        "id_url",
    ),
    "entry-no-purpose": (entry(statusPurpose=None), "status_purpose"),
    "entry-index-number": (entry(statusListIndex=7), "status_index"),
    "entry-index-negative": (entry(statusListIndex="-1"), "status_index"),
    "entry-index-words": (entry(statusListIndex="seven"), "status_index"),
    "entry-no-list": (entry(statusListCredential=None), "status_list_url"),
    "entry-id-is-list": (entry(id="https://example.com/status/1"), "status_id"),
    "entry-size": (entry(statusSize=0), "status_size"),
    "entry-no-messages": (entry(statusSize=2), "status_message"),
    "entry-reference": (entry(statusReference="nowhere"), "status_reference"),
    "resource-text": (good(relatedResource=["urn:a"]), "resource_form"),
    "resource-no-id": (resource(digestSRI=SRI), "id_missing"),
    "resource-no-digest": (resource(id=V2), "resource_digest"),
    "resource-twice": (
        good(relatedResource=[{"id": "urn:a", "digestSRI": SRI}] * 2),
        "resource_twice",
    ),
    "resource-other-text": (resource(id=V2, digestSRI=OTHER_SRI), "resource_changed"),
    "resource-base64url": (
        resource(id=V2, digestSRI=SRI.replace("/", "_")),
        "resource_digest",
    ),
    "resource-multibase": (
        resource(id=V2, digestMultibase="uAAAA"),
        "resource_digest",
    ),
    "list-no-type": (
        good(
            type=["VerifiableCredential", "BitstringStatusListCredential"],
            credentialSubject={"statusPurpose": "revocation", "encodedList": "uA"},
        ),
        "list_type",
    ),
    "list-encoding": (
        good(
            type=["VerifiableCredential", "BitstringStatusListCredential"],
            credentialSubject={
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": "H4sI",
            },
        ),
        "list_encoding",
    ),
    "v1-no-date": (good(**{"@context": [V1]}), "date_missing"),
    "v1-date": (
        good(**{"@context": [V1], "issuanceDate": "2020-03-16"}),
        "date_form",
    ),
}

#: What every rule of form allows and JSON-LD does not: it means nothing, in part.
MEANINGLESS: dict[str, Document] = {
    "undefined-term": good(undefinedTerm="x"),
    "undefined-claim": good(credentialSubject={"id": "urn:a", "undefinedClaim": "x"}),
    "undefined-type": good(type=["VerifiableCredential", "UndefinedCredential"]),
    "unknown-context": context("https://example.com/contexts/v1"),
    "redefined-type": context({"VerifiableCredential": "https://example.com/#Bad"}),
    "relative-id": good(credentialSubject={"id": "urn:a", "image": {"id": "a.png"}}),
    "unknown-keyword": good(**{"@unknown": "x"}),
}

#: What is no more wrong than it looks, and has to be signed.
UNUSUAL: dict[str, Document] = {
    "names-in-languages": good(
        name=[
            {"@value": "Dog", "@language": "en"},
            {"@value": "Chien", "@language": "fr", "@direction": "ltr"},
        ]
    ),
    "several-subjects": good(credentialSubject=[{"id": "urn:a"}, {"name": "B"}]),
    "far-future": good(validFrom="9999-12-31T23:59:59Z"),
    "midnight-as-24": good(validUntil="2026-12-31T24:00:00Z"),
    "offsets": good(validFrom="2023-02-25T19:10:39-06:00"),
    "digest-of-context": resource(id=V2, digestSRI=SRI),
    "digest-of-another": resource(id="https://example.com/a.png", digestSRI=OTHER_SRI),
    "terms-of-its-own": good(
        **{"@context": [V2, {"Own": "https://example.com/#Own"}]},
        type=["VerifiableCredential", "Own"],
    ),
    "type-is-a-url": good(type=["https://example.com/#Own", "VerifiableCredential"]),
    "letters": good(credentialSubject={"id": "urn:a", "name": "Ωμέγα 🐙 \u202e x"}),
}


def each(change: Callable[[Document], Document]) -> list[Document]:
    """Return every malformed document after *change*."""
    return [change(copy.deepcopy(document)) for document, _ in MALFORMED.values()]
