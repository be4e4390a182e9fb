"""
A certificate's bundle: a ZIP with all that checking it needs, and no network.

The names in it are fixed. Whoever reads one that a stranger made finds at most
`MAX_BYTES` in at most `MAX_ENTRIES` files, whatever the ZIP says of itself.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .strict_json import NotReadable

CREDENTIAL = "credential.json"
LOG_PROOF = "credential.tlog-proof"
ISSUER = "issuer.did.json"
#: Status list credentials as they were when the bundle was made.
STATUS = ("status.revocation.json", "status.suspension.json")
LOG_KEY = "log.key"
CHECKPOINT = "log.checkpoint"
DOCUMENT = "certificate.pdf"  #: for people; nothing here depends on it
PICTURES = {
    "image/png": "picture.png",
    "image/jpeg": "picture.jpg",
    "image/webp": "picture.webp",
}
README = "README.txt"

MAX_ENTRIES = 50
MAX_BYTES = 20 * 1024 * 1024
MAX_PART_BYTES = 5 * 1024 * 1024

#: ZIP's earliest moment.
_EPOCH = (1980, 1, 1, 0, 0, 0)

README_TEXT = """\
How to check this certificate
=============================
{name}
{page}

With any tool for W3C Verifiable Credentials or Open Badges 3.0: check the file
credential.json. With Testamur, on any computer, without a network:

    testamur verify {file} --offline

By hand:
1. credential.json is the certificate. Its "proof" is an Ed25519 signature of the
   W3C Data Integrity suite eddsa-rdfc-2022 over every word of it.
2. issuer.did.json has the issuer's public keys, copied from
   {issuer}
   Compare it with the issuer's own site, or with a copy you trust: whoever forges
   a certificate can forge this copy as well.
3. status.*.json are the lists of what was revoked and suspended when this bundle
   was made (see "validFrom" in them). Newer ones are at the addresses they name.
   The certificate's place is "statusListIndex"; a 1 there means: taken back.
4. credential.tlog-proof (C2SP tlog-proof) shows that the SHA-256 of
   credential.json is a leaf of the public log whose key is log.key. Keep both:
   the log cannot deny it later. log.checkpoint is the log as it was then.
5. picture.* is what the certificate looks like. It proves nothing by itself.
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bundle holds."""

    credential: bytes
    log_proof: str = ""
    issuer: str = ""
    status: Sequence[str] = ()
    log_keys: Sequence[str] = ()
    checkpoint: str = ""
    #: Digests of the picture (hex) by hash.
    picture: Mapping[str, str] | None = None

    def spelled(self) -> dict[str, Any]:
        """Return what came along with the credential."""
        return {
            "logProof": self.log_proof,
            "issuer": self.issuer,
            "status": list(self.status),
            "logKeys": list(self.log_keys),
            "checkpoint": self.checkpoint,
            "picture": dict(self.picture) if self.picture else None,
        }


def entries(
    *,
    credential: bytes,
    page: str,
    name: str,
    issuer_url: str,
    issuer: bytes,
    status: Sequence[bytes],
    log_proof: str,
    log_keys: Sequence[str],
    checkpoint: str,
    picture: tuple[str, bytes] | None,
    document: bytes | None = None,
) -> list[tuple[str, bytes]]:
    """
    Return the files of a bundle, in their order: name and content.

    *status* has the list of revocations, then that of suspensions. *picture* is its
    media type and bytes; *document* is a PDF of the certificate.
    """
    title = " ".join(name.split())
    text = README_TEXT.format(
        name=title, page=page, issuer=issuer_url, file=page.rpartition("/")[2] + ".zip"
    )
    found = [
        (README, text.encode()),
        (CREDENTIAL, credential),
        (LOG_PROOF, log_proof.encode()),
        (ISSUER, issuer),
        *zip(STATUS, status, strict=False),
        (LOG_KEY, "".join(f"{key}\n" for key in log_keys).encode()),
        (CHECKPOINT, checkpoint.encode()),
    ]
    if picture is not None and picture[0] in PICTURES:
        found.append((PICTURES[picture[0]], picture[1]))
    if document is not None:
        found.append((DOCUMENT, document))
    return found


def packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return *files* as a ZIP: the same files make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def opened(data: bytes) -> Parts:
    """
    Return what the bundle *data* holds.

    Raises:
        NotReadable: it is no ZIP, is too large inside, has a name twice, or no
            credential.
    """
    files = _files(data)
    if CREDENTIAL not in files:
        raise NotReadable(
            "bundle_credential", f"The bundle has no file {CREDENTIAL} in it."
        )
    picture = next((files[name] for name in PICTURES.values() if name in files), None)
    return Parts(
        files[CREDENTIAL],
        _text(files, LOG_PROOF),
        _text(files, ISSUER),
        [_text(files, name) for name in STATUS if name in files],
        _text(files, LOG_KEY).split(),
        _text(files, CHECKPOINT),
        digests_of(picture) if picture is not None else None,
    )


def digests_of(data: bytes) -> dict[str, str]:
    """Return the digests (hex) of *data* that a credential may name."""
    hashes = ("sha256", "sha384", "sha512")
    return {name: hashlib.new(name, data).hexdigest() for name in hashes}


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files.get(name, b"").decode()
    except UnicodeDecodeError:
        raise NotReadable("bundle_text", f"{name} is not UTF-8.") from None


def _files(data: bytes) -> dict[str, bytes]:
    wanted = {
        CREDENTIAL,
        LOG_PROOF,
        ISSUER,
        *STATUS,
        LOG_KEY,
        CHECKPOINT,
        *PICTURES.values(),
    }
    damaged = NotReadable("bundle_damaged", "The bundle is damaged, or no ZIP.")
    found: dict[str, bytes] = {}
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            if len(listed) > MAX_ENTRIES:
                raise NotReadable(
                    "bundle_entries", f"The bundle has over {MAX_ENTRIES} files."
                )
            for entry in listed:
                if entry.filename not in wanted:
                    continue
                if entry.filename in found:
                    raise NotReadable(
                        "bundle_twice", f"The bundle has {entry.filename} twice."
                    )
                most = min(
                    left,
                    MAX_PART_BYTES if "picture" not in entry.filename else MAX_BYTES,
                )
                with archive.open(entry) as file:
                    content = file.read(most + 1)
                    if len(content) > most:
                        raise NotReadable(
                            "bundle_too_large", "The bundle is too large inside."
                        )
                    file.read(1)  # to the end: that is where the checksum is
                left -= len(content)
                found[entry.filename] = content
    except (
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise error if isinstance(error, NotReadable) else damaged from None
    return found
