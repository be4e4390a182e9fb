"""Tenants, keys, tokens and usage in the database."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from testamur.access.ports import JobUsage, Standing
from testamur.core.clock import DAY
from testamur.core.policy import PLANS, Plan
from testamur.core.refusals import Fault
from testamur.core.words import ApiKey, Caller, Tenant

from .audit import append
from .database import Database
from .schema import api_keys, tenants, tokens, usage

#: Both engines spell it so; SQLAlchemy has one construct for each.
ADD_TENANT = text(
    "INSERT INTO tenants (id, slug, name, plan, created_at) "
    "VALUES (:id, :slug, :name, :plan, :created_at) ON CONFLICT (slug) DO NOTHING"
)


class AccessStore:
    """
    Fits `Directory`, `Keyring`, `TokenRegister` and `Ledger`.

    Every method is one transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- Directory ---

    def add_tenant(self, tenant: Tenant, created_at: int, *, by: str) -> bool:
        """Add *tenant*; say whether its slug was free."""
        values = {
            "id": tenant.id,
            "slug": tenant.slug,
            "name": tenant.name,
            "plan": tenant.plan.name,
            "created_at": created_at,
        }
        with self._database.writing() as connection:
            if connection.execute(ADD_TENANT, values).rowcount != 1:
                return False
            detail = {"plan": tenant.plan.name}
            _note(
                connection,
                "tenant.create",
                tenant.id,
                tenant.id,
                created_at,
                by,
                detail,
            )
            return True

    def tenant_by_slug(self, slug: str) -> Tenant | None:
        """Return the tenant called *slug*, suspended or not."""
        query = select(tenants).where(tenants.c.slug == slug)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return tenant_of(row.id, row)

    def tenants(self) -> Sequence[Tenant]:
        """Return every tenant, by slug."""
        with self._database.reading() as connection:
            found = connection.execute(select(tenants).order_by(tenants.c.slug))
            return [tenant_of(row.id, row) for row in found]

    def suspend_tenant(self, tenant_id: str, moment: int, *, by: str) -> None:
        """Suspend the tenant as of *moment*."""
        self._welcome("tenant.suspend", tenant_id, moment, moment, by)

    def resume_tenant(self, tenant_id: str, moment: int, *, by: str) -> None:
        """Welcome the tenant again."""
        self._welcome("tenant.resume", tenant_id, moment, None, by)

    def show_addresses(
        self, tenant_id: str, shows: bool, moment: int, *, by: str
    ) -> None:
        """Have the tenant's later jobs name recipients by their address, or hash."""
        change = update(tenants).where(tenants.c.id == tenant_id)
        detail = {"recipients": "plain" if shows else "hashed"}
        with self._database.writing() as connection:
            connection.execute(change.values(shows_addresses=shows))
            _note(connection, "issuer.set", tenant_id, tenant_id, moment, by, detail)

    def _welcome(
        self, act: str, tenant_id: str, moment: int, since: int | None, by: str
    ) -> None:
        change = update(tenants).where(tenants.c.id == tenant_id)
        with self._database.writing() as connection:
            connection.execute(change.values(suspended_at=since))
            _note(connection, act, tenant_id, tenant_id, moment, by)

    # --- Keyring ---

    def add_key(self, key: ApiKey, digest: bytes, *, by: str) -> None:
        """Add *key*; its text is in nobody's store."""
        values = {
            "id": key.id,
            "tenant_id": key.tenant_id,
            "name": key.name,
            "digest": digest,
            "hint": key.hint,
            "scopes": _spell(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        with self._database.writing() as connection:
            connection.execute(insert(api_keys).values(values))
            _note(
                connection,
                "api_key.create",
                key.tenant_id,
                key.id,
                key.created_at,
                by,
                {"scopes": sorted(key.scopes)},
            )

    def keys_of(self, tenant_id: str) -> Sequence[ApiKey]:
        """Return the tenant's keys, the oldest first."""
        query = (
            select(api_keys)
            .where(api_keys.c.tenant_id == tenant_id)
            .order_by(api_keys.c.created_at, api_keys.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            ApiKey(
                id=row.id,
                tenant_id=row.tenant_id,
                name=row.name,
                hint=row.hint,
                scopes=_read(row.scopes),
                created_at=row.created_at,
                expires_at=row.expires_at,
                revoked_at=row.revoked_at,
            )
            for row in rows
        ]

    def revoke_key(self, tenant_id: str, key_id: str, moment: int, *, by: str) -> bool:
        """Revoke the tenant's key for ever; say whether there is such a key."""
        return self._revoke(api_keys, "api_key.revoke", tenant_id, key_id, moment, by)

    def key_standing(self, digest: bytes) -> Standing | None:
        """Return how the key with *digest* stands; None for no such key."""
        return self._standing(_standings(api_keys).where(api_keys.c.digest == digest))

    # --- TokenRegister ---

    def add_token(
        self,
        token_id: str,
        tenant_id: str,
        scopes: frozenset[str],
        created_at: int,
        expires_at: int,
        *,
        by: str,
    ) -> None:
        """Add a token, and forget those of the tenant that expired a day ago."""
        values = {
            "id": token_id,
            "tenant_id": tenant_id,
            "scopes": _spell(scopes),
            "created_at": created_at,
            "expires_at": expires_at,
        }
        stale = delete(tokens).where(
            tokens.c.tenant_id == tenant_id, tokens.c.expires_at < created_at - DAY
        )
        with self._database.writing() as connection:
            connection.execute(stale)
            connection.execute(insert(tokens).values(values))
            _note(
                connection,
                "token.create",
                tenant_id,
                token_id,
                created_at,
                by,
                {"scopes": sorted(scopes)},
            )

    def revoke_token(
        self, tenant_id: str, token_id: str, moment: int, *, by: str
    ) -> bool:
        """Revoke the tenant's token for ever; say whether there is such a token."""
        return self._revoke(tokens, "token.revoke", tenant_id, token_id, moment, by)

    def token_standing(self, token_id: str) -> Standing | None:
        """Return how the token stands; None for no such token."""
        return self._standing(_standings(tokens).where(tokens.c.id == token_id))

    # --- Ledger ---

    def used(self, tenant_id: str, since: int, until: int) -> Sequence[JobUsage]:
        """Return one entry per job of the tenant with usage in [since, until)."""
        is_earlier = usage.c.used_at < since
        jobs_of_period = select(usage.c.job_seq).where(
            usage.c.tenant_id == tenant_id,
            usage.c.used_at >= since,
            usage.c.used_at < until,
        )
        query = (
            select(
                usage.c.price_version,
                func.sum(case((is_earlier, usage.c.quantity), else_=0)).label("before"),
                func.sum(case((is_earlier, 0), else_=usage.c.quantity)).label("now"),
            )
            .where(usage.c.job_seq.in_(jobs_of_period), usage.c.used_at < until)
            .group_by(usage.c.job_seq, usage.c.price_version)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        # PostgreSQL sums BIGINT into NUMERIC.
        return [
            JobUsage(row.price_version, int(row.before), int(row.now)) for row in rows
        ]

    # --- shared by keys and tokens ---

    def _revoke(
        self, table: Table, act: str, tenant_id: str, id_: str, moment: int, by: str
    ) -> bool:
        change = (
            update(table)
            .where(table.c.id == id_, table.c.tenant_id == tenant_id)
            .values(revoked_at=func.coalesce(table.c.revoked_at, moment))
        )
        with self._database.writing() as connection:
            if connection.execute(change).rowcount != 1:
                return False
            if table is api_keys:  # tokens that were had for it
                theirs = update(tokens).where(tokens.c.key_id == id_)
                since = func.coalesce(tokens.c.revoked_at, moment)
                connection.execute(theirs.values(revoked_at=since))
            _note(connection, act, tenant_id, id_, moment, by)
            return True

    def _standing(self, query: Select[Any]) -> Standing | None:
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _standing_of(row)


def _note(
    connection: Connection,
    act: str,
    tenant_id: str,
    subject: str,
    moment: int,
    by: str,
    detail: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Add what happens to the audit log: it is not done unless it is noted."""
    append(
        connection,
        at=moment,
        tenant_id=tenant_id,
        actor=by,
        act=act,
        subject=subject,
        detail=detail,
    )


def _standings(table: Table) -> Select[Any]:
    """Return the query for keys or tokens together with their tenants."""
    return select(
        table.c.id,
        table.c.scopes,
        table.c.expires_at,
        table.c.revoked_at,
        tenants.c.id.label("tenant_id"),
        tenants.c.slug,
        tenants.c.name,
        tenants.c.plan,
        tenants.c.shows_addresses,
        tenants.c.suspended_at,
    ).join(tenants, tenants.c.id == table.c.tenant_id)


def _standing_of(row: Row[Any]) -> Standing:
    tenant = tenant_of(row.tenant_id, row)
    return Standing(
        Caller(tenant, row.id, _read(row.scopes)),
        row.expires_at,
        row.revoked_at,
        row.suspended_at,
    )


def tenant_of(tenant_id: str, row: Row[Any]) -> Tenant:
    """Make a tenant of a row that has its columns."""
    return Tenant(
        tenant_id, row.slug, row.name, _plan(row.plan), bool(row.shows_addresses)
    )


def _plan(name: str) -> Plan:
    try:
        return PLANS[name]
    except KeyError:
        raise Fault(
            f"a tenant has the plan {name!r}, which this Testamur does not know",
            passing=False,
        ) from None


def _spell(scopes: frozenset[str]) -> str:
    return " ".join(sorted(scopes))


def _read(scopes: str) -> frozenset[str]:
    return frozenset(scopes.split())
