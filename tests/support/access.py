"""The access room with a real database below it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from testamur.access.gate import Gate
from testamur.access.keys import Keys
from testamur.access.passwords import Passwords
from testamur.access.secret import OperatorSecret
from testamur.access.sessions import Sessions
from testamur.access.tenants import Tenants
from testamur.access.tokens import Tokens
from testamur.access.users import Users
from testamur.adapters.sql.access_store import AccessStore
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.people import SqlPeople
from testamur.core.refusals import Refusal
from testamur.core.words import Tenant

from .clocks import HandClock


class AccessRoom:
    """Tenants, keys, tokens and the gate, on *database*, as wiring joins them."""

    def __init__(self, database: Database, *, secret: bytes = b"s" * 32) -> None:
        self.database = database
        self.clock = HandClock()
        self.secret = OperatorSecret(secret)
        self.store = AccessStore(database)
        self.tenants = Tenants(self.store, self.clock)
        self.keys = Keys(self.store, self.secret, self.clock)
        self.tokens = Tokens(self.store, self.secret, self.clock)
        self.gate = self.another_gate()
        self.people = SqlPeople(database)
        self.passwords = Passwords(self.secret)
        self.users = Users(self.people, self.passwords, self.clock)
        self.sessions = self.another_host()

    def another_gate(self) -> Gate:
        """Return the gate of another process: it remembers nothing yet."""
        return Gate(self.keys, self.tokens, self.clock)

    def another_host(self) -> Sessions:
        """Return where people log in on another host: it has counted nothing yet."""
        return Sessions(
            people=self.people,
            register=self.people,
            passwords=self.passwords,
            tokens=self.tokens,
            gate=self.another_gate(),
            secret=self.secret,
            clock=self.clock,
        )

    def tenant(self, slug: str = "academy", plan: str = "standard") -> Tenant:
        """Add a tenant."""
        return self.tenants.create(slug, slug.title(), plan)

    def refusal(self, **sent: Any) -> Refusal | None:
        """Return why the gate refuses what was *sent*; None when it does not."""
        try:
            self.gate.authenticate(**sent)
        except Refusal as refusal:
            return refusal
        return None

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the SQL that is sent to the database inside the block."""
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)


def base64url(raw: bytes) -> str:
    """Spell *raw* as RFC 7515 does: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    """Return what a JWT says, unverified."""
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def sign(header: Any, claims: Any, key: bytes) -> str:
    """Return a JWT with an HMAC-SHA256 signature; bytes are taken as they are."""
    parts = [
        part
        if isinstance(part, bytes)
        else json.dumps(part, separators=(",", ":")).encode()
        for part in (header, claims)
    ]
    signed = ".".join(map(base64url, parts))
    mac = hmac.digest(key, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64url(mac)}"
