"""Signing a PDF: the fast way, or by the reference signer."""

from collections.abc import Callable

from testamur.core.refusals import Fault

from ..ports import Draws, Seal
from .incremental import sign_incrementally
from .structure import Declined, corrupt
from .wish import Level, Method, SignatureWish


def sign_pdf(
    data: bytes,
    seal: Seal,
    wish: SignatureWish,
    *,
    method: Method | str = Method.FAST,
    timestamp: Callable[[bytes], bytes] | None = None,
    draw: Draws | None = None,
) -> bytes:
    """
    Return *data* with one more signature: an update that leaves its bytes alone.

    *data* has been examined (`documents.examination`). *timestamp* returns a token
    (RFC 3161) for a digest, and is needed above B-B; *draw* is for a visible stamp. It
    writes nothing: after a crash, run it again.

    Raises:
        Refusal: INVALID `pdf_corrupt`, `pdf_encrypted`, `no_such_page` or
            `stamp_undrawable`.
        Fault: when the seal, or the timestamp, cannot be had.
    """
    if wish.level is Level.B_B:
        timestamp = None
    elif timestamp is None:
        raise Fault("a signature at B-T, and nobody to make timestamps", passing=False)
    if wish.visible is not None and draw is None:
        raise Fault("a visible signature, and nothing that draws", passing=False)
    if Method(method) is Method.FAST:
        try:
            return sign_incrementally(data, seal, wish, timestamp=timestamp, draw=draw)
        except Declined:
            pass
    if wish.visible is not None:
        # What our hand does not understand, it does not draw on.
        raise corrupt()
    # pyHanko takes 0.3 s to import; who never needs it need not.
    from .reference import sign_by_reference

    return sign_by_reference(data, seal, wish, timestamp=timestamp)
