"""Signed notes, checkpoints and tlog-proofs: one spelling each, and no forgery."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.logs import ORIGIN, digest_of, log_key
from testamur.tlog.checkpoint import (
    log_verifiers,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from testamur.tlog.note import (
    COSIGNATURE,
    NotVerified,
    Verifier,
    open_note,
    signature_line,
    verifier,
)
from testamur.tlog.ports import LogState
from testamur.tlog.proof import LogProof, read_proof, verify_proof
from testamur.tlog.tree import Proofs, Tree, leaf_hashes

MOMENT = 1_795_000_000_123


def verifiers(number: int = 1) -> tuple[Verifier, Verifier]:
    """Return how the log's key is named."""
    return log_verifiers(ORIGIN, log_key(number).public)


def note_of(count: int = 9, *, keys: int = 1) -> tuple[str, LogProof, bytes]:
    """Return a checkpoint, the proof of one of its leaves, and that leaf's digest."""
    digests = [digest_of(f"{number}") for number in range(count)]
    tree, tiles = Tree().append(leaf_hashes(b"".join(digests)))
    state = LogState(ORIGIN, count, tree.root(), tree.edge, MOMENT, None)
    note = sign_checkpoint(state, [log_key(n + 1) for n in range(keys)])
    read = {(tile.level, tile.n): tile.hashes for tile in tiles}
    path = Proofs(count, lambda *at: read[at]).inclusion(5)
    return note, LogProof(5, tuple(path), note), digests[5]


def test_a_checkpoint_says_what_was_signed_and_when():
    """
    Name, size, root; the time is in the log's own cosignature, in seconds.
    """
    note, _, _ = note_of(9)

    checkpoint, at = open_checkpoint(note, verifiers())

    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 9)
    assert at == MOMENT // 1000
    assert note.startswith(checkpoint.text + "\n\N{EM DASH} " + ORIGIN + " ")


def test_key_ids_are_those_of_the_specification():
    """
    signed-note: SHA-256 of name, newline, kind and public key; four bytes of it.
    """
    plain, timed = verifiers()
    public = log_key().public

    for by, kind in ((plain, b"\1"), (timed, b"\4")):
        name = ORIGIN.encode()
        assert by.key_id == sha256(name + b"\n" + kind + public).digest()[:4]
        head, key_id, material = by.vkey.split("+", 2)
        assert (head, key_id) == (ORIGIN, by.key_id.hex())
        assert base64.b64decode(material) == kind + public
        assert verifier(by.vkey) == by


def test_unknown_signatures_are_ignored_and_known_ones_must_hold():
    """
    A note may carry signatures of anybody; one known key is enough, and necessary.
    """
    note, _, _ = note_of()
    plain, _ = verifiers()
    stranger = Verifier("stranger.example", log_key(7).public)
    text = note.partition("\n\n")[0] + "\n"
    line = signature_line(stranger, log_key(7).sign, text)
    forged = signature_line(plain, log_key(7).sign, text)

    assert len(open_note(note + line, [plain]).signed) == 1
    assert len(open_note(note + line, [plain, stranger]).signed) == 2
    with pytest.raises(NotVerified, match="nobody whose key is known"):
        open_note(note, [stranger])
    with pytest.raises(NotVerified, match="is wrong"):
        open_note(note + forged, [plain])
    # A stranger's signature does not make it the log's own checkpoint.
    with pytest.raises(NotVerified, match="has not signed"):
        open_checkpoint(note + line, [stranger])


def test_a_cosignature_is_not_a_signature():
    """
    Each kind signs other bytes: one cannot be passed off as the other.
    """
    plain, timed = verifiers()
    note, _, _ = note_of()
    text, _, lines = note.partition("\n\n")
    only_time = text + "\n\n" + lines.split("\n")[1] + "\n"

    with pytest.raises(NotVerified, match="has not signed"):
        open_checkpoint(only_time, [timed])
    raw = base64.b64decode(lines.split("\n")[1].split(" ")[2])
    swapped = base64.b64encode(plain.key_id + raw[12:]).decode()
    with pytest.raises(NotVerified, match="is wrong"):
        open_note(f"{text}\n\n\N{EM DASH} {ORIGIN} {swapped}\n", [plain])


@given(st.data())
def test_a_note_with_one_bit_changed_is_refused(data):
    """
    Of a signed checkpoint no bit can change without its reader noticing.
    """
    note, proof, digest = note_of()
    text = bytearray(proof.text.encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= 1 << data.draw(st.integers(0, 7))

    try:
        changed = text.decode()
        found = verify_proof(changed, digest, verifiers())
    except (UnicodeDecodeError, NotVerified):
        return
    # What still verifies says the same: a signature line that nobody knows.
    assert (found.index, found.checkpoint) == (5, open_checkpoint(note, verifiers())[0])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("log\n9\n", id="no-root"),
        pytest.param("log\n09\n{root}\n", id="zero-padded"),
        pytest.param("log\n-1\n{root}\n", id="negative"),
        pytest.param("log\n+9\n{root}\n", id="plus"),
        pytest.param("log\n9 \n{root}\n", id="space"),
        pytest.param("log\n٩\n{root}\n", id="other-digits"),
        pytest.param("log\n" + "9" * 40 + "\n{root}\n", id="ten-to-the-forty"),
        pytest.param("\n9\n{root}\n", id="no-origin"),
        pytest.param("log\n9\nAAAA\n", id="short-root"),
        pytest.param("log\n9\n{root}", id="no-last-newline"),
        pytest.param("log\n9\n{root}\n\nmore\n", id="empty-extension"),
        pytest.param("log\n9\n{loose}\n", id="base64-with-loose-bits"),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text):
    """
    tlog-checkpoint has one spelling, and no other is read.
    """
    root = base64.b64encode(b"r" * 32).decode()
    loose = root[:-2] + chr(ord(root[-2]) + 1) + "="

    with pytest.raises(NotVerified):
        read_checkpoint(text.format(root=root, loose=loose))


def test_extension_lines_are_read_and_kept():
    """
    A checkpoint of another log may say more, which is signed as well.
    """
    root = base64.b64encode(b"r" * 32).decode()
    text = f"other.example/log\n9\n{root}\nmore\n"

    assert read_checkpoint(text).extensions == ("more",)
    assert read_checkpoint(text).text == text


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+AAAA",
        "name+0000000g+" + base64.b64encode(b"\1" + b"k" * 32).decode(),
        "na me+00000000+" + base64.b64encode(b"\1" + b"k" * 32).decode(),
        "name+00000000+" + base64.b64encode(b"\2" + b"k" * 32).decode(),
    ],
)
def test_what_is_not_a_verifier_key_is_refused(vkey):
    """
    A key whose id does not follow from it is a mistake, and is said to be one.
    """
    with pytest.raises(NotVerified):
        verifier(vkey)


def test_a_proof_is_about_its_own_bytes_alone():
    """
    Offline, from the proof and the log's key; other bytes and other keys fail.
    """
    _, proof, digest = note_of()

    found = verify_proof(proof.text, digest, verifiers())

    assert (found.index, found.checkpoint.size, found.witnesses) == (5, 9, ())
    assert read_proof(proof.text) == proof
    for text, other, keys in [
        (proof.text, digest_of("other"), verifiers()),
        (proof.text, digest, verifiers(2)),
        (proof.text.replace("index 5", "index 4"), digest, verifiers()),
        (proof.text.replace("index 5", "index 05"), digest, verifiers()),
        (proof.text.replace("index 5", "index 9"), digest, verifiers()),
        (proof.text.replace("proof@v1", "proof@v2"), digest, verifiers()),
        (proof.text, digest[:-1], verifiers()),
        (proof.text, b"", verifiers()),
    ]:
        with pytest.raises(NotVerified):
            verify_proof(text, other, keys)


def test_what_nobody_vouches_for_can_be_carried_along():
    """
    The extra line of a tlog-proof is read and written as it is.
    """
    _, proof, digest = note_of()
    more = LogProof(proof.index, proof.path, proof.note, b"hello")

    assert read_proof(more.text) == more
    assert verify_proof(more.text, digest, verifiers()).index == 5


def test_witnesses_are_counted_once_each_and_never_the_log_itself():
    """
    A policy of so many witnesses is met by that many others, with their times.
    """
    note, proof, digest = note_of()
    text = note.partition("\n\n")[0] + "\n"
    keys = [Verifier(f"w{n}.example", log_key(n).public, COSIGNATURE) for n in (5, 6)]
    lines = [
        signature_line(by, log_key(n).sign, text, at=1_000 + n)
        for by, n in zip(keys, (5, 6), strict=True)
    ]
    twice = LogProof(proof.index, proof.path, note + lines[0] * 2)
    both = LogProof(proof.index, proof.path, note + lines[0] + lines[1])
    known = [*verifiers(), *keys]

    found = verify_proof(both.text, digest, known, min_witnesses=2)
    assert found.witnesses == (("w5.example", 1_005), ("w6.example", 1_006))
    assert found.at == MOMENT // 1000
    for short in (proof, twice):
        with pytest.raises(NotVerified, match="of at least 2 witnesses"):
            verify_proof(short.text, digest, known, min_witnesses=2)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\nline\n",
        "text\n\n\N{EM DASH} name AAAAAAAA",
        "text\n\n\N{EM DASH} name AAAA\n",
        "text\n\n\N{EM DASH} na+me AAAAAAAA\n",
        "text\n\n\N{EM DASH} na\N{NO-BREAK SPACE}me AAAAAAAA\n",
        "text\n\n\N{EM DASH} name AAAA AAAA\n",
        "te\rxt\n\n\N{EM DASH} name AAAAAAAA\n",
        "te\ud800xt\n\n\N{EM DASH} name AAAAAAAA\n",
        "text\n\n" + "\N{EM DASH} name AAAAAAAA\n" * 65,
        "t" * 200_000 + "\n\n\N{EM DASH} name AAAAAAAA\n",
    ],
)
def test_what_is_not_a_note_is_refused(note):
    """
    A note that cannot be read is refused in words, never with a stack trace.
    """
    with pytest.raises(NotVerified):
        open_note(note, verifiers())
