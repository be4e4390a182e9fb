"""
What the signing page and the page of a signed document say.

All their words are here: another language is another `Words`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.papers import (
    Document,
    DocumentStatus,
    RequestStatus,
    SignatureRequest,
    SigningView,
    Version,
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of both pages in one language."""

    language: str = "en"
    direction: str = "ltr"
    title: str = "Sign a document"
    asks: str = "{who} asks for your signature"
    for_whom: str = "For {name}"
    document: str = "Document"
    until: str = "Can be signed until"
    open: str = "Read the document (PDF)"
    read_first: str = "Read it before you decide. It opens in a new tab."
    fingerprint: str = "Fingerprint of the file (SHA-256)"
    fingerprint_hint: str = (
        "Your signature is for exactly the file with this fingerprint."
    )
    decide: str = "Your decision"
    name: str = "Your name, as you sign"
    name_hint: str = "Type it in full. It is recorded with your signature."
    sign: str = "Sign"
    sign_hint: str = (
        "By pressing “Sign” you declare that you have read the document and sign it. "
        "Recorded with it: your name, the moment, your network address and the kind "
        "of your browser."
    )
    refuse_instead: str = "Refuse instead"
    reason: str = "Why do you refuse?"
    reason_hint: str = "{who} will read it. You need not say why."
    refuse: str = "Refuse"
    you_signed: str = "You have signed this document"
    you_refused: str = "You have refused to sign this document"
    recorded: str = "What was recorded"
    when: str = "When"
    signed_as: str = "Signed as"
    reason_given: str = "Reason"
    client: str = "From network address"
    browser: str = "With"
    seen: str = "File that was shown (SHA-256)"
    close: str = "You can close this page. It stays here for you to look at again."
    expired: str = "This request has expired"
    expired_hint: str = "Ask {who} to send it again. Its address stays the same."
    over: str = "This document does not need your signature any more"
    over_hint: str = "Somebody else has refused it, or it was settled without you."
    name_missing: str = "Type your name to sign."
    changed: str = (
        "There is a newer version of this document. Read it before you decide."
    )
    nothing: str = "There is nothing to sign here"
    nothing_hint: str = (
        "The address may have been copied in part, or the document was withdrawn. "
        "Open the link in the mail that you were sent."
    )
    colophon: str = "This page is meant for you alone: do not pass its address on."
    # The page of a signed document.
    check_title: str = "A signed document"
    check_heading: str = "Who signed this document"
    check_asked_by: str = "Signatures asked for by"
    check_state: str = "State"
    check_files: str = "Its files"
    check_files_hint: str = (
        "A file is this document if, and only if, its fingerprint is one of these."
    )
    original: str = "As it was shown to the signers"
    recorded_file: str = "With the signature record"
    sealed: str = "Signed by the institution"
    record: str = "The signature record alone"
    signatures: str = "Signatures"
    draft: str = "Nobody was asked yet"
    pending: str = "Not everybody has answered"
    signed: str = "Everybody has signed"
    refused: str = "A signer has refused"


ENGLISH = Words()


def day(moment: int | None) -> str:
    """Return a moment as people write a day and a time, in UTC."""
    if moment is None:
        return ""
    at = datetime.fromtimestamp(moment // 1_000, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def signing_fields(
    view: SigningView,
    *,
    action: str,
    problem: str | None = None,
    typed: Mapping[str, str] | None = None,
    words: Words = ENGLISH,
) -> dict[str, Any]:
    """Return what the signing page is made of; *action* is its own address."""
    who = view.tenant_name
    said = {one.name: getattr(words, one.name) for one in fields(words)}
    said = {name: text.replace("{who}", who) for name, text in said.items()}
    said["for_whom"] = said["for_whom"].replace("{name}", view.request.name)
    request = view.request
    status = request.status(view.now)
    state = "open"
    if status in (RequestStatus.SIGNED, RequestStatus.REFUSED):
        state = status.value
    elif view.document.status is not DocumentStatus.PENDING:
        state = "over"
    elif status is RequestStatus.EXPIRED:
        state = "expired"
    answered = request.signed_at or request.refused_at
    return {
        "words": said,
        "state": state,
        "who": who,
        "what": view.document.description,
        "until": day(request.expires_at),
        "until_at": rfc3339(request.expires_at or 0),
        "digest": view.version.digest,
        "action": action,
        "pdf": f"{action}/document.pdf",
        "problem": problem,
        "typed": {"name": "", "reason": "", **(typed or {})},
        "facts": [
            (words.when, day(answered), rfc3339(answered or 0)),
            (words.signed_as, request.typed_name, None),
            (words.reason_given, request.reason, None),
            (words.client, request.client, None),
            (words.browser, request.user_agent, None),
            (words.seen, request.seen_digest, None),
        ],
    }


def check_fields(
    document: Document,
    tenant_name: str,
    versions: Sequence[Version],
    requests: Sequence[SignatureRequest],
    words: Words = ENGLISH,
) -> dict[str, Any]:
    """Return what the page of a signed document is made of."""
    labels = {
        "original": words.original,
        "recorded": words.recorded_file,
        "sealed": words.sealed,
    }
    files = [(labels[one.kind.value], one.digest) for one in versions]
    if document.record_digest:
        files.append((words.record, document.record_digest))
    return {
        "words": {one.name: getattr(words, one.name) for one in fields(words)},
        "who": tenant_name,
        "what": document.description,
        "state": getattr(words, document.status.value),
        "files": files,
        "signatures": [
            {"name": one.typed_name or one.name, "when": day(one.signed_at)}
            for one in requests
            if one.signed_at is not None
        ],
    }
