"""Why a certificate can be believed: for its page."""

from functools import cached_property

from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
from testamur.core.clock import SECOND
from testamur.issuance.read import find_kept
from testamur.tlog.checkpoint import Checkpoint, log_verifiers, read_checkpoint
from testamur.tlog.note import COSIGNATURE, Verifier, open_note, verifier
from testamur.tlog.proof import read_proof
from testamur.web.trust_view import Trust

from .log import log_key, log_origin, log_reader
from .office import Office


class Trusts:
    """Who signed each certificate of *office*, and where the log has it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._reader = log_reader(office)
        self._keys = SqlIssuerKeys(office.database)
        self._opened: tuple[str, dict[str, int], Checkpoint] = (
            "",
            {},
            Checkpoint("", 0, b""),
        )

    def of(self, certificate_id: str) -> Trust | None:
        """
        Return why a certificate can be believed; None if it is not signed.

        Raises:
            Refusal: GONE, when its person was erased.
            Fault: the log does not have what was published.
        """
        office = self._office
        kept = find_kept(certificate_id, certificates=office.certificates)
        credential = office.credentials.read(kept) if kept else None
        if kept is None or credential is None:
            return None
        letterhead, seal = kept.profile.letterhead, kept.seal
        assert letterhead is not None
        assert seal is not None
        key = self._keys.find(seal.key_id)
        text = self._reader.proof(credential.chunk_id, credential.digest)
        proof = read_proof(text)
        checkpoint, signed_at = self._open(proof.note)
        return Trust(
            did=letterhead.did,
            name=letterhead.name,
            page=letterhead.url,
            key_id=seal.key_id,
            key_revoked_at=key.revoked_at if key else None,
            index=proof.index,
            size=checkpoint.size,
            # The log's own cosignature says when it signed.
            checkpoint_at=signed_at.get(checkpoint.origin),
            witnesses=tuple(
                (name, at)
                for name, at in sorted(signed_at.items())
                if name != checkpoint.origin
            ),
            proof=text,
        )

    def _open(self, note: str) -> tuple[Checkpoint, dict[str, int]]:
        """Return the checkpoint, and when each known key co-signed it."""
        known, signed_at, checkpoint = self._opened
        if known != note:  # the same for every page until the log grows
            opened = open_note(note, self._verifiers)
            checkpoint = read_checkpoint(opened.text)
            signed_at = {
                one.by.name: one.at * SECOND
                for one in opened.signed
                if one.by.kind == COSIGNATURE and one.at
            }
            self._opened = (note, signed_at, checkpoint)
        return checkpoint, signed_at

    @cached_property
    def _verifiers(self) -> list[Verifier]:
        office = self._office
        own = log_verifiers(log_origin(office), log_key(office.secret).public)
        return [*own, *(verifier(vkey) for vkey, _ in office.settings.log_witnesses)]
