"""Settings to adapters to rooms: an `Office` is everything one process needs."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.certificates import SqlCertificates
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.dies import SqlDies
from testamur.adapters.sql.house_state import (
    SqlAddresses,
    house_id,
    known_house_id,
)
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.queue import SqlQueue
from testamur.adapters.sql.registry import SqlRegistry
from testamur.adapters.sql.results import SqlResults
from testamur.adapters.sql.shelf import SqlShelf
from testamur.adapters.sql.steering import SqlDesk
from testamur.config import Settings
from testamur.core.clock import Clock, system_clock
from testamur.core.lifecycle import JobVerb
from testamur.core.refusals import Fault
from testamur.core.words import Letterhead, Tenant
from testamur.jobs.desk import Glances, JobDesk

if TYPE_CHECKING:  # imported when first used: a worker never needs them
    from testamur.access.gate import Gate
    from testamur.access.halt import KillSwitch
    from testamur.access.keys import Keys
    from testamur.access.limits import Limiter
    from testamur.access.passwords import Passwords
    from testamur.access.ports import Meter
    from testamur.access.secret import OperatorSecret
    from testamur.access.sessions import Sessions
    from testamur.access.tenants import Tenants
    from testamur.access.tokens import Tokens
    from testamur.access.users import Users
    from testamur.adapters.files.acts_record import ActsRecord
    from testamur.adapters.sql.access_store import AccessStore
    from testamur.adapters.sql.audit import SqlAuditTrail
    from testamur.adapters.sql.people import SqlPeople
    from testamur.adapters.sql.prints import SqlPrints
    from testamur.adapters.sql.secured_acts import SqlSecuredActs
    from testamur.adapters.sql.uploaded_files import SqlUploadedFiles
    from testamur.delivery.dkim.signing import Dkim
    from testamur.delivery.suppression.listed import Suppressions
    from testamur.delivery.webhooks.endpoints import Webhooks
    from testamur.documents.examination.examiner import Examiner
    from testamur.documents.signers.keeper import Signers
    from testamur.intake.door import Door
    from testamur.issuance.credentials import Credentials
    from testamur.issuance.erasure import Erasures
    from testamur.issuance.keyring import Keyring
    from testamur.issuance.published_list import PublishedLists
    from testamur.issuance.renditions import Renditions
    from testamur.issuance.signing import Signing
    from testamur.issuance.standing import Standings
    from testamur.rendering.typst.typesetting import Typesetting
    from testamur.uploads.files import UploadedFiles
    from testamur.verification.reading_room import ReadingRoom
    from testamur.verification.verify import Verifier

    from .documents import PaperDesk
    from .printing import Printing
    from .sealing import Batches
    from .secret import Secrets
    from .signed_prints import SignedPrints
    from .templates import Templates
    from .thought_industries import Instance
    from .vault import Vault


@dataclass(frozen=True)
class Office:
    """One process's database, files and verbs. Close it when done."""

    settings: Settings
    database: Database
    clock: Clock
    environment: Mapping[str, str]

    @cached_property
    def blobs(self) -> DirectoryBlobs:
        """Uploaded files and pictures."""
        return DirectoryBlobs(self.settings.data / "blobs")

    @property
    def spool(self) -> Path:
        """Where uploads are received; on the file system of the blobs."""
        return self.settings.data / "spool"

    @cached_property
    def queue(self) -> SqlQueue:
        """The chunks that wait."""
        return SqlQueue(self.database, self.clock)

    @cached_property
    def registry(self) -> SqlRegistry:
        """Rows and certificates."""
        return SqlRegistry(
            self.database, self.clock, lambda act: self.acts_record.append(act)
        )

    @cached_property
    def shelf(self) -> SqlShelf:
        """The pictures of every job."""
        return SqlShelf(self.database, self.clock)

    @cached_property
    def jobs_of(self) -> SqlDesk:
        """The jobs of every tenant."""
        return SqlDesk(self.database, self.clock)

    @cached_property
    def certificates(self) -> SqlCertificates:
        """What was issued."""
        return SqlCertificates(self.database)

    @cached_property
    def results(self) -> SqlResults:
        """What became of every row."""
        return SqlResults(self.database)

    @cached_property
    def desk(self) -> JobDesk:
        """What owners ask of their jobs."""
        return JobDesk(self.jobs_of, Glances(self.clock))

    @cached_property
    def door(self) -> "Door":
        """Where submissions come in."""
        from testamur.intake.door import Door

        return Door(
            SqlLedger(self.database, self.clock), self.blobs, self.letterhead_of
        )

    def letterhead_of(self, tenant: Tenant) -> Letterhead:
        """Return how *tenant* vouches for what it issues from now on."""
        from testamur.issuance.did_web import did_of

        return Letterhead(
            did=did_of(self.public_url, tenant.slug),
            name=tenant.name,
            url=f"{self.public_url}/t/{tenant.slug}",
            hides_addresses=not tenant.shows_addresses,
            key_id=self.keyring.current(tenant.id).id,
            public_url=self.public_url,
        )

    @cached_property
    def dies(self) -> SqlDies:
        """What credentials are stamped with."""
        return SqlDies(self.database)

    @cached_property
    def signing(self) -> "Signing":
        """What signs chunks."""
        from testamur.issuance.signing import Signing

        return Signing(self.dies, self.keyring)

    @cached_property
    def templates(self) -> "Templates":
        """What is done with templates."""
        from .templates import Templates

        return Templates(self)

    @cached_property
    def instance(self) -> "Instance":
        """What Thought Industries' clients name."""
        from .thought_industries import Instance

        return Instance(self)

    @cached_property
    def prints(self) -> "SqlPrints":
        """Certificates' files that were made of templates."""
        from testamur.adapters.sql.prints import SqlPrints

        return SqlPrints(self.database)

    @cached_property
    def printing(self) -> "Printing":
        """What draws certificates that have a template."""
        from .printing import Printing

        return Printing(self)

    @cached_property
    def typesetting(self) -> "Typesetting":
        """Where strangers' templates are read and drawn."""
        from testamur.rendering.text.font_house import use_folder
        from testamur.rendering.typst.typesetting import Typesetting

        use_folder(self.settings.fonts)
        return Typesetting()

    @cached_property
    def reading_room(self) -> "ReadingRoom":
        """Where what strangers sent is read."""
        from testamur.verification.reading_room import ReadingRoom

        return ReadingRoom("testamur.wiring.reading_child")

    @cached_property
    def verifier(self) -> "Verifier":
        """What verifies credentials, ours and others'."""
        from .verifying import verifier_of

        return verifier_of(self)

    @cached_property
    def credentials(self) -> "Credentials":
        """What was issued, as others verify it."""
        from testamur.issuance.credentials import Credentials

        return Credentials(self.certificates, self.dies)

    @cached_property
    def renditions(self) -> "Renditions":
        """The same, in formats that somebody asks for."""
        from testamur.adapters.sql.renditions import SqlRenditions
        from testamur.issuance.renditions import Renditions

        return Renditions(
            self.credentials, SqlRenditions(self.database), self.keyring, self.clock
        )

    @cached_property
    def signers(self) -> "Signers":
        """What documents are signed with."""
        from .signers import signers_of

        return signers_of(self)

    @cached_property
    def suppressions(self) -> "Suppressions":
        """Addresses that mails do not go to."""
        from .suppressions import suppressions_of

        return suppressions_of(self)

    @cached_property
    def webhooks(self) -> "Webhooks":
        """Systems that are told of events."""
        from .webhooks import webhooks_of

        return webhooks_of(self)

    @cached_property
    def dkim(self) -> "Dkim":
        """What mails are signed with."""
        from testamur.adapters.sql.dkim_keys import SqlDkimKeys
        from testamur.delivery.dkim.keys import SEALING
        from testamur.delivery.dkim.signing import Dkim

        return Dkim(
            SqlDkimKeys(self.database),
            lambda: self.secret.derive(SEALING),
            self.clock,
        )

    @cached_property
    def timestamps(self) -> Callable[[bytes], bytes] | None:
        """Return who makes a token (RFC 3161) for a digest; None: nobody does."""
        if not self.settings.tsa_url:
            return None
        from testamur.adapters.http.timestamps import TimestampAuthority
        from testamur.documents.pades.timestamps import Timestamps

        authority = TimestampAuthority(
            self.settings.tsa_url, allow=self.settings.fetch_allow
        )
        return Timestamps(authority).token

    @cached_property
    def standings(self) -> "Standings":
        """What takes certificates back."""
        from testamur.adapters.sql.acts import SqlActs
        from testamur.issuance.standing import Standings

        return Standings(SqlActs(self.database), self.acts_record, self.clock)

    @cached_property
    def secured_acts(self) -> "SqlSecuredActs":
        """What was done to credentials that callers had secured."""
        from testamur.adapters.sql.secured_acts import SqlSecuredActs

        return SqlSecuredActs(self.database)

    @cached_property
    def secured_standings(self) -> "Standings":
        """What takes such credentials back."""
        from testamur.issuance.standing import Standings

        return Standings(self.secured_acts, self.acts_record, self.clock)

    @cached_property
    def erasures(self) -> "Erasures":
        """What erases persons."""
        from testamur.adapters.files.mail_folder import MailFolder
        from testamur.adapters.sql.erasures import SqlErasures
        from testamur.issuance.erasure import Erasures

        return Erasures(
            SqlErasures(self.database),
            self.acts_record,
            self.blobs.remove,
            self.clock,
            MailFolder(self.settings.data / "mail").remove,
        )

    @cached_property
    def published_lists(self) -> "PublishedLists":
        """The status lists, signed."""
        from testamur.adapters.processes.engraver import engrave_list_die
        from testamur.adapters.sql.status_lists import SqlStatusLists
        from testamur.issuance.published_list import PublishedLists

        return PublishedLists(
            SqlStatusLists(self.database, self.clock),
            self.dies,
            self.keyring,
            engrave=engrave_list_die,
        )

    @cached_property
    def file_shelf(self) -> "SqlUploadedFiles":
        """Files that were uploaded before it is said what for."""
        from testamur.adapters.sql.uploaded_files import SqlUploadedFiles

        return SqlUploadedFiles(self.database)

    @cached_property
    def uploaded_files(self) -> "UploadedFiles":
        """What is done with them."""
        from testamur.uploads.files import UploadedFiles

        return UploadedFiles(self.file_shelf, self.blobs, self.clock)

    @cached_property
    def examiner(self) -> "Examiner":
        """What looks at uploaded PDFs."""
        from testamur.documents.examination.examiner import Examiner

        return Examiner()

    @cached_property
    def batch_desk(self) -> JobDesk:
        """The jobs that issue nothing: batches of documents."""
        verbs = (JobVerb.SIGN, JobVerb.RESEND)
        return JobDesk(SqlDesk(self.database, self.clock, verbs=verbs))

    @cached_property
    def batches(self) -> "Batches":
        """What is done with many documents at once."""
        from .sealing import Batches

        return Batches(self)

    @cached_property
    def signed_prints(self) -> "SignedPrints":
        """What is done with certificates that their institution signs."""
        from .signed_prints import SignedPrints

        return SignedPrints(self)

    @cached_property
    def paper_desk(self) -> "PaperDesk":
        """What is done with documents that people sign."""
        from .documents import PaperDesk

        return PaperDesk(self)

    @cached_property
    def vault(self) -> "Vault":
        """What is done with certificates whose look somebody uploaded."""
        from .vault import Vault

        return Vault(self)

    @cached_property
    def access_store(self) -> "AccessStore":
        """Tenants, keys, tokens and usage."""
        from testamur.adapters.sql.access_store import AccessStore

        return AccessStore(self.database)

    @cached_property
    def secret(self) -> "OperatorSecret":
        """The operator's secret; made on the first start of an embedded server."""
        return self.secrets.open()

    @cached_property
    def secrets(self) -> "Secrets":
        """Where that secret is."""
        from .secret import Secrets

        return Secrets(self.settings, self.environment, self.database)

    @cached_property
    def record_folder(self) -> Path:
        """
        Where is remembered, outside the data, what no restored backup may undo.

        Raises:
            Fault: not passing, when it is inside the data directory.
        """
        from testamur.adapters.files.secret import secret_path

        with self.database.reading() as connection:
            house = known_house_id(connection)
        if house is None:
            with self.database.writing() as connection:
                house = house_id(connection)
        secret = secret_path(self.settings.secret_file, self.environment)
        # Installations may share the folder: each has its own in it.
        folder = (self.settings.record_dir or secret.parent / "record") / house
        if folder.resolve().is_relative_to(self.settings.data.resolve()):
            raise Fault(
                f"the record folder {folder} is inside the data directory; set "
                "TESTAMUR_RECORD_DIR to one outside, so that a restored backup does "
                "not bring back what was revoked",
                passing=False,
            )
        return folder

    @cached_property
    def acts_record(self) -> "ActsRecord":
        """Every act on certificates, outside the data."""
        from testamur.adapters.files.acts_record import ActsRecord

        return ActsRecord(self.record_folder)

    @cached_property
    def kill_switch(self) -> "KillSwitch":
        """What halts issuing."""
        from testamur.access.halt import KillSwitch
        from testamur.adapters.sql.house_state import SqlSwitch

        return KillSwitch(SqlSwitch(self.database), self.clock)

    @cached_property
    def audit_trail(self) -> "SqlAuditTrail":
        """Who did what."""
        from testamur.adapters.sql.audit import SqlAuditTrail

        return SqlAuditTrail(self.database)

    @cached_property
    def tenants(self) -> "Tenants":
        """The tenants."""
        from testamur.access.tenants import Tenants

        return Tenants(self.access_store, self.clock)

    @cached_property
    def keys(self) -> "Keys":
        """Their API keys."""
        from testamur.access.keys import Keys

        return Keys(self.access_store, self.secret, self.clock)

    @cached_property
    def keyring(self) -> "Keyring":
        """The keys that issuers sign with."""
        from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
        from testamur.issuance import keys
        from testamur.issuance.keyring import Keyring

        return Keyring(
            SqlIssuerKeys(self.database),
            lambda: self.secret.derive(keys.SEALING),
            self.clock,
        )

    @cached_property
    def tokens(self) -> "Tokens":
        """Their tokens."""
        from testamur.access.tokens import Tokens

        return Tokens(self.access_store, self.secret, self.clock)

    @cached_property
    def people(self) -> "SqlPeople":
        """Their users, and what these are logged in with."""
        from testamur.adapters.sql.people import SqlPeople

        return SqlPeople(self.database)

    @cached_property
    def passwords(self) -> "Passwords":
        """What users' passwords are compared with."""
        from testamur.access.passwords import Passwords

        return Passwords(self.secret)

    @cached_property
    def users(self) -> "Users":
        """Who can log in."""
        from testamur.access.users import Users

        return Users(self.people, self.passwords, self.clock)

    @cached_property
    def sessions(self) -> "Sessions":
        """Who is logged in."""
        from testamur.access.sessions import Sessions

        return Sessions(
            people=self.people,
            register=self.people,
            passwords=self.passwords,
            tokens=self.tokens,
            gate=self.gate,
            secret=self.secret,
            clock=self.clock,
        )

    @cached_property
    def gate(self) -> "Gate":
        """Who is calling."""
        from testamur.access.gate import Gate

        return Gate(self.keys, self.tokens, self.clock)

    @cached_property
    def limiter(self) -> "Limiter":
        """How often they may."""
        from testamur.access.limits import Limiter
        from testamur.adapters.sql.meter import PostgresMeter, SqliteMeter

        meter: Meter
        if self.settings.is_embedded:
            meter = SqliteMeter(self.settings.data / "limits.db")
        else:
            meter = PostgresMeter(self.database)
        return Limiter(meter, self.clock)

    @cached_property
    def public_url(self) -> str:
        """
        The address that links are made from, and issuers named by.

        As it is set, or else as it was last: a command beside no server must not
        issue in another issuer's name.
        """
        known = self.settings.public_url or next(iter(self.addresses.known()), None)
        return known or "http://127.0.0.1:8000"

    @cached_property
    def addresses(self) -> SqlAddresses:
        """Where this installation is, and was, reached."""
        return SqlAddresses(self.database)

    @property
    def public_urls(self) -> Sequence[str]:
        """The address in use, and those that were before it."""
        known = self.addresses.known()
        now = self.public_url
        return [now, *(one for one in known if one != now)]

    @property
    def public_host(self) -> str:
        """The host of that address, with its port if it names one."""
        return urlsplit(self.public_url).netloc

    def free(self, *, worker: str | None = None) -> None:
        """Give what a dead *worker* held to others; None: all are dead."""
        self.queue.lapse(worker=worker, all_of_them=worker is None)
        self.shelf.end_fetches(worker=worker)
        self.queue.settle()

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_office(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    environment: Mapping[str, str] | None = None,
) -> Office:
    """
    Open the database and bring it to the newest schema.

    Raises:
        Fault: the database cannot be opened, or is newer than this Testamur.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database)
    migrate(database)
    return Office(
        settings, database, clock, os.environ if environment is None else environment
    )
