"""
Erasing a person: what certificates, rows, records and documents said of them.

What stays says nothing of anybody: ids, moments, that a row had its outcome, bits in
status lists, and leaves. A leaf is the SHA-256 of the credential, signature and all.
Without the key nobody can make that signature again, so a leaf confirms no guess.

An erasure is an act like a revocation, and on the same record, which names rows and
never a person: it is done again when an older backup is restored.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Collection, Sequence

import orjson

from testamur.core.acts import Act, Erasure, Person
from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.ids import is_id, new_id
from testamur.core.policy import MAX_CELL_CHARACTERS, MAX_NAMED_CERTIFICATES
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.text import text_problem

from .issue import facts_of
from .ports import ErasureStore, HeldRow, Record
from .read import folded
from .standing import read_reason

#: Of printable ASCII, what JSON spells as itself.
_PLAIN = re.compile(r"[ !#-\[\]-~]+")

#: What may stand beside an address that another address only contains.
_IN_ADDRESS = r"[\w.+-]"


class Erasures:
    """Erases persons, in *store*, with *record* beside it."""

    def __init__(
        self,
        store: ErasureStore,
        record: Record,
        remove_file: Callable[[str], None],
        clock: Clock,
        remove_mails: Callable[[Collection[str]], None] = lambda ids: None,
    ) -> None:
        """
        Use *remove_file* for stored files, by the SHA-256 of what they hold.

        *remove_mails* does so with mails that are kept as files, by their ids.
        """
        self._store = store
        self._record = record
        self._remove_file = remove_file
        self._remove_mails = remove_mails
        self._clock = clock
        self._tidying = threading.Lock()

    def erase(
        self, tenant_id: str, person: Person, *, reason: str, actor: str
    ) -> Erasure:
        """
        Erase a person from everything the tenant ever submitted, or refuse.

        Certificates are revoked by it. Asking again does no harm. After a crash:
        the erasure happened, or did not; if it did, the rest is done by whoever
        calls `tidy` next.

        Raises:
            Refusal: as `ErasureStore.erase`, or the person or reason is wrong.
            Fault: passing; nothing happened.
        """
        reason = read_reason(reason, is_needed=False)
        rows = self._rows(tenant_id, person, reason)
        act = Act(
            id=new_id(),
            tenant_id=tenant_id,
            verb="erase",
            at=self._clock(),
            reason=reason or "Erased",
            actor=actor,
            certificates=(),
        )
        written: list[Act] = []

        def write_down(done: Act) -> None:
            written.append(done)
            self._record.append(done)

        try:
            done = self._store.erase(act, rows, person.email, write_down)
        except BaseException:
            if written:
                self._withdraw(act.id)
            raise
        fp("erase.after_commit")
        return Erasure(done, self.tidy())

    def apply(self, act: Act) -> int | None:
        """
        Do an erasure of the record again, as `Standings.apply`.

        Raises:
            Fault: nothing was done.
        """
        return self._store.erase_again(act)

    def tidy(self) -> bool:
        """Finish what erasures left to do; say whether nothing is left."""
        with self._tidying:
            try:
                if self._store.is_untidy():
                    self._store.tidy(self._remove_file, self._remove_mails)
            except Fault:
                return False
        return True

    def _rows(self, tenant_id: str, person: Person, reason: str) -> Sequence[str]:
        if (person.email is None) == (person.ids is None):
            raise Refusal(
                Kind.INVALID,
                "person_chosen",
                "Say whom to erase in one way: email, or certificateIds.",
            )
        if person.ids is not None:
            _look_at_ids(person.ids)
            return self._store.rows_of(tenant_id, tuple(dict.fromkeys(person.ids)))
        address = folded(person.email or "")
        _look_at_address(address, reason)
        plain = max(_PLAIN.findall(address), key=len)
        is_theirs = about(address)
        held = self._store.holding(tenant_id, plain)
        return [row.name for row in held if is_theirs(row)]

    def _withdraw(self, act_id: str) -> None:
        """Should this fail, the act is done at the next start: late, never lost."""
        with contextlib.suppress(Fault):
            if not self._store.knows(act_id):
                self._record.withdraw(act_id)


def about(address: str) -> Callable[[HeldRow], bool]:
    """
    Return what says whether a row is about the person with this *address* (folded).

    An issued row is when it was issued to the address. Of another it is not known
    which cell is which, so it is when the address stands anywhere in it.
    """
    alone = re.compile(
        f"(?<!{_IN_ADDRESS}){re.escape(address)}(?![\\w-])(?!\\.\\w)", re.IGNORECASE
    )

    def is_theirs(row: HeldRow) -> bool:
        if row.is_issued:
            facts = facts_of(row.profile, row.number, row.cells)
            return folded(facts.recipient_email) == address
        cells: Sequence[str] = orjson.loads(row.cells)
        return any(alone.search(folded(cell)) for cell in cells)

    return is_theirs


def _look_at_address(address: str, reason: str) -> None:
    local, at, domain = address.partition("@")
    is_one = local and at and domain and len(address) <= MAX_CELL_CHARACTERS
    if not is_one or text_problem(address, "email"):
        raise Refusal(
            Kind.INVALID,
            "email_invalid",
            "Write the whole address, such as ada@example.org.",
            at="email",
        )
    if address in folded(reason):
        raise Refusal(
            Kind.INVALID,
            "reason_names_person",
            "The reason is kept: leave the address out of it.",
            at="reason",
        )


def _look_at_ids(ids: Sequence[str]) -> None:
    if not ids:
        raise Refusal(Kind.INVALID, "person_chosen", "Name one certificate at least.")
    if len(ids) > MAX_NAMED_CERTIFICATES:
        raise Refusal(
            Kind.TOO_LARGE,
            "too_many_certificates",
            f"{len(ids)} certificates are named and one call may name "
            f"{MAX_NAMED_CERTIFICATES}. Call again for the others.",
        )
    unsound = [one for one in ids if not is_id(one)]
    if unsound:
        raise Refusal(
            Kind.NOT_FOUND,
            "certificate_not_found",
            f"There is no certificate {unsound[0][:64]}. Nothing was erased; correct "
            "it, or take it out.",
            at="certificateIds",
        )
