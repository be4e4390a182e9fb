"""
The signature record: a page that says who signed a document, when and from where.

It is made once all have signed, of what is in the tables, so it can be made at any
time afterwards and says the same. A document that brought no signature of its own
gets it as its last page; one that did is left as it is, and the record stands alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from testamur.core.clock import Clock, rfc3339
from testamur.core.papers import (
    Document,
    DocumentStatus,
    FileKind,
    SignatureRequest,
    Version,
)
from testamur.core.refusals import Fault

from .ports import Bytes, Papers, Record

#: How many documents are looked for at once.
AT_ONCE = 20


@dataclass(frozen=True)
class Recorder:
    """Makes signature records."""

    papers: Papers
    blobs: Bytes
    record: Record
    #: The address of the page on which a document (its UUID) can be checked.
    page_of: Callable[[str], str]
    clock: Clock

    def catch_up(self) -> Sequence[Fault]:
        """Make the records that are missing; return why some could not be made."""
        troubles, last = [], 0
        while waiting := self.papers.unrecorded(last, AT_ONCE):
            for document_id in waiting:
                try:
                    self.ensure(document_id)
                except Fault as trouble:
                    troubles.append(trouble)
            last = waiting[-1]
        return troubles

    def ensure(self, document_id: int) -> None:
        """
        Have a signed document have its record; others are left alone.

        After a crash: run it again. Files that nothing names may stay behind.

        Raises:
            Fault: passing, when it cannot be made at present.
        """
        found = self.papers.whole(document_id)
        if found is None:
            return
        document, tenant_name = found
        if document.status is not DocumentStatus.SIGNED or document.record_digest:
            return
        requests = self.papers.requests(document_id)
        newest = self.papers.versions(document_id)[-1]
        # What the institution sealed is not touched any more.
        can_append = newest.kind is FileKind.ORIGINAL
        with self.blobs.open(newest.digest) as file:
            data = file.read()
        said = record_of(
            document, tenant_name, requests, newest, self.page_of(document.uuid)
        )
        made = self.record(said, data if can_append else b"")
        now = self.clock()
        with self.papers.changing() as changes:
            current = changes.document(document.tenant_id, document_id)
            if current is None or current.record_digest:
                return  # somebody else made it meanwhile
            if _who(changes.requests(document_id)) != _who(requests):
                return  # one was erased meanwhile, and this names them: made later
            # Not before: what names somebody who was erased must not be kept.
            record_digest = self.blobs.put(made.record)
            digest = self.blobs.put(made.document) if made.document else None
            is_same = changes.versions(document_id)[-1].digest == newest.digest
            if digest is not None and made.document is not None and is_same:
                changes.add_version(
                    document_id, FileKind.RECORDED, digest, len(made.document), now
                )
            changes.change_document(
                replace(current, record_digest=record_digest, updated_at=now)
            )


def _who(requests: Sequence[SignatureRequest]) -> list[tuple[str, str, str | None]]:
    return [(one.name, one.email, one.typed_name) for one in requests]


def record_of(
    document: Document,
    tenant_name: str,
    requests: Sequence[SignatureRequest],
    version: Version,
    url: str,
) -> Mapping[str, Any]:
    """Return what the record says, as data; its words belong to who draws it."""
    return {
        "tenant": tenant_name,
        "document": document.description,
        "id": document.uuid,
        "digest": version.digest,
        "size": version.size,
        "url": url,
        "signed_at": document.signed_at,
        "signatures": [
            {
                "name": one.name,
                "email": one.email,
                "typed_name": one.typed_name,
                "signed_at": rfc3339(one.signed_at or 0),
                "client": one.client,
                "user_agent": one.user_agent,
                "digest": one.seen_digest,
            }
            for one in requests
            if one.signed_at is not None
        ],
    }
