"""The command line's verbs for templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from testamur.core.words import Template, TemplateVersion

from .office import Office
from .templates import Templates


@dataclass(frozen=True)
class OfficeTemplates:
    """`cli.house.TemplateDesk` on an open office."""

    office: Office
    by: str

    def listing(
        self, slug: str, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of what a tenant may use, and how many there are."""
        return self._templates.listing(self._id(slug), page=page, limit=limit)

    def named(self, slug: str, wish: str) -> tuple[Template, TemplateVersion]:
        """Return a template and its newest version, or the one wished for."""
        return self._templates.named(self._id(slug), wish)

    def add(
        self, slug: str, name: str | None, data: bytes, *, is_pdf: bool
    ) -> tuple[Template, TemplateVersion, bool]:
        """Keep a package, or what a PDF comes to; say whether it is new."""
        tenant_id = self._id(slug)
        warnings: Sequence[str] = ()
        if is_pdf:
            data, warnings = self._templates.from_pdf(data, name)
        version, is_new = self._templates.add(
            tenant_id, name, data, by=self.by, warnings=warnings
        )
        template = self._templates.find(tenant_id, version.template_id)
        return template, version, is_new

    def package(self, slug: str, wish: str) -> bytes:
        """Return the ZIP that a template was read from."""
        _, version = self.named(slug, wish)
        return self._templates.package(version)

    def preview(
        self, slug: str, wish: str, kind: str, values: Mapping[str, str]
    ) -> bytes:
        """Return a sample certificate as `pdf` or `png`."""
        template, version = self.named(slug, wish)
        tenant = self.office.tenants.find(slug)
        said = {"issuerName": tenant.name, **values}
        return self._templates.preview(
            tenant.id, template.id, kind, number=version.number, values=said
        )

    def archive(self, slug: str, wish: str) -> Template:
        """Offer a template no more."""
        template, _ = self.named(slug, wish)
        self._templates.archive(self._id(slug), template.id, by=self.by)
        return template

    @property
    def _templates(self) -> Templates:
        return self.office.templates

    def _id(self, slug: str) -> str:
        return self.office.tenants.find(slug).id
