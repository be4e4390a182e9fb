"""Templates and their versions: what certificates look like."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from testamur.core.ids import new_id
from testamur.core.words import (
    Template,
    TemplateAbout,
    TemplateState,
    TemplateVersion,
)

from .audit import append
from .database import Database
from .schema import template_versions, templates, tenants

#: Both engines spell it so; SQLAlchemy has one construct for each.
ADD_OF_HOUSE = text("""
    INSERT INTO templates (id, tenant_id, name, made_at)
    VALUES (:id, NULL, :name, :made_at) ON CONFLICT (id) DO NOTHING
""")

FILES = text("""
    SELECT package_digest FROM template_versions
    UNION
    SELECT prepared_digest FROM template_versions WHERE prepared_digest IS NOT NULL
    UNION
    SELECT prefix_digest FROM prints WHERE prefix_digest IS NOT NULL
""")

#: What a query selects to make a version of.
VERSION: Sequence[Any] = (
    template_versions.c.id.label("version_id"),
    template_versions.c.template_id,
    template_versions.c.number,
    template_versions.c.package_digest,
    template_versions.c.prepared_digest,
    template_versions.c.state,
    template_versions.c.code,
    template_versions.c.message,
    template_versions.c.made_at.label("version_made_at"),
    template_versions.c.about,
)


class SqlTemplates:
    """
    The templates in the tables of *database*.

    Every method is one transaction. A change and its entry in the audit log are
    made together, or not at all. Who *tenant_id* is sees its own templates and
    those that come with Testamur; another tenant's are not there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- What there is ---

    def listing(
        self, tenant_id: str, *, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """
        Return one page of what a tenant may use, and how many there are.

        Its own come first, the newest first; then those of the house.
        """
        usable = and_(_visible_to(tenant_id), templates.c.archived_at.is_(None))
        query = (
            _with_newest()
            .where(usable)
            .order_by(
                templates.c.tenant_id.is_(None),
                templates.c.made_at.desc(),
                templates.c.id.desc(),
            )
            .limit(limit)
            .offset((page - 1) * limit)
        )
        count = select(func.count()).select_from(templates).where(usable)
        with self._database.reading() as connection:
            found = [_template(row) for row in connection.execute(query)]
            return found, int(connection.scalar(count) or 0)

    def find(self, tenant_id: str, template_id: str) -> Template | None:
        """Return a template, archived or not, with its newest version."""
        return self._one(
            _with_newest().where(templates.c.id == template_id, _visible_to(tenant_id))
        )

    def of_house(self, template_id: str) -> Template | None:
        """Return a template that comes with Testamur."""
        return self._one(
            _with_newest().where(
                templates.c.id == template_id, templates.c.tenant_id.is_(None)
            )
        )

    def by_name(self, tenant_id: str, name: str) -> Template | None:
        """Return the template of exactly this name that is the tenant's own."""
        return self._one(
            _with_newest().where(
                templates.c.tenant_id == tenant_id,
                templates.c.name == name,
                templates.c.archived_at.is_(None),
            )
        )

    def names(self, tenant_id: str, limit: int) -> Sequence[str]:
        """Return the names of templates that a tenant may use, as lists begin."""
        found, _ = self.listing(tenant_id, page=1, limit=limit)
        return [one.name for one in found]

    def versions(self, template_id: str) -> Sequence[TemplateVersion]:
        """Return every version of a template, the newest first."""
        query = (
            select(*VERSION)
            .where(template_versions.c.template_id == template_id)
            .order_by(template_versions.c.number.desc())
        )
        with self._database.reading() as connection:
            return [_version(row) for row in connection.execute(query)]

    def version(self, template_id: str, number: int) -> TemplateVersion | None:
        """Return a version of a template by its number."""
        return self._version_where(
            and_(
                template_versions.c.template_id == template_id,
                template_versions.c.number == number,
            )
        )

    def version_by_id(self, version_id: int) -> TemplateVersion | None:
        """Return the version that a job uses."""
        return self._version_where(template_versions.c.id == version_id)

    def prepared_of(self, package_digest: str) -> str | None:
        """Return what was made of the same package before, whosever it was."""
        query = (
            select(template_versions.c.prepared_digest)
            .where(
                template_versions.c.package_digest == package_digest,
                template_versions.c.prepared_digest.is_not(None),
            )
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalar(query)

    # --- Changes ---

    def save(
        self,
        tenant_id: str,
        name: str,
        package_digest: str,
        about: TemplateAbout,
        at: int,
        *,
        by: str,
    ) -> tuple[TemplateVersion, bool]:
        """
        Have a package be the newest version of the tenant's template *name*.

        Return that version, and whether it was made: the package that the newest
        version has already makes none.
        """
        [saved] = self.save_all(tenant_id, [(name, package_digest, about)], at, by=by)
        return saved

    def save_all(
        self,
        tenant_id: str,
        packages: Sequence[tuple[str, str, TemplateAbout]],
        at: int,
        *,
        by: str,
    ) -> Sequence[tuple[TemplateVersion, bool]]:
        """Do as `save` for each name, digest and what it is about; all or nothing."""
        with self._database.writing() as connection:
            # On PostgreSQL, who is first makes the others wait here; SQLite has
            # one writer anyway.
            connection.execute(
                select(tenants.c.id).where(tenants.c.id == tenant_id)
                .with_for_update()
            )  # fmt: skip
            saved = []
            for name, digest, about in packages:
                template_id = _named(connection, tenant_id, name, at)
                saved.append(
                    _add_version(
                        connection, tenant_id, template_id, digest, about, at, by
                    )
                )
            return saved

    def save_of_house(
        self,
        template_id: str,
        name: str,
        package_digest: str,
        about: TemplateAbout,
        at: int,
    ) -> tuple[TemplateVersion, bool]:
        """Have a package be the newest version of a template of the house."""
        values = {"id": template_id, "name": name, "made_at": at}
        with self._database.writing() as connection:
            connection.execute(ADD_OF_HOUSE, values)
            return _add_version(
                connection, None, template_id, package_digest, about, at, "house"
            )

    def add_version(
        self,
        template: Template,
        package_digest: str,
        about: TemplateAbout,
        at: int,
        *,
        by: str,
    ) -> tuple[TemplateVersion, bool]:
        """Have a package be the newest version of *template*; as `save` does."""
        with self._database.writing() as connection:
            return _add_version(
                connection,
                template.tenant_id,
                template.id,
                package_digest,
                about,
                at,
                by,
            )

    def archive(self, template: Template, at: int, *, by: str) -> None:
        """Offer the template no more; no change if it is archived already."""
        change = (
            update(templates)
            .where(templates.c.id == template.id, templates.c.archived_at.is_(None))
            .values(archived_at=at)
        )
        with self._database.writing() as connection:
            if connection.execute(change).rowcount:
                append(
                    connection,
                    at=at,
                    tenant_id=template.tenant_id,
                    actor=by,
                    act="template.archived",
                    subject=template.id,
                    detail={"versions": template.newest.number},
                )

    # --- Preparing ---

    def waiting(self, limit: int) -> Sequence[TemplateVersion]:
        """Return versions that nobody prepared yet, the oldest first."""
        query = (
            select(*VERSION)
            .where(template_versions.c.state == TemplateState.WAITING)
            .order_by(template_versions.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [_version(row) for row in connection.execute(query)]

    def record_prepared(
        self, version_id: int, digest: str, about: TemplateAbout | None = None
    ) -> None:
        """Keep what was made of a waiting version; the first to do so wins."""
        values = {"state": TemplateState.READY, "prepared_digest": digest}
        if about is not None:  # more is known of it now
            values["about"] = _spelt(about)
        self._settle(version_id, values)

    def record_broken(self, version_id: int, code: str, message: str) -> None:
        """Keep why a waiting version cannot be drawn."""
        self._settle(
            version_id,
            {"state": TemplateState.BROKEN, "code": code, "message": message},
        )

    def files(self) -> set[str]:
        """Return the digest of every file that any version, or print, needs."""
        with self._database.reading() as connection:
            return set(connection.execute(FILES).scalars())

    def _settle(self, version_id: int, values: Mapping[str, Any]) -> None:
        change = (
            update(template_versions)
            .where(
                template_versions.c.id == version_id,
                template_versions.c.state == TemplateState.WAITING,
            )
            .values(**values)
        )
        with self._database.writing() as connection:
            connection.execute(change)

    def _one(self, query: Select[Any]) -> Template | None:
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _template(row)

    def _version_where(self, condition: ColumnElement[bool]) -> TemplateVersion | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*VERSION).where(condition)).one_or_none()
        return None if row is None else _version(row)


def _visible_to(tenant_id: str) -> ColumnElement[bool]:
    return or_(templates.c.tenant_id == tenant_id, templates.c.tenant_id.is_(None))


def _with_newest() -> Select[Any]:
    """Return what selects templates, each beside its newest version."""
    later = template_versions.alias()
    return (
        select(templates, *VERSION)
        .join(template_versions, template_versions.c.template_id == templates.c.id)
        .where(
            ~exists().where(
                later.c.template_id == templates.c.id,
                later.c.number > template_versions.c.number,
            )
        )
    )


def _named(connection: Connection, tenant_id: str, name: str, at: int) -> str:
    """Return the id of the tenant's template *name*, made if it is new."""
    template_id = connection.scalar(
        select(templates.c.id).where(
            templates.c.tenant_id == tenant_id,
            templates.c.name == name,
            templates.c.archived_at.is_(None),
        )
    )
    if template_id is None:
        template_id = new_id()
        connection.execute(
            insert(templates).values(
                id=template_id, tenant_id=tenant_id, name=name, made_at=at
            )
        )
    return template_id


def _add_version(
    connection: Connection,
    tenant_id: str | None,
    template_id: str,
    package_digest: str,
    about: TemplateAbout,
    at: int,
    by: str,
) -> tuple[TemplateVersion, bool]:
    """Add a version unless the newest one is the same; say whether it was added."""
    connection.execute(
        select(templates.c.id).where(templates.c.id == template_id).with_for_update()
    )
    query = (
        select(*VERSION)
        .where(template_versions.c.template_id == template_id)
        .order_by(template_versions.c.number.desc())
        .limit(1)
    )
    newest = connection.execute(query).one_or_none()
    if newest is not None and newest.package_digest == package_digest:
        return _version(newest), False
    number = 1 if newest is None else newest.number + 1
    connection.execute(
        insert(template_versions).values(
            template_id=template_id,
            number=number,
            package_digest=package_digest,
            state=TemplateState.WAITING,
            about=_spelt(about),
            made_at=at,
        )
    )
    added = _version(connection.execute(query).one())
    append(
        connection,
        at=at,
        tenant_id=tenant_id,
        actor=by,
        act="template.version",
        subject=template_id,
        detail={"number": number, "package": package_digest},
    )
    return added, True


def _spelt(about: TemplateAbout) -> str:
    return orjson.dumps(asdict(about)).decode()


def _template(row: Row[Any]) -> Template:
    return Template(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        made_at=row.made_at,
        archived_at=row.archived_at,
        newest=_version(row),
    )


def _version(row: Row[Any]) -> TemplateVersion:
    about = orjson.loads(row.about)
    about["columns"] = tuple(about["columns"])
    about["warnings"] = tuple(about["warnings"])
    return TemplateVersion(
        id=row.version_id,
        template_id=row.template_id,
        number=row.number,
        package_digest=row.package_digest,
        prepared_digest=row.prepared_digest,
        state=TemplateState(row.state),
        code=row.code,
        message=row.message,
        made_at=row.version_made_at,
        about=TemplateAbout(**about),
    )
