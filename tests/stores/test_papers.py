"""Documents and who signs them: one exercise, on both databases."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from uuid import uuid4

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from support.clocks import HandClock
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.papers.store import SqlPapers
from testamur.adapters.sql.uploaded_files import SqlUploadedFiles
from testamur.core.clock import DAY, MINUTE
from testamur.core.lists import Query
from testamur.core.papers import (
    Answer,
    DocumentStatus,
    FileKind,
    Invited,
    Level,
    NewDocument,
    RequestStatus,
    SignatoryFields,
    TypeFields,
)
from testamur.core.refusals import Refusal
from testamur.core.words import KeptFile
from testamur.documents.files import Documents, seal
from testamur.documents.kinds import Kinds
from testamur.documents.links import token_of
from testamur.documents.people import People
from testamur.documents.ports import Examined, Recorded
from testamur.documents.recording import Recorder
from testamur.documents.requests import Requests, resend_within
from testamur.documents.signing import Signing

KEY = b"k" * 32
PDF = b"%PDF-1.7\n%%EOF"


class Shelf(dict):
    """Bytes under their digests."""

    def put(self, data):
        """Keep *data*."""
        digest = hashlib.sha256(data).hexdigest()
        self[digest] = data
        return digest

    def open(self, digest):
        """Open what is kept."""
        return BytesIO(self[digest])


class House:
    """The whole room on one database."""

    def __init__(self, database):
        self.database = database
        self.clock = HandClock()
        self.blobs = Shelf()
        self.papers = SqlPapers(database, "example.org")
        self.tenant = AccessRoom(database).tenant("acme").id
        self.kinds = Kinds(self.papers, self.clock)
        self.people = People(self.papers, self.clock)
        self.documents = Documents(
            self.papers, self.blobs, lambda _: Examined(), self.clock
        )
        self.requests = Requests(self.papers, lambda: KEY, self.clock)
        self.signing = Signing(self.papers, self.clock)

    def document(self, *names, in_order=None):
        """Make a document that *names* are asked to sign."""
        number = uuid4().hex
        data = PDF + number.encode()
        file = KeptFile(
            id=str(uuid4()),
            tenant_id=self.tenant,
            digest=self.blobs.put(data),
            original_name="a.pdf",
            media_type="application/pdf",
            extension="pdf",
            size=len(data),
            created_at=self.clock(),
            used_at=None,
            used_for=None,
            expires_at=None,
        )
        SqlUploadedFiles(self.database).put([file])
        kind = self.kinds.create(self.tenant, TypeFields(description="Contract"))
        new = NewDocument("Of Ada", kind.id, file.id, None, "module_uuid", ())
        document = self.documents.create(self.tenant, new, by="key")
        if names:
            invited = [
                Invited(f"signers.{n}", None, SignatoryFields(one, f"{one}@x.example"))
                for n, one in enumerate(names)
            ]
            self.requests.link(self.tenant, document.id, invited, in_order=in_order)
            self.requests.send(self.tenant, document.id, by="key")
        return self.documents.find(self.tenant, document.id)

    def token(self, document, place):
        """Return what the link of the signatory at *place* has in it."""
        return token_of(KEY, self.papers.requests(document.id)[place].uuid)

    def answer(self, document, place, *, is_signed=True, name="Ada"):
        """Have the signatory at *place* answer."""
        seen = self.papers.versions(document.id)[-1].digest
        said = Answer(is_signed, name, None, seen, "192.0.2.1", "Browser")
        return self.signing.answer(self.token(document, place), said)

    def status(self, document):
        """Return how the document stands."""
        return self.documents.find(self.tenant, document.id).status

    def mails(self):
        """Return how many messages there are."""
        with self.database.reading() as connection:
            return connection.scalar(text("SELECT count(*) FROM outbox"))

    def resend(self, *documents):
        """Ask again."""
        with self.papers.changing() as changes:
            # In one order for everybody, as the rows of a chunk are.
            found = {
                one.id: resend_within(
                    changes,
                    changes.document(self.tenant, one.id),
                    self.clock(),
                    by="key",
                )
                for one in sorted(documents, key=lambda one: one.id)
            }
        return [found[one.id] for one in documents]


@pytest.fixture
def house(database):
    """Return a house in which everything must agree when the test ends."""
    house = House(database)
    yield house
    assert list(violations(database)) == []


def test_a_document_goes_from_draft_to_signed(house):
    """Each step shows, and the last signature makes it so."""
    document = house.document("ada", "bob")
    assert house.status(document) is DocumentStatus.PENDING
    assert house.mails() == 2

    house.answer(document, 0)
    assert house.status(document) is DocumentStatus.PENDING
    house.answer(document, 1)

    found = house.documents.find(house.tenant, document.id)
    assert (found.status, found.signed_at) == (DocumentStatus.SIGNED, house.clock())
    statuses = [one.status(house.clock()) for one in house.documents.requests(found)]
    assert statuses == [RequestStatus.SIGNED] * 2


def test_of_many_answers_at_once_one_is_kept(house):
    """Whoever comes later is shown it; the last signature is noticed once."""
    document = house.document("ada", "bob")

    def answer(number):
        return house.answer(document, number % 2, name=f"Name {number}")

    with ThreadPoolExecutor(8) as pool:
        views = list(pool.map(answer, range(16)))

    for place in (0, 1):
        kept = {view.request.typed_name for view in views[place::2] if view}
        kept.discard(None)  # who looked before it was committed
        assert len(kept) == 1
    assert house.status(document) is DocumentStatus.SIGNED


def test_a_refusal_settles_it_for_all(house):
    """And nobody can sign afterwards."""
    document = house.document("ada", "bob")

    house.answer(document, 0, is_signed=False)
    view = house.answer(document, 1)

    assert house.status(document) is DocumentStatus.REFUSED
    assert view.request.signed_at is None


def test_in_order_each_is_asked_in_turn(house):
    """The next mail is in the transaction of the signature before."""
    document = house.document("ada", "bob", in_order=True)
    assert house.mails() == 1
    assert house.signing.look(house.token(document, 1)) is None

    house.answer(document, 0)

    assert house.mails() == 2
    assert house.signing.look(house.token(document, 1)).can_answer


def test_nobody_is_written_to_twice_in_a_minute(house):
    """Each open request is asked once more, and then not again."""
    first, second = house.document("ada", "bob"), house.document("cyd")
    house.clock.pass_seconds(61)
    assert house.mails() == 3

    results = [house.resend(first, second) for _ in range(2)]

    assert [one.recipients for one in results[0]] == [2, 1]
    assert [one.code for one in results[1]] == ["too_soon"] * 2
    assert house.mails() == 6


def test_resending_at_once_from_many_sides_sends_once(house):
    """Eight calls over the same documents, in both orders: one mail each."""
    documents = [house.document("ada"), house.document("bob")]
    house.clock.now += MINUTE + 1

    def resend(number):
        return house.resend(*documents[:: 1 if number % 2 else -1])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(resend, range(8)))

    assert house.mails() == 4


def test_a_request_that_expired_can_be_asked_for_again(house):
    """It cannot be answered meanwhile, and can with the same link afterwards."""
    document = house.document("ada")
    house.clock.now += 31 * DAY
    assert not house.answer(document, 0).can_answer
    assert house.status(document) is DocumentStatus.PENDING

    house.resend(document)

    assert house.answer(document, 0).request.signed_at == house.clock()


def test_a_newer_file_has_to_be_read_first(house):
    """An answer to the old one is refused; once sealed, what was sealed is shown."""
    document = house.document("ada")
    [original] = house.papers.versions(document.id)
    sealed = house.blobs.put(b"sealed")
    with house.papers.changing() as changes:
        current = changes.document(house.tenant, document.id)
        values = {"digest": sealed, "size": 6, "level": Level.B_B, "now": house.clock()}
        assert seal(changes, current, of="0" * 64, **values) is None
        assert seal(changes, current, of=original.digest, **values) is not None
    token = house.token(document, 0)

    with pytest.raises(Refusal) as refused:
        house.signing.answer(token, Answer(True, "A", None, original.digest, "", ""))

    assert refused.value.code == "document_changed"
    assert house.signing.look(token).version.digest == sealed
    assert house.answer(document, 0).request.seen_digest == sealed


def test_a_record_is_made_once_whoever_makes_it(house):
    """Two at once, and again: one version, one record."""
    document = house.document("ada")
    house.answer(document, 0)
    recorder = Recorder(
        house.papers,
        house.blobs,
        lambda said, data: Recorded(b"record", data + b"record" if data else None),
        lambda uuid: f"https://x.example/{uuid}",
        house.clock,
    )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: recorder.ensure(document.id), range(2)))
    assert recorder.catch_up() == []

    kinds = [one.kind for one in house.papers.versions(document.id)]
    assert kinds == [FileKind.ORIGINAL, FileKind.RECORDED]
    assert house.papers.unrecorded(0, 9) == []
    assert house.papers.files() <= set(house.blobs)


def test_lists_are_the_tenants_own(house, database):
    """Filtered and sorted, with the number of all; another's are not there."""
    other = AccessRoom(database).tenant("other").id
    made = [house.document() for _ in range(3)]
    house.document("ada")

    def listed(**query):
        found = house.documents.list(house.tenant, Query(**query))
        return [one.id for one in found.items], found.total

    ids = [one.id for one in made]
    assert listed(where=(("status", "draft"),), per_page=2) == (ids[:2], 3)
    assert listed(
        where=(("status", "draft"),), sort=("id", True), page=2, per_page=2
    ) == (
        ids[:1],
        3,
    )
    assert listed(where=(("document_type_id", "nothing"),)) == ([], 0)
    assert listed(where=(("module_uuid", None),))[1] == 4
    assert house.documents.list(other, Query()).total == 0
    assert house.people.list(house.tenant, Query(where=(("name", "ada"),))).total == 1
