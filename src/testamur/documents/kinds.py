"""Document types: made, changed and removed."""

from dataclasses import dataclass, replace

from testamur.core.clock import Clock
from testamur.core.lists import Query
from testamur.core.papers import DocumentType, Listing, TypeFields

from .ports import Papers
from .refusals import conflict, not_found


@dataclass(frozen=True)
class Kinds:
    """The verbs of document types."""

    papers: Papers
    clock: Clock

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return document types of the tenant's."""
        return self.papers.kinds(tenant_id, query)

    def find(self, tenant_id: str, type_id: int) -> DocumentType:
        """Return one, or refuse: NOT_FOUND."""
        found = self.papers.kind(tenant_id, type_id)
        if found is None:
            raise not_found("document type")
        return found

    def create(self, tenant_id: str, fields: TypeFields) -> DocumentType:
        """Keep a new one."""
        now = self.clock()
        kind = DocumentType(
            id=0,
            tenant_id=tenant_id,
            description=fields.description or "",
            signed_by_third=fields.signed_by_third is not False,
            multiples_third_signers=fields.multiples_third_signers is not False,
            indexers=fields.indexers or (),
            created_at=now,
            updated_at=now,
        )
        with self.papers.changing() as changes:
            return replace(kind, id=changes.add_kind(kind))

    def change(self, tenant_id: str, type_id: int, fields: TypeFields) -> DocumentType:
        """
        Keep what is said of one; documents that have it stay as they are.

        Raises:
            Refusal: NOT_FOUND.
        """
        said = {
            name: value
            for name in TypeFields.__slots__
            if (value := getattr(fields, name)) is not None
        }
        with self.papers.changing() as changes:
            kind = changes.kind(tenant_id, type_id)
            if kind is None:
                raise not_found("document type")
            kind = replace(kind, **said, updated_at=self.clock())
            changes.change_kind(kind)
        return kind

    def remove(self, tenant_id: str, type_id: int) -> None:
        """
        Remove one.

        Raises:
            Refusal: NOT_FOUND; CONFLICT `type_in_use`, when documents have it.
        """
        with self.papers.changing() as changes:
            if changes.kind(tenant_id, type_id) is None:
                raise not_found("document type")
            if not changes.remove_kind(type_id):
                raise conflict(
                    "type_in_use",
                    "Documents have this type. Delete them first.",
                    at="document_type_id",
                )
