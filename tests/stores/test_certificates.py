"""Reading certificates: one exercise, both databases."""

from collections.abc import Callable
from functools import partial

import pytest

from support.issuing import IssuingWorld, new_picture, row
from testamur.adapters.sql.certificates import SqlCertificates
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate
from testamur.core.clock import DAY
from testamur.core.ids import new_id
from testamur.core.refusals import Refusal
from testamur.core.words import Certificate
from testamur.issuance.read import CertificatePage, find, find_reference, listing


@pytest.fixture
def world(database: Database) -> IssuingWorld:
    """Return a world without a tenant."""
    return IssuingWorld(database)


@pytest.fixture
def certificates(database: Database) -> SqlCertificates:
    """Return what is under test."""
    return SqlCertificates(database)


@pytest.fixture
def pages(certificates: SqlCertificates) -> partial[CertificatePage]:
    """Return `listing`, two certificates to a page."""
    return partial(listing, certificates=certificates, limit=2)


def everything(pages: partial[CertificatePage], tenant_id: str, **only) -> list:
    """Walk through all pages."""
    found: list[Certificate] = []
    after = None
    for _ in range(100):
        page = pages(tenant_id, after=after, **only)
        found += page.certificates
        after = page.next_after
        if after is None:
            return found
    raise AssertionError("the listing does not end")


def rows_of(found: list[Certificate]) -> list[tuple[str, int]]:
    """Return which row of which job each certificate is of."""
    return [(certificate.job_id, certificate.row) for certificate in found]


def test_a_certificate_says_what_its_row_said(world, certificates, pages):
    """
    Found by its id, a certificate has its row's facts, picture, batch and moments.
    """
    tenant = world.tenant("Harbour College")
    issued_at = world.clock()
    job = world.issue(
        tenant,
        [
            row(
                name="  Lotsin \n",
                recipientName="Zoe\u0308 Ångström",
                recipientEmail="zoe@example.org",
                expiryDays="45",
                imageUrl="lotsin.png",
                attribute_grade="A",
                attribute_Course="Tides",
            )
        ],
        batch="Spring",
    )
    (listed,) = everything(pages, tenant)

    found = find(listed.id, certificates=certificates)

    assert found == listed
    assert (found.tenant_name, found.job_id, found.row) == (
        "Harbour College",
        job.id,
        1,
    )
    assert found.batch_id == job.batch_id
    assert found.issued_at == issued_at
    assert found.voucher_expires_at == issued_at + 45 * DAY
    assert found.facts.name == "Lotsin"
    assert found.facts.recipient_name == "Zoë Ångström"
    assert found.facts.recipient_email == "zoe@example.org"
    assert found.facts.attributes == (("grade", "A"), ("Course", "Tides"))
    assert found.picture.digest == new_picture("lotsin.png").digest
    assert len({found.id, found.voucher_id, found.job_id}) == 3


def test_a_reference_is_found_however_it_is_typed(world, certificates, pages):
    """
    A reference read from paper is found in small letters and with space around it.
    """
    tenant = world.tenant()
    world.issue(tenant, [row(), row(name="Other")])
    wanted, _ = everything(pages, tenant)

    for typed in (wanted.reference, f" {wanted.reference.lower()}\n"):
        assert find_reference(typed, certificates=certificates) == wanted


@pytest.mark.parametrize(
    "stranger",
    [
        "",
        "f" * 24,
        "F" * 24,
        "x",
        "0" * 25,
        "' OR 1=1 --",
        "%",
        "\x00",
        "PB-%",
        "ß" * 24,
    ],
)
def test_what_is_no_certificate_is_not_found(world, certificates, stranger):
    """
    Neither unknown ids nor what cannot be one is found, or is an error.
    """
    world.issue(world.tenant(), [row()])

    assert find(stranger, certificates=certificates) is None
    assert find_reference(stranger, certificates=certificates) is None


def test_a_failed_row_has_no_certificate(world, pages):
    """
    Only rows that were issued are listed.
    """
    tenant = world.tenant()
    job = world.issue(tenant, [row(), row(recipientEmail="nobody"), row()])

    assert rows_of(everything(pages, tenant)) == [(job.id, 3), (job.id, 1)]


def test_what_is_not_published_does_not_exist(world, certificates, pages):
    """
    I14: by id, by reference, in listings however narrowed: a certificate is there
    when the checkpoint with its leaf is, and not a moment before.
    """
    tenant = world.tenant()
    world.issue(tenant, [row()])
    (shown,) = everything(pages, tenant)
    job = world.issue(tenant, [row(), row()], batch="Spring", publish=False)
    with world.database.reading() as connection:
        kept = connection.exec_driver_sql(
            "SELECT c.id, c.reference FROM certificates c JOIN jobs j "
            f"ON j.seq = c.job_seq WHERE j.id = '{job.id}' ORDER BY c.number DESC"
        ).fetchall()
    assert len(kept) == 2

    for certificate_id, reference in kept:
        assert find(certificate_id, certificates=certificates) is None
        assert world.vouching.credentials.find(certificate_id) is None
        assert find_reference(reference, certificates=certificates) is None
        assert everything(pages, tenant, reference=reference) == []
    assert everything(pages, tenant) == [shown]
    assert everything(pages, tenant, job_id=job.id) == []
    assert everything(pages, tenant, batch_id=job.batch_id) == []
    assert everything(pages, tenant, email="ada@example.org") in ([], [shown])

    world.vouching.publish()
    assert [one.id for one in everything(pages, tenant)] == [
        *(certificate_id for certificate_id, _ in kept),
        shown.id,
    ]
    for certificate_id, reference in kept:
        found = find(certificate_id, certificates=certificates)
        assert found == find_reference(reference, certificates=certificates)
        assert world.vouching.credentials.find(certificate_id) is not None


def test_a_listing_gives_everything_once_newest_first(world, pages):
    """
    Pages of two through jobs of three, one and no certificates miss and repeat none.
    """
    tenant = world.tenant()
    first = world.issue(tenant, [row()] * 3)
    world.issue(tenant, [row(name="")])
    second = world.issue(tenant, [row()])
    third = world.issue(tenant, [row()] * 3)

    assert rows_of(everything(pages, tenant)) == [
        *((third.id, number) for number in (3, 2, 1)),
        (second.id, 1),
        *((first.id, number) for number in (3, 2, 1)),
    ]


def test_what_is_issued_meanwhile_shifts_no_page(world, pages):
    """
    A page goes on where the one before ended, whatever was issued in between.
    """
    tenant = world.tenant()
    old = world.issue(tenant, [row()] * 4)
    page = pages(tenant)

    world.issue(tenant, [row()] * 3)

    rest = pages(tenant, after=page.next_after)
    assert rows_of([*page.certificates, *rest.certificates]) == [
        (old.id, number) for number in (4, 3, 2, 1)
    ]
    assert rest.next_after is None


def test_a_tenant_sees_nothing_of_another(world, pages):
    """
    Another tenant's certificates are in no listing, whatever it is narrowed to.
    """
    theirs, ours = world.tenant(), world.tenant()
    job = world.issue(theirs, [row()], batch="Spring")
    (their_own,) = everything(pages, theirs)
    world.issue(ours, [row(name="Ours")])

    assert [one.facts.name for one in everything(pages, ours)] == ["Ours"]
    assert everything(pages, ours, job_id=job.id) == []
    assert everything(pages, ours, batch_id=job.batch_id) == []
    assert everything(pages, ours, reference=their_own.reference) == []


@pytest.mark.parametrize("known_to", ["another tenant", "nobody"])
def test_a_cursor_of_another_tenant_is_like_one_that_never_was(world, pages, known_to):
    """
    A place in somebody else's listing is refused just as an invented one.
    """
    ours, theirs = world.tenant(), world.tenant()
    world.issue(ours, [row()])
    world.issue(theirs, [row()])
    (their_own,) = everything(pages, theirs)

    with pytest.raises(Refusal) as refused:
        pages(ours, after=their_own.id if known_to == "another tenant" else new_id())

    assert refused.value.code == "unknown_cursor"


def test_a_listing_can_be_of_one_job_or_batch(world, pages):
    """
    Narrowed to a job or to a batch, a listing has its certificates and no others.
    """
    tenant = world.tenant()
    first = world.issue(tenant, [row()] * 3, batch="Spring")
    world.issue(tenant, [row()] * 2)

    of_first = [(first.id, number) for number in (3, 2, 1)]
    assert rows_of(everything(pages, tenant, job_id=first.id)) == of_first
    assert rows_of(everything(pages, tenant, batch_id=first.batch_id)) == of_first
    assert everything(pages, tenant, job_id=new_id()) == []


def test_a_listing_can_be_of_one_reference(world, pages):
    """
    A reference is in the listing of its tenant, alone.
    """
    tenant = world.tenant()
    world.issue(tenant, [row()] * 3)
    _, wanted, _ = everything(pages, tenant)

    assert everything(pages, tenant, reference=wanted.reference.lower()) == [wanted]
    assert everything(pages, tenant, reference="no such") == []


ADDRESSES = [
    ("ada@example.org", "ada@example.org", True),
    ("ada@example.org", " ADA@Example.Org ", True),
    ("Ada@EXAMPLE.org", "ada@example.org", True),
    ("ada@example.org", "da@example.org", False),
    ("ada@example.org", "ada@example.or", False),
    ("ada@example.org", "a%@example.org", False),
    ("ada@example.org", "ad_@example.org", False),
    ("a_d!a@example.org", "a_d!a@example.org", True),
    ("ada@bu\u0308cher.org", "Ada@b\u00fccher.org", True),
    ("ada@b\u00fccher.org", "ada@bucher.org", False),
    ("ada@example.org", "", False),
    ("ada@example.org", '"', False),
    ("ada@example.org", "@" * 100_000, False),
]


@pytest.mark.parametrize(("written", "asked", "is_found"), ADDRESSES)
def test_a_listing_can_be_of_one_address(world, pages, written, asked, is_found):
    """
    An address finds its own certificates, however it is written, and no others.
    """
    tenant = world.tenant()
    job = world.issue(
        tenant,
        [
            row(recipientEmail="grace@example.org", description=written),
            row(recipientEmail=written),
            row(recipientEmail="zoe@example.org", name=f"For {written}"),
            row(recipientEmail=f"x{written}"),
            row(recipientEmail=written),
        ],
    )

    found = rows_of(everything(pages, tenant, email=asked))

    assert found == ([(job.id, 5), (job.id, 2)] if is_found else [])


def test_a_page_costs_the_same_wherever_it_is(tmp_path):
    """
    In the middle of a large job a page takes as few steps as at the beginning.
    """
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    world = IssuingWorld(database)
    tenant = world.tenant()
    world.issue(tenant, [row()] * 2_000, chunk_rows=1_000)
    page = partial(listing, tenant, certificates=SqlCertificates(database), limit=10)
    tenth = page().next_after
    deep = listing(
        tenant, certificates=SqlCertificates(database), limit=1_500
    ).next_after

    first = steps(database, page)
    assert steps(database, lambda: page(after=tenth)) < 1.5 * first
    assert steps(database, lambda: page(after=deep)) < 1.5 * first
    database.close()


def steps(database: Database, ask: Callable[[], object]) -> int:
    """Return how many times a hundred steps SQLite takes for *ask*."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with database.reading() as connection:
        driver = connection.connection.driver_connection
        driver.set_progress_handler(count, 100)
    ask()
    driver.set_progress_handler(None, 0)
    assert taken, "another connection was used"
    return taken
