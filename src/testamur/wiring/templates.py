"""Templates: read, kept, chosen, prepared, and shown before they are used."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from testamur.adapters.sql.templates import SqlTemplates
from testamur.core.ids import is_id
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.text import nfc, quoted, text_problem, trim
from testamur.core.words import (
    Template,
    TemplateAbout,
    TemplateState,
    TemplateUse,
    TemplateVersion,
)
from testamur.rendering.package.package import Package, read_package
from testamur.rendering.package.schema import TEMPLATE_SCHEMA
from testamur.rendering.text.font_house import house

from .gallery import Registered, register
from .office import Office
from .template_samples import checked, drawn

if TYPE_CHECKING:
    from testamur.rendering.preparation import Preparation

MAX_NAME_CHARACTERS = 255

#: A name or an id, and one version of it.
NUMBERED = re.compile(r"(.+)@([1-9][0-9]{0,8})", re.DOTALL)

#: How many names are listed to who asked for one that is not there.
LISTED_NAMES = 12

#: So many may wait for the one process that reads what strangers sent; whoever comes
#: then would only keep a thread from others.
MOST_AT_ONCE = 8


@dataclass(frozen=True)
class Templates:
    """What is done with templates in an office."""

    office: Office

    # --- Changes ---

    def add(
        self,
        tenant_id: str,
        name: str | None,
        data: bytes,
        *,
        by: str,
        later: bool = False,
        warnings: Sequence[str] = (),
    ) -> tuple[TemplateVersion, bool]:
        """
        Keep a package (ZIP or JSON) as the newest version of the tenant's template
        of this *name* (None: the package's own); make the template if it is new.

        It is prepared at once, and refused if it cannot be drawn; or, if *later*,
        when it is first needed. Return the version, and whether it is a new one: an
        identical package makes none. *warnings* are kept with it, and what preparing
        it adds to them.

        Raises:
            Refusal: INVALID or TOO_LARGE, naming every fault by its JSON path.
        """
        package = self._read(data)
        name = _checked_name(package.design.name if name is None else name)
        known = self._store.by_name(tenant_id, name)
        newest = None if known is None else known.newest
        packed, made = self._made_ready(package, newest, later)
        version, is_new = self._store.save(
            tenant_id,
            name,
            self.office.blobs.put(packed),
            _about(package, warnings, made),
            self.office.clock(),
            by=by,
        )
        return self._settled(version, made), is_new

    def add_all(
        self, tenant_id: str, packages: Sequence[tuple[str, bytes]], *, by: str
    ) -> Sequence[TemplateVersion]:
        """
        Keep packages under their names as `add` does, all at once.

        Each is prepared when it is first needed. What looks the same is read once.

        Raises:
            Refusal: INVALID or TOO_LARGE: none was kept.
        """
        read: dict[bytes, tuple[str, TemplateAbout]] = {}
        for _, data in packages:
            if data not in read:
                package = self._read(data)
                digest = self.office.blobs.put(package.packed)
                read[data] = digest, _about(package, (), None)
        saved = self._store.save_all(
            tenant_id,
            [(_checked_name(name), *read[data]) for name, data in packages],
            self.office.clock(),
            by=by,
        )
        return [version for version, _ in saved]

    def new_version(
        self,
        tenant_id: str,
        template_id: str,
        data: bytes,
        *,
        by: str,
        later: bool = False,
        warnings: Sequence[str] = (),
    ) -> tuple[TemplateVersion, bool]:
        """
        Keep a package as the newest version of one template; as `add` does.

        Raises:
            Refusal: NOT_FOUND `template_not_found`, also for an archived one; and
                what `add` refuses.
        """
        template = self._own(tenant_id, template_id)
        if template.archived_at is not None:
            raise self._not_found(tenant_id, template_id, is_archived=True)
        package = self._read(data)
        packed, made = self._made_ready(package, template.newest, later)
        version, is_new = self._store.add_version(
            template,
            self.office.blobs.put(packed),
            _about(package, warnings, made),
            self.office.clock(),
            by=by,
        )
        return self._settled(version, made), is_new

    def archive(self, tenant_id: str, template_id: str, *, by: str) -> None:
        """
        Offer a template of the tenant's no more. Jobs that have it keep it.

        Raises:
            Refusal: NOT_FOUND `template_not_found`; NOT_ALLOWED for those of the
                house.
        """
        template = self._own(tenant_id, template_id)
        self._store.archive(template, self.office.clock(), by=by)

    def from_pdf(self, data: bytes, name: str | None) -> tuple[bytes, Sequence[str]]:
        """
        Return the package that a PDF with `{{placeholders}}` comes to, and warnings.

        Raises:
            Refusal: INVALID or TOO_LARGE, with what to change in the PDF.
        """
        with self._turn():
            return self.office.typesetting.package_of(data, name or "")

    # --- What there is ---

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of `template.json`."""
        return TEMPLATE_SCHEMA

    def listing(
        self, tenant_id: str, *, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """
        Return one page of what the tenant may use, and how many there are.

        Its own come first, the newest first; then those that come with Testamur.
        """
        self._register()
        return self._store.listing(tenant_id, page=page, limit=limit)

    def find(self, tenant_id: str, template_id: str) -> Template:
        """Return a template, or refuse: NOT_FOUND `template_not_found`."""
        self._register()
        found = None
        if is_id(template_id):
            found = self._store.find(tenant_id, template_id)
        if found is None:
            raise self._not_found(tenant_id, template_id)
        return found

    def named(self, tenant_id: str, wish: str) -> tuple[Template, TemplateVersion]:
        """Return what `choose` would, as a template and a version; usable or not."""
        self._register()
        template = self._wished(tenant_id, wish)
        if template is not None:
            return template, template.newest
        numbered = NUMBERED.fullmatch(wish)
        template = self._wished(tenant_id, numbered[1]) if numbered else None
        if numbered is None or template is None:
            raise self._not_found(tenant_id, wish)
        return template, self._version(template, int(numbered[2]))

    def version(
        self, tenant_id: str, template_id: str, number: int | None
    ) -> tuple[Template, TemplateVersion]:
        """Return a version of a template (None: the newest), or refuse."""
        template = self.find(tenant_id, template_id)
        if number is None:
            return template, template.newest
        return template, self._version(template, number)

    def versions(self, tenant_id: str, template_id: str) -> Sequence[TemplateVersion]:
        """Return every version of a template, the newest first, or refuse."""
        return self._store.versions(self.find(tenant_id, template_id).id)

    def package(self, version: TemplateVersion) -> bytes:
        """Return the ZIP that a version was read from."""
        with self.office.blobs.open(version.package_digest) as file:
            return file.read()

    # --- Use ---

    def choose(self, tenant_id: str, wish: str) -> TemplateUse:
        """
        Return what a job uses when its owner asks for *wish*: a template's id or
        name, or that of one that comes with Testamur; `@` and a number after it
        means that version, else the newest.

        Raises:
            Refusal: NOT_FOUND `template_not_found`, INVALID `template_broken`.
        """
        _, version = self.named(tenant_id, wish)
        self.prepared(version.id)
        return version.use

    def prepared(self, version_id: int) -> str:
        """
        Return the SHA-256 of the prepared template, which is in the blob store.

        Raises:
            Refusal: INVALID `template_broken`, when it cannot be drawn.
            Fault: passing, when it cannot be prepared now.
        """
        version = self._store.version_by_id(version_id)
        if version is None:
            raise Fault(
                f"there is no version {version_id} of a template", passing=False
            )
        if version.state is TemplateState.WAITING:
            version = self._prepare(version)
        if version.prepared_digest is None:
            raise Refusal(
                Kind.INVALID,
                "template_broken",
                f"Version {version.number} of the template {version.template_id} "
                f"cannot be drawn: {version.message} Upload it again, mended.",
                at="template",
            )
        return version.prepared_digest

    def prepare_waiting(self, limit: int = 20) -> int:
        """Prepare versions that were kept for later; return how many were."""
        waiting = self._store.waiting(limit)
        for version in waiting:
            self._prepare(version)
        return len(waiting)

    def preview(
        self,
        tenant_id: str,
        template_id: str,
        kind: str,
        *,
        number: int | None = None,
        values: Mapping[str, str] | None = None,
    ) -> bytes:
        """
        Return a sample certificate as `pdf` or `png`, with *values* by column.

        Raises:
            Refusal: NOT_FOUND; INVALID `template_broken`, or what is wrong with a
                value (`glyph_missing`, `text_too_long`).
        """
        _, version = self.version(tenant_id, template_id, number)
        given = checked(values or {})
        with self._turn(), self.office.blobs.open(self.prepared(version.id)) as file:
            return drawn(
                file.read(),
                kind,
                about=version.about,
                values=given,
                now=self.office.clock(),
                url=self.office.public_url,
                typeset=self.office.typesetting,
            )

    def files(self) -> set[str]:
        """Return the digest of every file that any version, or print, needs."""
        return self._store.files()

    # --- How ---

    @cached_property
    def _store(self) -> SqlTemplates:
        return SqlTemplates(self.office.database)

    @cached_property
    def _gallery(self) -> Registered:
        return register(self._store, self.office.blobs, self.office.clock())

    @cached_property
    def _turns(self) -> threading.BoundedSemaphore:
        return threading.BoundedSemaphore(MOST_AT_ONCE)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(blocking=False):
            raise Refusal(
                Kind.TOO_OFTEN,
                "templates_busy",
                "Too many templates are being prepared at this moment. Send it again "
                "shortly.",
                retry_after_seconds=5,
            )
        try:
            yield
        finally:
            self._turns.release()

    def _register(self) -> None:
        """Have the templates that come with Testamur be in the database."""
        self._gallery  # noqa: B018 - once per process

    def _read(self, data: bytes) -> Package:
        families = house(self.office.settings.fonts).families()
        return read_package(data, families=families)

    def _made_ready(
        self, package: Package, newest: TemplateVersion | None, later: bool
    ) -> tuple[bytes, "Preparation | None"]:
        """Return the package anew; and prepared, if it has to be and is not yet."""
        packed = package.packed
        if later or (
            newest is not None
            and newest.package_digest == _digest(packed)
            and newest.state is not TemplateState.WAITING
        ):
            return packed, None
        with self._turn():
            return packed, self.office.typesetting.prepare(packed)

    def _settled(
        self, version: TemplateVersion, made: "Preparation | None"
    ) -> TemplateVersion:
        if made is None or version.state is not TemplateState.WAITING:
            return version
        digest = self.office.blobs.put(made.prepared.to_bytes())
        self._store.record_prepared(version.id, digest)
        return self._store.version_by_id(version.id) or version

    def _prepare(self, version: TemplateVersion) -> TemplateVersion:
        known = self._store.prepared_of(version.package_digest)
        if known is not None:  # the same bytes: hundreds of templates may share them
            self._store.record_prepared(version.id, known)
            return self._store.version_by_id(version.id) or version
        try:
            made = self.office.typesetting.prepare(self.package(version))
        except Refusal as refusal:
            self._store.record_broken(version.id, refusal.code, refusal.detail)
        else:
            warnings = (*version.about.warnings, *made.warnings)
            self._store.record_prepared(
                version.id,
                self.office.blobs.put(made.prepared.to_bytes()),
                replace(version.about, warnings=warnings),
            )
        return self._store.version_by_id(version.id) or version

    def _wished(self, tenant_id: str, wish: str) -> Template | None:
        found = None
        if is_id(wish):
            found = self._store.find(tenant_id, wish)
        if found is None:
            found = self._store.by_name(tenant_id, nfc(wish))
        if found is None:
            house_id = self._gallery.get(wish.casefold())
            found = None if house_id is None else self._store.of_house(house_id)
        if found is not None and found.archived_at is not None:
            raise self._not_found(tenant_id, wish, is_archived=True)
        return found

    def _own(self, tenant_id: str, template_id: str) -> Template:
        template = self.find(tenant_id, template_id)
        if template.tenant_id is None:
            raise Refusal(
                Kind.NOT_ALLOWED,
                "template_of_house",
                f"{quoted(template.name)} comes with the installation and stays as it "
                "is. Download its package, change that, and add it as your own.",
                at="id",
            )
        return template

    def _version(self, template: Template, number: int) -> TemplateVersion:
        found = self._store.version(template.id, number)
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "template_not_found",
                f"The template {quoted(template.name)} has no version {number}; its "
                f"newest is {template.newest.number}.",
                at="version",
            )
        return found

    def _not_found(
        self, tenant_id: str, wish: str, *, is_archived: bool = False
    ) -> Refusal:
        names = self._store.names(tenant_id, LISTED_NAMES + 1)
        there = "; ".join(names[:LISTED_NAMES]) if names else "none"
        if len(names) > LISTED_NAMES:
            there += "; and more"
        what = (
            "This template was archived."
            if is_archived
            else "You have no template of this id or name."
        )
        return Refusal(
            Kind.NOT_FOUND,
            "template_not_found",
            f"{what} There are: {there}.",
            at="template",
        )


def _checked_name(name: str) -> str:
    """
    Return the name that a template is kept under.

    Raises:
        Refusal: INVALID `template_name`.
    """
    name = nfc(trim(name))
    problem = text_problem(name, "name")
    if not name or len(name) > MAX_NAME_CHARACTERS or problem is not None:
        why = "" if problem is None else " " + problem.message
        raise Refusal(
            Kind.INVALID,
            "template_name",
            f"A template's name has 1 to {MAX_NAME_CHARACTERS} letters.{why}",
            at="name",
        )
    if is_id(name) or NUMBERED.fullmatch(name):
        raise Refusal(
            Kind.INVALID,
            "template_name",
            "A template's name must not look like an id, or end in @ and a number: "
            "jobs ask for templates that way.",
            at="name",
        )
    return name


def _about(
    package: Package, warnings: Sequence[str], made: "Preparation | None"
) -> TemplateAbout:
    found = (*warnings, *(made.warnings if made else ()))
    return replace(package.about, warnings=found)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
