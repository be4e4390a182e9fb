"""
The record outside the data: what no restored backup may undo.

A folder with three files: `acts` (every act on certificates), `checkpoint` (of the
log, as it was published last) and `head` (the newest entry of the audit log).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from testamur.access.audit import OPERATOR, Head, RememberedHead
from testamur.adapters.files.log_files import FileRecord
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.restored import accept_loss
from testamur.adapters.sql.secured_acts import PREFIX
from testamur.core.acts import Act
from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.issuance.replay import Replayed, replay
from testamur.issuance.standing import Standings
from testamur.tlog.tree import EMPTY_ROOT

from .log import log_origin, new_sequencer
from .logs import log
from .office import Office

#: Who halts issuing when a backup was restored.
RESTORE = "restore"


@dataclass(frozen=True)
class HouseRecord:
    """The record of one office."""

    office: Office

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.office.record_folder

    @cached_property
    def head(self) -> RememberedHead:
        """The newest entry of the audit log, written down now and then."""
        return RememberedHead(self.office.audit_trail, FileRecord(self.folder / "head"))

    def remembered_head(self) -> Head | None:
        """Return it as it was written down last."""
        return self.head.read()

    def acts(self) -> int:
        """Return how many acts are on record."""
        return sum(1 for _ in self.office.acts_record.read())

    def catch_up(self) -> None:
        """
        Do again what the database does not know; halt issuing when it lost anything.

        Nothing is served before this returns. After a crash: it is called again.

        Raises:
            Fault: when the record is damaged, or cannot be read or written.
        """
        self.office.acts_record.prepare()
        found = self._replay()
        if found.acts:
            log.warning("acts done again", acts=found.acts, missing=found.missing)
        problem = self.problem()
        if problem is None:
            self.head.keep()
            return
        log.error("issuing halted", why=problem)
        self.office.kill_switch.halt(
            "the database is older than what was published from it, or another; "
            "`testamur record` says more",
            by=RESTORE,
        )

    def problem(self) -> str | None:
        """Say how the database is behind its record; None when it is not."""
        try:
            new_sequencer(self.office).check()
        except Fault as fault:
            if fault.passing:
                raise
            return str(fault)
        if not self.head.is_in_log():
            head = self.head.read()
            assert head is not None
            return (
                f"the audit log does not go on from its entry {head.seq:,} as it was "
                "written down: the database was restored from an older backup, or "
                "entries were taken away"
            )
        return None

    def accept(self) -> Replayed:
        """
        Go on with a database that lost what came after it; no server may run.

        The log begins anew under another name, with every leaf that is left; places
        in status lists that may be taken are never handed out; the acts of the
        record are done again; issuing is resumed. After a crash: call it again.

        Raises:
            Refusal: CONFLICT `record_agrees`, when the database lost nothing.
        """
        office = self.office
        problem = self.problem()
        if problem is None:
            raise Refusal(
                Kind.CONFLICT,
                "record_agrees",
                "the database has all that the record knows; there is nothing to "
                "accept",
            )
        found = self._replay()
        head = self.head.read()
        old = log_origin(office)
        accept_loss(
            office.database,
            at=office.clock(),
            by=OPERATOR,
            origin=_next_origin(old),
            root=EMPTY_ROOT,
            detail={
                "log": old,
                "headSeq": head.seq if head else None,
                "headHash": head.hash.hex() if head else None,
                "acts": found.acts,
                "missing": found.missing,
            },
        )
        fp("record.after_accept")
        # The old log's files stay, for whoever wants to hold them to the new one's.
        for path in (office.settings.data / "log", self.folder / "checkpoint"):
            _move_away(path)
        self.head.replace()
        sequencer = new_sequencer(office)
        while sequencer.step():
            pass
        office.queue.settle()
        office.kill_switch.resume()
        self.head.keep()
        return found

    def _replay(self) -> Replayed:
        office = self.office
        acts = SqlActs(office.database)
        standings = Standings(acts, office.acts_record, office.clock)

        def apply(act: Act) -> int | None:
            if act.verb == "erase":
                return office.erasures.apply(act)
            if act.certificates and act.certificates[0].startswith(PREFIX):
                return office.secured_standings.apply(act)
            return standings.apply(act)

        done = replay(office.acts_record.read(), is_known=acts.knows, apply=apply)
        office.erasures.tidy()  # or at the next sweep
        return done


def _next_origin(origin: str) -> str:
    """
    Name the log that follows *origin*.

    >>> _next_origin("example.org/log"), _next_origin("example.org/log/2")
    ('example.org/log/2', 'example.org/log/3')
    """
    head, _, last = origin.rpartition("/")
    return f"{head}/{int(last) + 1}" if last.isdecimal() else f"{origin}/2"


def _move_away(path: Path) -> None:
    """Give *path* a name that is free: `log.1`, `log.2` ..."""
    if not path.exists():
        return
    number = 1
    while (free := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    path.rename(free)
