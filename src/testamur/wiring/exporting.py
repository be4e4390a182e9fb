"""The exit kit: a tenant's certificates as files that any web host can serve."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from testamur.access.audit import OPERATOR
from testamur.adapters.files.export_folder import ExportFolder
from testamur.adapters.sql.audit import append
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.adapters.sql.status_lists import SqlStatusLists
from testamur.core.clock import rfc3339
from testamur.core.refusals import Fault
from testamur.core.text import formula_safe
from testamur.core.words import Certificate, Exported, Tenant
from testamur.issuance.credentials import Credential
from testamur.issuance.did_web import did_of
from testamur.issuance.ports import Kept
from testamur.issuance.published_list import Purpose
from testamur.issuance.read import read
from testamur.tlog.checkpoint import read_checkpoint
from testamur.tlog.note import split_note
from testamur.tlog.proof import LogProof
from testamur.tlog.tiles import contents, published_names
from testamur.tlog.tree import Proofs
from testamur.web.certificate_view import public_facts
from testamur.web.exported import ExportedPages

from .issuers import document_of, document_of_house
from .log import log_vkey
from .office import Office

#: How many certificates are read at once, and proved from one look at the tree.
PAGE = 500

#: Tiles of 8 KiB that are kept.
TILES = 512

COLUMNS = (
    *("certificateId", "referenceNumber", "url", "jobId", "batchId", "row"),
    *("issuedAt", "validUntil", "status", "statusSince", "statusReason", "replacedBy"),
    *("name", "description", "category", "recipientName", "recipientEmail"),
    *("attributes", "image", "imageSha256", "voucherId", "voucherExpiresAt"),
)

README = """\
Certificates of {name}, as of {moment}
{url}

certificates.csv names every recipient with their address. It is for you. Do not
put it on a web server.

Everything else is public, and can be put on any web server that serves files. When
it answers for {host}, under the same paths, every credential here verifies as
it did before, with any verifier of Open Badges 3.0 or W3C Verifiable Credentials:

  c/ID/index.html       the certificate's page, which also opens from a disk
  c/ID/image            its picture (the media type is not in the name: it is in
                        the first bytes, and browsers find it)
  c/ID.pdf              the certificate to print, if it is a PDF; made of a template,
                        it has the credential attached
  c/ID/document         the same under the name that its credential gives it, if its
                        issuer made it
  c/ID.json             the credential; or the facts, if it is older than signing
  c/ID.tlog-proof       that the public log has it (C2SP tlog-proof)
  t/{slug}/did.json     the issuer's keys ({did})
  .well-known/did.json  the server's own DID document, with the log's key
  status/NAME           which certificates were taken back: a signed list
  status/NAME.suspension.json
                        which of those are suspensions; its address was
                        status/NAME/suspension
  log/checkpoint        the log as it was: its size and root, signed
  log/key               the key that signed it
  log/tile/             the log itself (C2SP tlog-tiles)

Serve *.json, and the files in status/, as application/json. If the server has
another name, the credentials still verify from a copy of did.json, but the
addresses in them lead nowhere:

  testamur verify c/ID.json --offline \\
    --issuer-did-document t/{slug}/did.json --status-list status/NAME

How long this stays true. Signatures and proofs in the log: for ever. The status
lists say what was so at {moment}; they name no end, so verifiers go on
believing them. Whoever has the signing key can still issue newer ones; without a
running Testamur nobody can revoke, and nobody sees what was revoked after that
moment. Export again as long as the server runs: what did not change is not
written again, and what was erased since is removed. Copies that you have made of
this directory are yours to mend.
"""


@dataclass(frozen=True)
class _Log:
    """The log as it is when the export begins."""

    size: int
    note: str
    store: SqlLogStore

    def tile(self, level: int, n: int) -> bytes:
        """Return a tile's hashes."""
        found = self.store.tile(level, n)
        if found is None:
            raise Fault(f"log: tile {n} of level {level} is missing", passing=False)
        return found


def export(office: Office, slug: str, target: Path) -> Exported:
    """
    Write all that *slug* issued to *target*, as of now. Memory stays flat.

    After a crash, or to bring it up to date: call it again. Files that are there
    already are not written again; those of persons who were erased since go.

    Raises:
        Refusal: there is no such tenant, or something else is in *target*.
        Fault: something is missing, or cannot be written.
    """
    tenant = office.tenants.find(slug)
    did = did_of(office.public_url, slug)
    folder = ExportFolder(target, {"issuer": did, "tenant": tenant.id})
    moment = office.clock()
    log = _log(office)
    with office.database.writing() as connection:
        append(
            connection,
            at=moment,
            tenant_id=tenant.id,
            actor=OPERATOR,
            act="tenant.export",
            subject=tenant.id,
            detail={"logSize": log.size if log else 0},
        )
    for one in office.certificates.erased_of(tenant.id):
        folder.remove(
            *(f"c/{one}/index.html", f"c/{one}/image", f"c/{one}/document", f"c/{one}"),
            *(f"c/{one}.json", f"c/{one}.tlog-proof", f"c/{one}.pdf"),
        )
    pages = ExportedPages(office.public_url, moment)
    count = 0
    with folder.writing("certificates.csv") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        for kept, credential, proof in _all(office, tenant, log):
            certificate = read(kept)
            lines.writerow(_line(certificate, office.public_url, moment))
            _put(office, folder, pages, slug, certificate, credential, proof, moment)
            count += 1
    if log is not None:
        _put_log(office, folder, log)
    _put_issuer(office, folder, tenant)
    text = README.format(
        name=tenant.name,
        slug=slug,
        did=did,
        url=f"{office.public_url}/t/{slug}",
        host=office.public_url,
        moment=rfc3339(moment),
    )
    folder.put("README.txt", text.encode())
    return Exported(count, folder.written, folder.skipped)


def _log(office: Office) -> _Log | None:
    store = SqlLogStore(office.database)
    published = store.published()
    if published is None:
        return None
    note = published[1]
    return _Log(read_checkpoint(split_note(note)[0]).size, note, store)


def _all(
    office: Office, tenant: Tenant, log: _Log | None
) -> Iterator[tuple[Kept, Credential | None, LogProof | None]]:
    """Give every certificate that is in *log*, and older ones that are in none."""
    tile: Callable[[int, int], bytes] = lru_cache(TILES)(log.tile) if log else _no_tile
    after: str | None = None
    while True:
        page = office.certificates.listing(tenant.id, after=after, limit=PAGE)
        if not page:
            return
        proofs = Proofs(log.size, tile) if log else None
        for kept in page:
            credential = office.credentials.read(kept)
            if credential is None:
                yield kept, None, None
                continue
            assert log is not None
            assert proofs is not None
            index = log.store.place(credential.chunk_id, credential.digest)
            if index is None:
                raise Fault(
                    f"the log does not have the certificate {kept.id}", passing=False
                )
            if index < log.size:  # or it was issued after the export began
                path = tuple(proofs.inclusion(index))
                yield kept, credential, LogProof(index, path, log.note)
        after = page[-1].id


def _no_tile(level: int, n: int) -> bytes:
    raise Fault("there is no log", passing=False)


def _put(
    office: Office,
    folder: ExportFolder,
    pages: ExportedPages,
    slug: str,
    certificate: Certificate,
    credential: Credential | None,
    proof: LogProof | None,
    moment: int,
) -> None:
    name = f"c/{certificate.id}"
    entry = None
    if credential is not None and proof is not None:
        entry = proof.index
        folder.put(f"{name}.json", credential.body)
        folder.put(f"{name}.tlog-proof", proof.text.encode())
    else:
        facts = public_facts(certificate, office.public_url, moment)
        folder.put(f"{name}.json", orjson.dumps(facts))
    page = pages.certificate(certificate, slug=slug, entry=entry)
    folder.put(f"{name}/index.html", page)
    if certificate.has_file:
        _put_drawn(office, folder, certificate)
    elif picture := certificate.picture:
        folder.put_blob(f"{name}/image", office.blobs, picture.digest, picture.size)


def _put_drawn(office: Office, folder: ExportFolder, certificate: Certificate) -> None:
    """Put the file that a certificate is, and its picture, which never change."""

    def pdf() -> bytes:
        made = office.printing.pdf(certificate)
        assert made is not None
        return made

    def picture() -> bytes:
        made = office.printing.picture(certificate, "png")
        assert made is not None
        return made

    folder.put_once(f"c/{certificate.id}.pdf", pdf)
    folder.put_once(f"c/{certificate.id}/image", picture)
    if certificate.facts.document is not None:  # under the name that is signed
        folder.put_once(f"c/{certificate.id}/document", pdf)


def _put_log(office: Office, folder: ExportFolder, log: _Log) -> None:
    folder.put("log/checkpoint", log.note.encode())
    folder.put("log/key", f"{log_vkey(office)}\n".encode())
    names = published_names(0, log.size)
    for path, data in contents(names, log.tile, log.store.leaves):
        folder.put(f"log/{path}", data)


def _put_issuer(office: Office, folder: ExportFolder, tenant: Tenant) -> None:
    for name, document in (
        (f"t/{tenant.slug}/did.json", document_of(office, tenant.slug)),
        (".well-known/did.json", document_of_house(office)),
    ):
        folder.put(name, orjson.dumps(document))
    # Last: so that everything that was taken back meanwhile is in them.
    lists = SqlStatusLists(office.database, office.clock)
    for name in lists.names(tenant.id):
        for purpose, ending in (
            (Purpose.REVOCATION, ""),
            (Purpose.SUSPENSION, ".suspension.json"),
        ):
            body = office.published_lists.read(name, purpose)
            assert body is not None
            folder.put(f"status/{name}{ending}", body)


def _line(one: Certificate, public_url: str, moment: int) -> list[Any]:
    facts, status, picture = one.facts, one.status_at(moment), one.picture
    url = f"{public_url}/c/{one.id}"
    values = (
        *(one.id, one.reference, url, one.job_id, one.batch_id, one.row),
        *(rfc3339(one.issued_at), _moment(one.valid_until), status.state),
        *(_moment(status.since), status.reason, status.replaced_by),
        *(facts.name, facts.description, facts.category, facts.recipient_name),
        *(facts.recipient_email, orjson.dumps(dict(facts.attributes)).decode()),
        f"c/{one.id}/image" if picture or one.has_file else None,
        picture.digest if picture and not one.has_file else None,
        *(one.voucher_id, rfc3339(one.voucher_expires_at)),
    )
    return [
        formula_safe(value) if isinstance(value, str) else value for value in values
    ]


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
