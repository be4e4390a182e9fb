"""
Acts on credentials that callers had secured: `issuance.ports.ActStore`.

Such a credential is called by its place in a status list, `secured/LIST/INDEX`: the
bit can be set again even where a restored backup does not know the credential.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.acts import Act, Chosen, Done
from testamur.core.failpoints import fp
from testamur.core.lifecycle import STANDING_MOVES, Standing, StandingEvent
from testamur.core.refusals import Kind, Refusal

from .acts import ADD_ACT, ADD_LEAF, KNOWN, LOCK_TENANT
from .audit import append
from .database import Database

PREFIX = "secured/"

_NAME = re.compile(r"secured/([0-9a-f]{24})/(0|[1-9][0-9]{0,9})")

NAMED = text("""
    SELECT l.name, s.status_index FROM secured s
    JOIN status_lists l ON l.id = s.status_list_id
    WHERE s.tenant_id = :tenant AND s.name_digest = :digest
    ORDER BY s.secured_at, s.id
""")

PLACE = text("""
    SELECT l.id, t.standing, s.id AS secured FROM status_lists l
    LEFT JOIN secured s ON s.status_list_id = l.id AND s.status_index = :place
    LEFT JOIN secured_standings t
      ON t.status_list_id = l.id AND t.status_index = :place
    WHERE l.name = :list AND l.tenant_id = :tenant
""")

PUT_STANDING = text("""
    INSERT INTO secured_standings (status_list_id, status_index, standing, since,
      act_id)
    VALUES (:list_id, :place, :standing, :now, :act)
    ON CONFLICT (status_list_id, status_index) DO UPDATE SET
      standing = excluded.standing, since = excluded.since, act_id = excluded.act_id
""")

END_STANDING = text("""
    DELETE FROM secured_standings
    WHERE status_list_id = :list_id AND status_index = :place
""")

CHANGE_LIST = text("""
    UPDATE status_lists SET version = version + 1, changed_at = :now
    WHERE id = :list_id
""")


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    list_id: int
    index: int
    standing: Standing
    is_secured: bool


class SqlSecuredActs:
    """What was done to credentials that callers had secured, in *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def named(self, tenant_id: str, digest: str) -> tuple[str, ...]:
        """Return what the tenant's credentials are called whose id has this digest."""
        values = {"tenant": tenant_id, "digest": digest}
        with self._database.reading() as connection:
            return tuple(
                f"{PREFIX}{name}/{index}"
                for name, index in connection.execute(NAMED, values)
            )

    def perform(
        self, act: Act, chosen: Chosen, write_down: Callable[[Act], None]
    ) -> Done:
        """Do *act* to the chosen credentials of its tenant, all of it or nothing."""
        names = chosen.ids or ()
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(LOCK_TENANT, {"tenant": act.tenant_id})
            places = [self._place(connection, act, name) for name in names]
            there = [one for one in places if one is not None and one.is_secured]
            if not there or len(there) < len(names):
                raise Refusal(
                    Kind.NOT_FOUND,
                    "credential_not_found",
                    "There is no credential of yours of this id, or at this place of "
                    "a status list. Only those that were secured with a place can be "
                    "taken back.",
                    at="credentialId",
                )
            event = StandingEvent(act.verb)
            if event is not StandingEvent.REVOKE and any(
                one.standing is Standing.REVOKED for one in there
            ):
                raise Refusal(
                    Kind.CONFLICT,
                    "credential_revoked",
                    "The credential is revoked, and that is for ever.",
                    at="credentialStatus",
                )
            changing = [one for one in there if (one.standing, event) in STANDING_MOVES]
            if not changing:
                return Done(None, 0, len(there))
            done = replace(act, certificates=tuple(one.name for one in changing))
            self._do(connection, done, changing)
            write_down(done)
            fp("act.before_commit")
        return Done(done, len(changing), len(there) - len(changing))

    def perform_again(self, act: Act) -> int | None:
        """Do an act that is on record, as far as its status lists are there."""
        with self._database.writing() as connection:
            if connection.scalar(KNOWN, {"act": act.id}):
                return None
            places = [self._place(connection, act, name) for name in act.certificates]
            there = [one for one in places if one is not None]
            event = StandingEvent(act.verb)
            moved = [one for one in there if (one.standing, event) in STANDING_MOVES]
            self._do(connection, act, moved)
        return len(places) - len(there)

    def knows(self, act_id: str) -> bool:
        """Say whether the act was done."""
        with self._database.reading() as connection:
            return connection.scalar(KNOWN, {"act": act_id}) is not None

    def _place(self, connection: Connection, act: Act, name: str) -> _Place | None:
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        index = int(found[2])
        values = {"list": found[1], "place": index, "tenant": act.tenant_id}
        row = connection.execute(PLACE, values).first()
        if row is None:
            return None
        standing = Standing(row.standing) if row.standing else Standing.ACTIVE
        return _Place(name, row.id, index, standing, row.secured is not None)

    def _do(self, connection: Connection, act: Act, places: list[_Place]) -> None:
        event = StandingEvent(act.verb)
        more: dict[str, Any] = {"act": act.id, "now": act.at, "tenant": act.tenant_id}
        about = {"verb": act.verb, "reason": act.reason, "actor": act.actor}
        connection.execute(ADD_ACT, {**more, **about, "count": len(places)})
        for one in places:
            values = {**more, "list_id": one.list_id, "place": one.index}
            if event is StandingEvent.REINSTATE:
                connection.execute(END_STANDING, values)
            else:
                becomes = STANDING_MOVES[one.standing, event]
                connection.execute(PUT_STANDING, {**values, "standing": str(becomes)})
            # Readers sign a list anew when its version is another.
            connection.execute(CHANGE_LIST, values)
        connection.execute(ADD_LEAF, {"act": act.id, "leaf": act.digest})
        append(
            connection,
            at=act.at,
            tenant_id=act.tenant_id,
            actor=act.actor,
            act=f"credential.{act.verb}",
            subject=act.id,
            detail={"credentials": len(places)},
        )
