"""The tables of the vault, on both databases."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from testamur.adapters.sql import outbox
from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.vault import files
from testamur.adapters.sql.vault.changes import NewBatch, NewCertificate, changing
from testamur.adapters.sql.vault.files import SqlVaultFiles
from testamur.adapters.sql.vault.lists import SqlVault
from testamur.adapters.sql.vault.telling import tell
from testamur.core.lifecycle import JobVerb
from testamur.core.policy import CURRENT_PRICES
from testamur.core.vault import BatchState, VaultFile, VaultQuery, VaultState
from testamur.core.words import AttachedDocument, Profile
from testamur.intake.ports import NewJob
from testamur.wiring.vault_entries import COLUMNS, VaultSheet

DIGEST = "ab" * 32


class House:
    """Two tenants, and their vaults."""

    def __init__(self, database) -> None:
        self.database = database
        self.room = AccessRoom(database)
        self.clock = self.room.clock
        self.mine = self.room.tenant("mine").id
        self.other = self.room.tenant("other").id
        self.files = SqlVaultFiles(database)
        self.vault = SqlVault(database)
        self.ledger = SqlLedger(database, self.clock)

    def upload(self, tenant=None, digest=DIGEST, lifetime=1_000) -> str:
        """Keep a file; return its id."""
        document = AttachedDocument(digest, 842.0, 595.0)
        now = self.clock()
        file = VaultFile(
            *(str(uuid.uuid4()), tenant or self.mine, digest, digest, "a.pdf"),
            *("application/pdf", 9, document, now, now + lifetime),
        )
        self.files.put(file, f"{digest} 842 595")
        return file.id

    def submit(self, *certificates, tenant=None, batch=None) -> None:
        """Have certificates be accepted."""
        with self.changing(tenant or self.mine) as changes:
            spent = [one.file_id for one in certificates if one.file_id]
            assert changes.spend(spent)
            self.submit_within(changes, certificates, batch)

    def submit_within(self, changes, certificates, batch=None) -> None:
        """Have certificates be accepted in a transaction."""
        rows = [
            [
                *(one.title, "x", "y", one.email, one.full_name),
                *(f"{DIGEST} 842 595", one.reference, ""),
            ]
            for one in certificates
        ]
        profile = Profile(
            *(COLUMNS, "", None, 30, CURRENT_PRICES, "PB-"), documents=True
        )
        job = NewJob(
            tenant_id=changes._tenant,
            verb=JobVerb.ISSUE,
            dialect="vec",
            profile=profile,
            total=len(rows),
            chunk_rows=500,
            batch_name=None,
            idempotency_key=None,
            submission_digest="",
            carried=None,
        )
        changes.submit(job, VaultSheet(rows), certificates, batch)

    def changing(self, tenant):
        """Begin a transaction."""
        return changing(self.database, self.ledger, tenant, self.clock())

    def scalar(self, query: str):
        """Return one value."""
        with self.database.reading() as connection:
            return connection.scalar(text(query))


def certificate(file_id, email="ana@example.com", name="Ana") -> NewCertificate:
    """Return one that is asked for."""
    return NewCertificate(
        *(str(uuid.uuid4()), f"VEC-IC-{uuid.uuid4().hex}", "Diver", name, email),
        *(email.lower(), None, None, file_id),
    )


@pytest.fixture
def house(database):
    """Return a house whose tables agree afterwards."""
    house = House(database)
    yield house
    assert list(violations(database)) == []


def test_a_file_that_nothing_uses_goes_and_its_bytes_follow(house):
    """When its time is over, and not before; one that is used stays."""
    kept, gone = house.upload(), house.upload(digest="cd" * 32)
    house.submit(certificate(kept))

    assert house.files.sweep(house.clock() + 999) == 0
    assert house.files.sweep(house.clock() + 1_000) == 1

    assert house.files.find(house.mine, gone) is None
    assert house.files.find(house.mine, kept) is not None
    assert house.files.files() == {DIGEST}
    assert house.scalar("SELECT digest FROM erased_files") == "cd" * 32


def test_files_of_another_tenant_are_not_found_and_not_spent(house):
    """Neither by name nor together with one's own."""
    mine, foreign = house.upload(), house.upload(house.other)

    with house.changing(house.mine) as changes:
        found = changes.files([mine, foreign])
        assert set(found) == {mine}
        assert not changes.spend([mine, foreign])
        raise_away = changes
    with house.database.writing() as connection:
        connection.execute(text("UPDATE vault_files SET used_at = NULL"))

    assert raise_away is not None
    assert house.files.find(house.mine, foreign) is None


def test_of_two_calls_that_name_the_same_files_one_is_told_no(house):
    """Whichever order they name them in; nobody waits for ever."""
    ids = [house.upload() for _ in range(20)]

    def call(number: int) -> bool:
        order = ids if number % 2 else ids[::-1]
        with house.changing(house.mine) as changes:
            found = changes.files(order)
            if any(one.used_at is not None for one in found.values()):
                return False
            assert changes.spend(order)
            house.submit_within(changes, [certificate(one) for one in order])
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(call, range(4))) == [False, False, False, True]


def test_ten_thousand_are_accepted_at_once(house):
    """As many rows, and as many files that are spent."""
    with house.database.writing() as connection:
        columns = "id, tenant_id, digest, pdf_digest, name, media_type, size, document"
        connection.execute(
            text(
                f"INSERT INTO vault_files ({columns}, created_at, expires_at) VALUES "
                f"(:id, '{house.mine}', 'd', 'd', 'a', 'b', 1, 'd 1 1', 0, 1)"
            ),
            [{"id": str(number)} for number in range(10_000)],
        )

    house.submit(
        *(certificate(str(n), f"p{n}@example.com") for n in range(10_000)),
        batch=NewBatch(str(uuid.uuid4()), "Big", is_vault=True),
    )

    _, total = house.vault.page(house.mine, VaultQuery())
    assert total == 10_000


def test_whoever_was_there_before_is_assigned(house):
    """A recipient of an earlier call, but not one of the same call, or a stranger's."""
    house.submit(certificate(house.upload(house.other)), tenant=house.other)
    house.submit(certificate(house.upload()), certificate(house.upload()))
    house.submit(certificate(house.upload()), certificate(None, "bo@example.com"))

    found, _ = house.vault.page(house.mine, VaultQuery())
    by_number = sorted(found, key=lambda one: one.id)

    assert [one.assigned_at is not None for one in by_number[:2]] == [False, False]
    assert by_number[2].assigned_at is not None
    assert by_number[0].customer_id == by_number[2].customer_id
    assert house.scalar("SELECT count(*) FROM vault_customers") == 3


def test_nobody_is_told_before_the_certificate_is_there(house):
    """Whoever is pending is not written to."""
    house.submit(certificate(house.upload()))

    assert tell(house.database, "example.org", house.clock()) == 0
    assert outbox.SqlOutbox(house.database).waiting() == 0


def test_lists_have_ones_own_by_each_filter(house):
    """Search, address, state, batch: and no other tenant's."""
    batch = NewBatch(str(uuid.uuid4()), "Spring", is_vault=True)
    house.submit(certificate(house.upload(), name="Ægir 100%_"), batch=batch)
    house.submit(certificate(house.upload(), "bo@example.com", "Bo"))
    house.submit(certificate(house.upload(house.other)), tenant=house.other)

    def names(**query) -> list[str]:
        found, total = house.vault.page(house.mine, VaultQuery(**query))
        assert total == len(found)
        return [one.full_name for one in found]

    assert names() == ["Bo", "Ægir 100%_"]
    assert names(search="ÆGIR") == ["Ægir 100%_"]
    assert names(search="%_") == ["Ægir 100%_"]
    assert names(search="!") == []
    assert names(email="bo@example.com") == ["Bo"]
    assert names(batch_id=batch.uuid) == ["Ægir 100%_"]
    assert names(state="pending", sort=("name", False)) == ["Bo", "Ægir 100%_"]
    assert names(state="failed") == []
    assert names(is_vault=False) == []
    assert names(issued=(0, None)) == []
    [found], _ = house.vault.page(house.mine, VaultQuery(search="bo"))
    assert found.state is VaultState.PENDING
    assert house.vault.find(house.other, found.uuid) is None


def test_a_batch_stands_as_its_job_does(house):
    """Pending, then cancelled without a certificate: failed."""
    batch = NewBatch(str(uuid.uuid4()), "Spring", False, "0" * 24)
    house.submit(certificate(None), batch=batch)
    before = house.vault.batch(house.mine, batch.uuid)

    with house.database.writing() as connection:
        connection.execute(text("UPDATE jobs SET state = 'cancelled', finished_at = 7"))
        connection.execute(text("UPDATE chunks SET state = 'cancelled'"))

    after = house.vault.batch(house.mine, batch.uuid)
    [listed], total = house.vault.batches(house.mine, "failed", 1, 15)
    assert before.state is BatchState.PENDING
    assert after.state is BatchState.FAILED
    assert (listed, total) == (after, 1)
    assert house.vault.batch(house.other, batch.uuid) is None
    assert house.vault.batches(house.other, None, 1, 15) == ([], 0)


def test_what_was_found_out_about_bytes_is_known(house):
    """Whoever sent them: they need not be examined twice."""
    house.upload(house.other)

    assert house.files.known(DIGEST) == (DIGEST, AttachedDocument(DIGEST, 842, 595))
    assert house.files.known("00" * 32) is None
    assert files.document_of(f"{DIGEST} 842.5 595").width == 842.5
