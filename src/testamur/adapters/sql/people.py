"""
Users, their tries at passwords, and the tokens they log in for.

Fits `access.ports.People` and `access.ports.Sessions`. Every method is one
transaction. Whoever adds or ends tokens of a user locks that user first: nobody is
let in by a login that was under way when they were disabled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from testamur.access.ports import Known, Origin, Refresh
from testamur.core.clock import DAY
from testamur.core.words import Identity, NewToken, Tenant, User

from .access_store import tenant_of
from .audit import append
from .database import Database

USER = (
    "u.number, u.id, u.tenant_id, u.name, u.email, u.created_at, "
    "u.password_changed_at, u.disabled_at"
)

ADD_USER = text("""
    INSERT INTO users (id, tenant_id, name, email, address, hash, created_at,
      password_changed_at)
    VALUES (:id, :tenant, :name, :email, :address, :hash, :now, :now)
    ON CONFLICT (tenant_id, address) DO NOTHING RETURNING number
""")

USERS = text(
    f"SELECT {USER} FROM users u WHERE u.tenant_id = :tenant ORDER BY u.number"
)

KNOWN = f"""
    SELECT {USER.replace("u.name", "u.name AS user_name")}, u.hash, t.slug, t.name,
      t.plan, t.shows_addresses, t.suspended_at
    FROM users u JOIN tenants t ON t.id = u.tenant_id
    WHERE u.address = :address AND u.disabled_at IS NULL {{only}}
    ORDER BY u.number LIMIT 2
"""

DISABLE = text("""
    UPDATE users SET disabled_at = coalesce(disabled_at, :now)
    WHERE tenant_id = :tenant AND address = :address RETURNING id
""")

PUT_HASH = text("""
    UPDATE users SET hash = :hash, password_changed_at = :now, disabled_at = NULL
    WHERE tenant_id = :tenant AND address = :address RETURNING id
""")

# Not counted when there were too many: a pause ends by itself, however often is tried.
COUNT_TRY = text("""
    INSERT INTO login_tries (who, count, last_at) VALUES (:who, 1, :now)
    ON CONFLICT (who) DO UPDATE SET last_at = :now, count = CASE
      WHEN login_tries.last_at <= :before THEN 1 ELSE login_tries.count + 1 END
    WHERE login_tries.last_at <= :before OR login_tries.count < :most
    RETURNING count
""")
LAST_TRY = text("SELECT last_at FROM login_tries WHERE who = :who")
FORGET_TRIES = text("DELETE FROM login_tries WHERE who = :who")
FORGET_OLD_TRIES = text("DELETE FROM login_tries WHERE last_at <= :before")

ADD_TOKEN = text("""
    INSERT INTO tokens (id, tenant_id, scopes, created_at, expires_at, user_id, key_id,
      family)
    VALUES (:id, :tenant, :scopes, :created_at, :expires_at, :user, :key, :family)
""")

ADD_REFRESH = text("""
    INSERT INTO refresh_tokens (digest, family, tenant_id, user_id, scopes, ttl,
      created_at, expires_at)
    VALUES (:digest, :family, :tenant, :user, :scopes, :ttl, :created_at, :expires_at)
""")

FORGET_OLD = (
    text("DELETE FROM tokens WHERE tenant_id = :tenant AND expires_at < :before"),
    text(
        "DELETE FROM refresh_tokens WHERE tenant_id = :tenant AND expires_at < :before"
    ),
)

END = "UPDATE tokens SET revoked_at = coalesce(revoked_at, :now) WHERE {whose}"
SPEND = "UPDATE refresh_tokens SET spent_at = coalesce(spent_at, :now) WHERE {whose}"

SPEND_ONE = text("""
    UPDATE refresh_tokens SET spent_at = :now
    WHERE digest = :digest AND spent_at IS NULL
""")

END_ONE = text("""
    UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL
""")

REFRESH = text("""
    SELECT digest, family, tenant_id, user_id, scopes, ttl, created_at, expires_at,
      spent_at
    FROM refresh_tokens WHERE digest = :digest
""")

ORIGIN = text("""
    SELECT tenant_id, user_id, family, scopes, created_at, expires_at
    FROM tokens WHERE id = :id
""")

IDENTITY = text("""
    SELECT u.id AS user_id, u.number, u.name, u.email, k.name AS key_name
    FROM tokens t LEFT JOIN users u ON u.id = t.user_id
    LEFT JOIN api_keys k ON k.id = t.key_id
    WHERE t.id = :id AND t.tenant_id = :tenant
""")
KEY_NAME = text("SELECT name FROM api_keys WHERE id = :id AND tenant_id = :tenant")


class SqlPeople:
    """Users and their tokens in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        lock = "" if database.is_sqlite else " FOR UPDATE"
        self._lock_user = text(
            "SELECT hash, disabled_at FROM users WHERE id = :user" + lock
        )
        self._lock_key = text(
            "SELECT revoked_at, expires_at FROM api_keys WHERE id = :key" + lock
        )

    # --- People ---

    def add_user(self, user: User, address: str, hash: str, *, by: str) -> User | None:
        """Add *user* with a number of their own; None when the address is taken."""
        values = {
            "id": user.id,
            "tenant": user.tenant_id,
            "name": user.name,
            "email": user.email,
            "address": address,
            "hash": hash,
            "now": user.created_at,
        }
        with self._database.writing() as connection:
            number = connection.execute(ADD_USER, values).scalar()
            if number is None:
                return None
            _note(
                connection, "user.create", user.tenant_id, user.id, user.created_at, by
            )
        return User(
            number,
            user.id,
            user.tenant_id,
            user.name,
            user.email,
            user.created_at,
            user.password_changed_at,
            None,
        )

    def users_of(self, tenant_id: str) -> Sequence[User]:
        """Return the tenant's users, the first first."""
        with self._database.reading() as connection:
            return [
                User(*row) for row in connection.execute(USERS, {"tenant": tenant_id})
            ]

    def disable_user(
        self, tenant_id: str, address: str, moment: int, *, by: str
    ) -> bool:
        """Let nobody in under *address*, and end their tokens; False: no such user."""
        values = {"tenant": tenant_id, "address": address, "now": moment}
        with self._database.writing() as connection:
            user = connection.execute(DISABLE, values).scalar()
            if user is None:
                return False
            _end(connection, "user_id", user, moment)
            _note(connection, "user.disable", tenant_id, user, moment, by)
        return True

    def put_hash(
        self, tenant_id: str, address: str, hash: str, moment: int, *, by: str
    ) -> bool:
        """
        Change the password, end the tokens had with the old one, and let a disabled
        user in again; False: no such user.
        """
        values = {
            "tenant": tenant_id,
            "address": address,
            "hash": hash,
            "now": moment,
        }
        with self._database.writing() as connection:
            user = connection.execute(PUT_HASH, values).scalar()
            if user is None:
                return False
            _end(connection, "user_id", user, moment)
            _note(connection, "user.password", tenant_id, user, moment, by)
        return True

    def known(self, address: str, slug: str | None) -> Sequence[Known]:
        """Return who has *address* and is not disabled: at most two of them."""
        query = text(KNOWN.format(only="" if slug is None else "AND t.slug = :slug"))
        values = {"address": address, "slug": slug}
        with self._database.reading() as connection:
            rows = connection.execute(query, values).all()
        return [_known(row) for row in rows]

    def count_try(self, who: bytes, now: int, *, most: int, window: int) -> int:
        """
        Count one try, unless there were *most* with no pause of *window* between.

        Returns 0, or how long to wait when it was not counted.
        """
        values = {"who": who, "now": now, "before": now - window, "most": most}
        with self._database.writing() as connection:
            connection.execute(FORGET_OLD_TRIES, values)
            if connection.execute(COUNT_TRY, values).first() is not None:
                return 0
            last = connection.scalar(LAST_TRY, values)
        # A clock that was wrong keeps nobody out for longer.
        return min(max((last or now) + window - now, 1), window)

    def forget_tries(self, who: bytes) -> None:
        """Begin to count anew."""
        with self._database.writing() as connection:
            connection.execute(FORGET_TRIES, {"who": who})

    # --- Sessions ---

    def begin(
        self, token: NewToken, refresh: Refresh | None, origin: Origin, hash: str
    ) -> bool:
        """
        Add what a user logged in for; False when meanwhile the user was disabled, or
        has another password than the one of *hash*.
        """
        with self._database.writing() as connection:
            user = connection.execute(self._lock_user, {"user": origin.user_id}).first()
            if user is None or user.disabled_at is not None or user.hash != hash:
                return False
            _add(connection, token, refresh, origin)
        return True

    def begin_for_key(self, token: NewToken, key_id: str, origin: Origin) -> bool:
        """Add a token that ends with its key; False when that has ended meanwhile."""
        with self._database.writing() as connection:
            key = connection.execute(self._lock_key, {"key": key_id}).first()
            if key is None or key.revoked_at is not None:
                return False
            _add(connection, token, None, origin, key_id=key_id, ends=key.expires_at)
        return True

    def refresh(self, digest: bytes) -> Refresh | None:
        """Return what is known by *digest*; None for nothing."""
        with self._database.reading() as connection:
            row = connection.execute(REFRESH, {"digest": digest}).first()
        if row is None:
            return None
        fields = {**row._mapping, "scopes": frozenset(row.scopes.split())}
        return Refresh(**{**fields, "digest": bytes(row.digest)})

    def renew(
        self, token: NewToken, refresh: Refresh, origin: Origin, *, spent: bytes
    ) -> bool:
        """
        Add *token* and *refresh* for what is spent by it, and end the tokens before.

        False, and the whole family ends, when it was spent already.
        """
        with self._database.writing() as connection:
            connection.execute(self._lock_user, {"user": origin.user_id})
            values = {"digest": spent, "now": origin.created_at}
            is_first = connection.execute(SPEND_ONE, values).rowcount == 1
            # What it came with, or, had it been copied, whatever there is.
            ended = _end(connection, "family", origin.family, origin.created_at)
            if is_first:
                _add(connection, token, refresh, origin)
            elif ended:
                _note(
                    connection,
                    "token.revoke",
                    origin.tenant_id,
                    origin.family or "",
                    origin.created_at,
                    origin.user_id or "",
                    {"tokens": ended},
                )
        return is_first

    def renew_token(
        self, token: NewToken, refresh: Refresh, origin: Origin, *, spent: str
    ) -> bool:
        """Do the same for the token *spent* itself; False when it has ended."""
        with self._database.writing() as connection:
            connection.execute(self._lock_user, {"user": origin.user_id})
            values = {"id": spent, "now": origin.created_at}
            if connection.execute(END_ONE, values).rowcount != 1:
                return False
            _end(connection, "family", origin.family, origin.created_at)
            _add(connection, token, refresh, origin)
        return True

    def origin(self, token_id: str) -> Origin | None:
        """Return where a token came from; None for no such token."""
        with self._database.reading() as connection:
            row = connection.execute(ORIGIN, {"id": token_id}).first()
        if row is None:
            return None
        return Origin(**{**row._mapping, "scopes": frozenset(row.scopes.split())})

    def end(self, tenant_id: str, family: str, moment: int, *, by: str) -> None:
        """End a family: all of its tokens, and what new ones were had for."""
        with self._database.writing() as connection:
            ended = _end(connection, "family", family, moment)
            detail = {"tokens": ended}
            _note(connection, "token.revoke", tenant_id, by, moment, by, detail)

    def identity(self, tenant: Tenant, credential_id: str) -> Identity | None:
        """Return whose key or token this is; None when nobody knows."""
        values = {"id": credential_id, "tenant": tenant.id}
        with self._database.reading() as connection:
            row = connection.execute(IDENTITY, values).first()
            if row is not None and row.user_id is not None:
                return Identity(tenant, row.user_id, row.name, row.number, row.email)
            if row is not None:
                name = row.key_name or "Token"
                return Identity(tenant, credential_id, name, None, None)
            key = connection.execute(KEY_NAME, values).first()
        if key is None:
            return None
        return Identity(tenant, credential_id, key.name or "API key", None, None)


def _end(connection: Connection, column: str, value: str | None, now: int) -> int:
    """End all tokens whose *column* is *value*; return how many had not ended."""
    values = {"value": value, "now": now}
    query = SPEND.format(whose=f"{column} = :value AND spent_at IS NULL")
    connection.execute(text(query), values)
    query = END.format(whose=f"{column} = :value AND revoked_at IS NULL")
    return connection.execute(text(query), values).rowcount


def _add(
    connection: Connection,
    token: NewToken,
    refresh: Refresh | None,
    origin: Origin,
    *,
    key_id: str | None = None,
    ends: int | None = None,
) -> None:
    """Add a token, what the next is had for, and forget those that ended long ago."""
    old = {"tenant": origin.tenant_id, "before": origin.created_at - DAY}
    for query in FORGET_OLD:
        connection.execute(query, old)
    scopes = " ".join(sorted(token.scopes))
    shared = {"tenant": origin.tenant_id, "user": origin.user_id, "scopes": scopes}
    connection.execute(
        ADD_TOKEN,
        {
            **shared,
            "id": token.id,
            "created_at": origin.created_at,
            "expires_at": min(token.expires_at, ends or token.expires_at),
            "key": key_id,
            "family": origin.family,
        },
    )
    if refresh is not None:
        connection.execute(
            ADD_REFRESH,
            {
                **shared,
                "digest": refresh.digest,
                "family": refresh.family,
                "ttl": refresh.ttl,
                "created_at": refresh.created_at,
                "expires_at": refresh.expires_at,
            },
        )
    _note(
        connection,
        "token.create",
        origin.tenant_id,
        token.id,
        origin.created_at,
        origin.user_id or key_id or "",
        {"scopes": sorted(token.scopes)},
    )


def _note(
    connection: Connection,
    act: str,
    tenant_id: str,
    subject: str,
    moment: int,
    by: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    append(
        connection,
        at=moment,
        tenant_id=tenant_id,
        actor=by,
        act=act,
        subject=subject,
        detail=detail or {},
    )


def _known(row: Row[Any]) -> Known:
    tenant = tenant_of(row.tenant_id, row)
    return Known(User(*tuple(row)[:8]), tenant, row.hash, row.suspended_at)
