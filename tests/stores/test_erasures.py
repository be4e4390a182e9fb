"""Erasing rows and all that follows from them, on both databases."""

import re
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from support.workshop import Workshop, csv_of, failing, row
from support.zips import Entry, build
from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.erasures import SqlErasures
from testamur.adapters.sql.fsck import violations
from testamur.core import failpoints
from testamur.core.acts import Chosen, Person
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.issuance.erasure import Erasures
from testamur.issuance.read import find, listing
from testamur.issuance.standing import Standings

EMAIL = "Ada.Lovelace@example.org"
OF_ADA = {
    "recipientEmail": EMAIL,
    "recipientName": "Ada Lovelace",
    "description": "Wrote Note G.",
    "imageUrl": "https://pictures.example/ada.png",
}


class House:
    """A workshop in which persons can be erased."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.shop = Workshop(database_url, folder / "data")
        self.database = self.shop.database
        self.record = ActsRecord(folder / "record")
        self.store = SqlErasures(self.database)
        self.erasures = Erasures(
            self.store, self.record, self.shop.blobs.remove, self.shop.clock
        )
        self.tenant = self.shop.tenant()

    def issue(self, *rows, tenant=None, **more):
        """Submit rows and work until nothing waits; return the job."""
        job = self.shop.enter(tenant or self.tenant, csv_of(rows), **more)
        self.shop.drain()
        return job

    def erase(self, *ids, reason="", tenant=None):
        """Erase the holders of certificates, or Ada."""
        person = Person(ids=ids) if ids else Person(email=EMAIL)
        owner = (tenant or self.tenant).id
        return self.erasures.erase(owner, person, reason=reason, actor="key 1")

    def column(self, query):
        """Return the first column of what *query* finds."""
        with self.database.reading() as connection:
            return [one for (one,) in connection.execute(text(query))]

    def ids(self, job):
        """Return the ids of a job's certificates, by row."""
        return self.column(
            f"SELECT id FROM certificates WHERE job_seq = {job.seq} ORDER BY number"
        )

    def everything(self):
        """Return every value of every table, as one text."""
        told = []
        with self.database.reading() as connection:
            for table in inspect(self.database.engine).get_table_names():
                for found in connection.exec_driver_sql(f"SELECT * FROM {table}"):
                    told += [
                        bytes(one).hex() if isinstance(one, bytes) else str(one)
                        for one in found
                    ]
        return "\n".join(told).lower()

    def agrees(self):
        """Hold what is stored to itself, files included."""
        assert list(violations(self.database)) == []
        assert self.shop.shelf.files() <= set(self.shop.blobs.digests())


@pytest.fixture
def house(database_url, tmp_path):
    """Return a house, once for each engine."""
    house = House(database_url, tmp_path)
    yield house
    house.agrees()
    house.shop.close()


def test_no_table_names_an_erased_person(house):
    """
    I26: rows, messages, pictures, keys of submissions and names of batches, in
    every job: where she was issued, failed, or was cancelled.
    """
    house.issue(row(1), row(2, **OF_ADA), row(3), key=f"for {EMAIL}", batch=EMAIL)
    house.issue(row(1), failing(2, **OF_ADA | {"recipientEmail": f"<{EMAIL.lower()}>"}))
    cancelled = house.shop.enter(house.tenant, csv_of([row(9, **OF_ADA)]), key="k")
    house.shop.owners.cancel(house.tenant.id, cancelled.id)
    assert "note g" in house.everything()

    done = house.erase()

    assert (len(done.act.certificates), len(done.act.rows)) == (1, 3)
    told = house.everything()
    for word in ("lovelace", "note g", "ada.png"):
        assert word not in told
    assert "harbour pilot 3" in told


def test_an_erasure_is_one_act(house):
    """
    I25: one row, one audit entry, one leaf, one line on record, no address in any.
    """
    job = house.issue(row(1, **OF_ADA), row(2, **OF_ADA))

    act = house.erase(reason="Asked for").act

    assert act.certificates == tuple(house.ids(job))
    assert act.rows == (f"{job.id}/1", f"{job.id}/2")
    assert list(house.record.read()) == [act]
    leaf = house.column("SELECT digests FROM leaf_batches WHERE act IS NOT NULL")
    assert [bytes(one) for one in leaf] == [act.digest]
    assert house.column("SELECT verb || count FROM acts") == ["erase2"]
    assert house.column("SELECT detail FROM audit ORDER BY seq DESC LIMIT 1") == [
        '{"certificates":2,"rows":2}'
    ]


def test_who_only_has_a_similar_address_stays(house):
    """
    Addresses are compared whole; and whoever is mentioned is not the recipient.
    """
    others = [
        row(1, recipientEmail="x" + EMAIL),
        row(2, recipientEmail=EMAIL + ".example"),
        row(3, description=f"Nominated by {EMAIL}"),
        failing(4, recipientEmail=f"<x{EMAIL}>"),
        failing(5, recipientEmail=f"<{EMAIL}.uk>"),
    ]
    house.issue(*others, row(6, **OF_ADA))

    assert [name[-2:] for name in house.erase().act.rows] == ["/6"]


def test_another_tenants_person_stays(house):
    """
    I15: the same person and the same file at another tenant are untouched.
    """
    other = house.shop.tenant("another")
    theirs = house.issue(row(1, **OF_ADA), tenant=other)
    (their_id,) = house.ids(theirs)
    ours = house.issue(row(1, **OF_ADA))
    (our_id,) = house.ids(ours)

    house.erase()
    with pytest.raises(Refusal) as refused:
        house.erase(their_id)

    assert refused.value.kind is Kind.NOT_FOUND
    kept = find(their_id, certificates=house.shop.certificates)
    assert kept.facts.recipient_name == "Ada Lovelace"
    assert house.shop.blobs.path(kept.picture.digest).exists()
    with pytest.raises(Refusal) as gone:
        find(our_id, certificates=house.shop.certificates)
    assert gone.value.kind is Kind.GONE


def test_what_is_being_worked_on_is_not_erased(house):
    """
    Nothing happens while a row of hers still waits; the refusal names the job.
    """
    finished = house.issue(row(1, **OF_ADA))
    waiting = house.shop.enter(house.tenant, csv_of([row(2, **OF_ADA)]))

    with pytest.raises(Refusal) as refused:
        house.erase()

    assert refused.value.code == "job_unfinished"
    assert waiting.id in refused.value.detail
    assert find(house.ids(finished)[0], certificates=house.shop.certificates)
    assert list(house.record.read()) == []


def test_a_retry_does_not_bring_her_back(house):
    """
    A failed row that was erased fails again, and says why; others are tried.
    """
    job = house.issue(
        row(1), failing(2, **OF_ADA | {"recipientEmail": EMAIL + " and more"})
    )
    house.erase()

    house.shop.owners.retry(house.tenant.id, job.id)
    house.shop.drain()

    assert house.column("SELECT code FROM failures") == ["row_erased"]
    assert len(house.ids(job)) == 1


def test_certificates_that_were_revoked_are_erased_too(house):
    """
    Their older revocation stands; suspended ones are revoked for ever.
    """
    job = house.issue(row(1, **OF_ADA), row(2, **OF_ADA))
    first, second = house.ids(job)
    standings = Standings(SqlActs(house.database), house.record, house.shop.clock)
    for event, name in (
        (StandingEvent.REVOKE, first),
        (StandingEvent.SUSPEND, second),
    ):
        standings.change(
            event, house.tenant.id, Chosen(ids=(name,)), reason="r", actor="k"
        )

    act = house.erase().act

    assert act.certificates == (first, second)
    assert house.column("SELECT standing FROM standings") == ["revoked"] * 2
    assert house.column(
        "SELECT count(*) FROM standings s WHERE act_id = '" + act.id + "'"
    ) == [1]


def test_erased_certificates_are_in_no_listing(house):
    """
    Lists go on over what is not there, by job, by address and from any place.
    """
    job = house.issue(row(1), row(2, **OF_ADA), row(3))
    ids = house.ids(job)
    house.erase(ids[1])

    def named(**only):
        found = listing(
            house.tenant.id,
            certificates=house.shop.certificates,
            limit=10,
            **only,
        )
        return [one.id for one in found.certificates]

    assert named() == [ids[2], ids[0]]
    assert named(after=ids[1]) == [ids[0]]
    assert named(email=EMAIL) == []


def test_a_file_that_others_need_stays(house):
    """
    A picture, shown by her certificate alone in her job, is another job's too.
    """
    house.issue(row(1, **OF_ADA))
    mine = house.issue(row(2, imageUrl=OF_ADA["imageUrl"]))
    digest = find(
        house.ids(mine)[0], certificates=house.shop.certificates
    ).picture.digest

    house.erase()

    assert house.shop.blobs.path(digest).exists()


@pytest.mark.parametrize(
    ("point", "is_done"), [("erase.before_commit", False), ("erase.after_commit", True)]
)
def test_what_breaks_leaves_all_or_nothing(house, point, is_done):
    """
    The record and the database agree on what happened; the rest is done by the next
    call.
    """
    house.issue(row(1, **OF_ADA))
    failpoints.arm(f"{point}=raise")
    try:
        with pytest.raises(RuntimeError):
            house.erase()
    finally:
        failpoints.arm("")

    assert len(list(house.record.read())) == is_done
    assert len(house.column("SELECT id FROM acts")) == is_done
    assert house.store.is_untidy() == is_done

    house.erase()

    assert "lovelace" not in house.everything()
    assert not house.store.is_untidy()


def test_files_that_cannot_be_removed_are_remembered(house):
    """
    A disk that refuses: the answer says that it is not complete, and a later call
    completes it.
    """
    house.issue(row(1, **OF_ADA))

    def refuse(digest):
        raise Fault("read-only", passing=True)

    stubborn = Erasures(house.store, house.record, refuse, house.shop.clock)
    done = stubborn.erase(
        house.tenant.id, Person(email=EMAIL), reason="", actor="key 1"
    )

    assert not done.is_complete
    assert house.store.is_untidy()
    assert house.erasures.tidy()
    assert not house.store.is_untidy()


def test_an_erasure_on_record_is_done_again_once(house):
    """
    I26: by rows, whatever their certificates are called since.
    """
    job = house.issue(row(1), row(2, **OF_ADA))
    act = house.erase().act
    with house.database.writing() as connection:  # as if restored
        for statement in (
            "DELETE FROM erasures",
            "DELETE FROM standings",
            "DELETE FROM leaf_batches WHERE act IS NOT NULL",
            "DELETE FROM acts",
        ):
            connection.execute(text(statement))
        connection.execute(
            text("UPDATE rows SET cells = :cells WHERE number = 2"),
            {"cells": '["Lovelace","d","i","c","' + EMAIL + '","",""]'},
        )

    assert house.erasures.apply(act) == 0
    assert house.erasures.apply(act) is None

    assert "lovelace" not in house.everything()
    assert house.column("SELECT number FROM erasures") == [2]
    assert len(house.ids(job)) == 2


@pytest.mark.parametrize(
    ("person", "code"),
    [
        pytest.param(Person(), "person_chosen", id="nobody"),
        pytest.param(Person("a@b.c", ("1" * 24,)), "person_chosen", id="both"),
        pytest.param(Person(email="lovelace"), "email_invalid", id="no-address"),
        pytest.param(Person(email="@example.org"), "email_invalid", id="a-domain"),
        pytest.param(Person(ids=()), "person_chosen", id="no-certificate"),
        pytest.param(Person(ids=("%",)), "certificate_not_found", id="no-id"),
        pytest.param(Person(ids=("1" * 24,)), "certificate_not_found", id="unknown"),
        pytest.param(
            Person(ids=("1" * 24,) * 10_001), "too_many_certificates", id="too-many"
        ),
    ],
)
def test_a_wrong_request_erases_nobody(house, person, code):
    """
    It is refused, and says what to change.
    """
    with pytest.raises(Refusal) as refused:
        house.erasures.erase(house.tenant.id, person, reason="", actor="key 1")

    assert refused.value.code == code


def test_a_reason_that_names_the_person_is_refused(house):
    """
    Reasons are kept for ever.
    """
    with pytest.raises(Refusal) as refused:
        house.erase(reason=f"Asked by {EMAIL}")

    assert refused.value.code == "reason_names_person"


def test_no_entry_of_the_audit_log_confirms_a_guess(house):
    """
    I26: entries are for ever, so none holds a digest of what a row says.
    """
    house.issue(row(1, **OF_ADA))
    house.erase()

    told = " ".join(house.column("SELECT detail FROM audit"))

    assert not re.search("[0-9a-f]{32}", told)


def test_what_was_erased_is_not_submitted_again_by_repeating_a_request(house):
    """
    A client that sends its request once more, with the same key, is told.
    """
    house.issue(row(1, **OF_ADA), key="spring")
    house.erase()

    with pytest.raises(Refusal) as refused:
        house.issue(row(1, **OF_ADA), key="spring")

    assert (refused.value.kind, refused.value.code) == (Kind.GONE, "submission_erased")
    assert "lovelace" not in house.everything()


def test_a_file_that_arrives_while_it_is_removed_is_there(house, monkeypatch):
    """
    The same file again, at the very moment: its job has it, pictures included.
    """
    blobs, admit = house.shop.blobs, house.shop.ledger.admit
    record = house.shop.shelf.record
    removed = []

    def remove(digest):
        removed.append(digest)
        blobs.remove(digest)

    def admit_late(new, rows):
        remove(new.profile.rows_digest)
        return admit(new, rows)

    def record_late(job, found, *, worker):
        for picture in found.values():
            remove(picture.thumbnail_digest)
        record(job, found, worker=worker)

    monkeypatch.setattr(house.shop.ledger, "admit", admit_late)
    monkeypatch.setattr(house.shop.shelf, "record", record_late)

    house.issue(row(1))

    assert len(removed) == 2
    assert all(blobs.path(digest).exists() for digest in removed)


def test_a_failed_row_whose_image_went_with_the_zip_says_so(house):
    """
    The ZIP goes with everybody's pictures in it; who retries learns what to do.
    """
    job = house.issue(
        row(1, **OF_ADA),
        failing(2, imageUrl="two.png"),
        images=build([Entry("two.png", b"two"), Entry("ada.png", b"ada")]),
    )
    house.erase()
    with house.database.writing() as connection:  # as if it had only been unlucky
        connection.execute(
            text("UPDATE rows SET cells = replace(cells, 'nobody', 'a@b.example')")
        )

    house.shop.owners.retry(house.tenant.id, job.id)
    house.shop.drain()

    assert house.column("SELECT code FROM failures") == ["images_erased"]
