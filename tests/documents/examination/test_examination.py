"""Examining uploaded PDFs in a child: what may be signed, and every reason why not."""

import os
import signal
import threading
import time

import pytest

from support import hostile_pdfs, pki, uploads
from testamur.core.refusals import Kind, Refusal
from testamur.documents.examination.examiner import Examiner
from testamur.documents.examination.facts import DETAILS
from testamur.documents.pades.sign import sign_pdf
from testamur.documents.pades.wish import SignatureWish

HOSTILE = [(code, name) for code, cases in hostile_pdfs.CASES.items() for name in cases]
WISH = SignatureWish(signed_at=1_795_300_000_000)


@pytest.fixture(scope="module")
def examiner():
    """Return an examiner that all tests of this file share."""
    shared = Examiner()
    yield shared
    shared.close()


@pytest.mark.parametrize(("code", "name"), HOSTILE)
def test_what_must_not_be_signed_is_refused_by_name(examiner, code, name):
    """
    One file per case, and in bounded time; what is said ends with what to do.
    """
    data = hostile_pdfs.CASES[code][name]()
    started = time.monotonic()

    with pytest.raises(Refusal) as caught:
        examiner.examine(data)

    assert (caught.value.kind, caught.value.code) == (Kind.INVALID, code)
    assert "{" not in caught.value.detail
    assert caught.value.detail.endswith(".")
    # The child has ten seconds, and others may keep the machine busy.
    assert time.monotonic() - started < 60


def test_there_is_a_case_for_every_reason():
    """
    No code is said that no test has heard.
    """
    assert set(hostile_pdfs.CASES) == set(DETAILS)


@pytest.mark.parametrize("style", uploads.GOOD)
def test_what_institutions_upload_passes(examiner, style):
    """
    Files of several producers in every style, and the same ones signed once and twice.
    """
    data = uploads.GOOD[style]()
    once = sign_pdf(data, pki.seal("p256"), WISH)
    twice = sign_pdf(once, pki.seal("rsa2048"), WISH, method="reference")

    found = [examiner.examine(each) for each in (data, once, twice)]

    assert [each.signatures for each in found] == [0, 1, 2]
    assert found[0].page_sizes == found[2].page_sizes
    assert found[0].has_form == (style in {"form", "indirect form"})


def test_bytes_that_look_like_a_link_by_chance_make_no_page(examiner):
    """
    Compressed bytes have `<a>` near the beginning once in 800 files.
    """
    plain = uploads.plain()
    comment = plain[plain.index(b"\n%") + 2 :][:4]
    data = plain.replace(comment, b"<a \xe2", 1)

    assert data != plain
    assert examiner.examine(data) == examiner.examine(plain)


def test_facts_are_those_of_the_file(examiner):
    """
    Pages with their sizes as they are shown, forms, and what a certification allows.
    """
    typeset = examiner.examine(uploads.typeset())
    certified = examiner.examine(hostile_pdfs.certified(2))

    assert typeset.pages == 2
    assert [round(side) for side in typeset.page_sizes[0]] == [595, 842]
    assert (typeset.signatures, typeset.docmdp, typeset.has_form) == (0, None, False)
    assert (certified.signatures, certified.docmdp) == (1, 2)


def test_a_signed_file_that_is_odd_in_small_ways_is_examined_too(examiner):
    """
    Its table gives object 0 a generation that is too high: readers do not mind.
    """
    odd = uploads.plain().replace(b" 65535 f", b" 65555 f", 1)

    found = examiner.examine(sign_pdf(odd, pki.seal(), WISH))

    assert found.signatures == 1


def test_a_child_that_died_is_replaced(examiner):
    """
    Whoever comes after a crash finds a new child; one refusal is all that is lost.
    """
    examiner.examine(uploads.plain())
    old = examiner._child._process.pid
    os.kill(old, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (old, signal.SIGKILL)).start()

    with pytest.raises(Refusal) as caught:
        examiner.examine(uploads.plain())

    assert caught.value.code == "pdf_too_complex"
    assert examiner.examine(uploads.plain()).pages == 1
    assert examiner._child._process.pid != old


def test_a_child_is_replaced_after_many_files():
    """
    Whatever files leave behind in it ends with it.
    """
    examiner = Examiner(files_per_child=2)
    seen = set()

    try:
        for _ in range(2):
            examiner.examine(uploads.plain())
            seen.add(examiner._child._process.pid)
            examiner.examine(uploads.plain())
        assert len(seen) == 2
    finally:
        examiner.close()


def test_a_batch_is_examined_quickly_and_by_many_at_once(examiner):
    """
    A hundred certificates from four threads take one child a few seconds at most.
    """
    data, found = uploads.ours(), []

    def work() -> None:
        found.extend(examiner.examine(data).pages for _ in range(25))

    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [1] * 100
    # 168 a second were measured on a busy machine.
    assert time.monotonic() - started < 60
