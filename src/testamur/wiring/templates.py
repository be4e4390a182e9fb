"""Templates: read, kept, chosen, prepared."""

from collections.abc import Sequence
from dataclasses import dataclass

from testamur.core.words import Template, TemplateUse, TemplateVersion

from .office import Office


@dataclass(frozen=True)
class Templates:
    """What is done with templates in an office."""

    office: Office

    def add(
        self,
        tenant_id: str,
        name: str | None,
        data: bytes,
        *,
        by: str,
        later: bool = False,
    ) -> tuple[TemplateVersion, bool]:
        """
        Keep a package (ZIP or JSON) as the newest version of the tenant's template
        of this *name* (None: the package's own); make the template if it is new.

        It is prepared at once, and refused if it cannot be drawn; or, if *later*,
        when it is first needed. Return the version, and whether it is a new one: an
        identical package makes none.

        Raises:
            Refusal: INVALID or TOO_LARGE, naming every fault by its JSON path.
        """
        raise NotImplementedError

    def new_version(
        self,
        tenant_id: str,
        template_id: str,
        data: bytes,
        *,
        by: str,
        later: bool = False,
    ) -> tuple[TemplateVersion, bool]:
        """Keep a package as the newest version of one template; as `add` does."""
        raise NotImplementedError

    def choose(self, tenant_id: str, wish: str) -> TemplateUse:
        """
        Return what a job uses when its owner asks for *wish*: a template's id or
        name, or that of one that comes with Testamur; `@` and a number after it
        means that version, else the newest.

        Raises:
            Refusal: NOT_FOUND `template_not_found`, INVALID `template_broken`.
        """
        raise NotImplementedError

    def prepared(self, version_id: int) -> str:
        """
        Return the SHA-256 of the prepared template, which is in the blob store.

        Raises:
            Refusal: INVALID `template_broken`, when it cannot be drawn.
            Fault: passing, when it cannot be prepared now.
        """
        raise NotImplementedError

    def listing(
        self, tenant_id: str, *, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of what the tenant may use, and how many there are."""
        raise NotImplementedError

    def find(self, tenant_id: str, template_id: str) -> Template:
        """Return a template, or refuse: NOT_FOUND `template_not_found`."""
        raise NotImplementedError

    def archive(self, tenant_id: str, template_id: str, *, by: str) -> None:
        """Offer a template of the tenant's no more, or refuse."""
        raise NotImplementedError
