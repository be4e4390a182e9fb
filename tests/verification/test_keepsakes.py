"""What people keep: pictures with a credential inside, and bundles."""

import io
import json
import zipfile

import pikepdf
import pytest

from support.credentials import DID, issuer_key
from support.hostile_credentials import png, text_chunk
from support.verifying import (
    LIST_URL,
    check_of,
    credential,
    status_list,
    told,
    verdict_on,
)
from testamur.issuance.did_web import did_document
from testamur.verification import bundle
from testamur.verification.png import baked, bare, unbaked
from testamur.verification.strict_json import NotReadable
from testamur.verification.verdict import Outcome, Result, Step
from testamur.verification.verify import Wish


def test_what_is_baked_comes_out_again_and_the_picture_is_untouched():
    """Byte for byte, both; baking again replaces what was there."""
    picture = png()

    once = baked(picture, b'{"one": 1}')
    twice = baked(once, b'{"two": 2}')

    assert unbaked(once) == b'{"one": 1}'
    assert unbaked(twice) == b'{"two": 2}'
    assert bare(once) == bare(twice) == picture
    assert baked(picture, b'{"one": 1}') == once


def test_the_chunk_is_that_of_open_badges_3():
    """
    Keyword openbadgecredential, not compressed, no language (5.3); and once more
    under the keyword of version 2, for programs that look for that one.
    """
    once = baked(png(), b"{}")

    assert b"iTXtopenbadgecredential\0\0\0\0\0{}" in once
    assert b"iTXtopenbadges\0\0\0\0\0{}" in once


def test_the_old_keyword_is_read_too():
    """Some put new credentials under the keyword of version 2."""
    data = json.dumps(credential()).encode()

    assert unbaked(png(text_chunk(data, b"openbadges"))) == data


@pytest.mark.parametrize(
    "text",
    [b"https://example.org/1", b'{"@context": "https://w3id.org/openbadges/v2"}'],
)
def test_an_open_badge_of_version_2_is_named(text):
    """It has no signature over what it says, and the answer says so."""
    with pytest.raises(NotReadable, match="version 2") as caught:
        unbaked(png(text_chunk(text, b"openbadges")))
    assert caught.value.code == "open_badges_2"


def test_a_picture_verifies():
    """The picture itself is the certificate."""
    data = json.dumps(credential()).encode()

    verdict = verdict_on(baked(png(), data))

    assert verdict.result is Result.VALID, verdict.spelled()
    assert verdict.came_as == "png"


def made_bundle(**changed):
    """Return a bundle of one of our credentials, without a log proof."""
    parts = {
        "credential": json.dumps(credential()).encode(),
        "page": credential()["id"],
        "name": "Harbour pilot",
        "issuer_url": "https://certificates.example.org/t/harbour/did.json",
        "issuer": json.dumps(did_document(DID, [issuer_key()])).encode(),
        "status": [
            status_list(),
            status_list(purpose="suspension", url=LIST_URL + "/suspension"),
        ],
        "log_proof": "",
        "log_keys": [],
        "checkpoint": "",
        "picture": None,
    } | changed
    return bundle.packed(bundle.entries(**parts))


OFFLINE = Wish(trusts_bundle=True)


def test_a_bundle_is_enough_without_a_network():
    """Keys and status come from it, and the answer says how far to trust them."""
    verdict = verdict_on(made_bundle(), web=None, wish=OFFLINE)

    assert verdict.result is Result.VALID, verdict.spelled()
    assert told(verdict, Step.ISSUER_KEY) == (Outcome.PASSED, "key_from_bundle")
    assert "trust them only if" in check_of(verdict, Step.ISSUER_KEY).detail
    assert "since" in check_of(verdict, Step.STATUS).detail
    assert "made them up" in verdict.summary


def test_what_is_in_a_bundle_counts_only_for_who_says_so():
    """A server that is sent one believes no key that came along."""
    verdict = verdict_on(made_bundle(), web=None)

    assert verdict.result is Result.UNREADABLE
    for step, code in (
        (Step.ISSUER_KEY, "issuer_unreachable"),
        (Step.STATUS, "status_unreachable"),
    ):
        assert told(verdict, step) == (Outcome.NOT_CHECKED, code)


@pytest.mark.parametrize(
    ("places", "suspended", "code"),
    [((1,), (), "revoked"), ((1,), (1,), "suspended"), ((2,), (), "not_revoked")],
)
def test_a_bundle_tells_how_it_stood(places, suspended, code):
    """A set bit is a suspension if the list beside says so, else a revocation."""
    beside = LIST_URL + "/suspension"
    lists = [
        status_list(*places),
        status_list(*suspended, purpose="suspension", url=beside),
    ]

    verdict = verdict_on(made_bundle(status=lists), web=None, wish=OFFLINE)

    assert check_of(verdict, Step.STATUS).code == code


def test_another_picture_in_the_bundle_is_found_out():
    """The credential names the digest of its picture."""
    verdict = verdict_on(
        made_bundle(picture=("image/png", png())), web=None, wish=OFFLINE
    )

    assert told(verdict, Step.IMAGE) == (Outcome.FAILED, "image_changed")


def test_a_bundle_is_the_same_bytes_each_time_and_says_how_to_check_it():
    """Its names are fixed; a stranger finds the way in twenty-odd lines."""
    data = made_bundle()
    assert made_bundle() == data

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        readme = archive.read("README.txt").decode()
        assert all(
            entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist()
        )
    assert names == [
        "README.txt",
        "credential.json",
        "credential.tlog-proof",
        "issuer.did.json",
        "status.revocation.json",
        "status.suspension.json",
        "log.key",
        "log.checkpoint",
    ]
    assert "testamur verify" in readme
    assert len(readme.splitlines()) < 40


def test_moments_that_no_calendar_has_are_no_trouble():
    """Whoever made the bundle may have written any date into its list."""
    listed = [status_list(validFrom="999999999-01-01T00:00:00Z")]

    verdict = verdict_on(made_bundle(status=listed), web=None, wish=OFFLINE)

    assert check_of(verdict, Step.STATUS).spelled()["asOf"] is None


def pdf_with(content: bytes | None) -> bytes:
    """Return a PDF with this attached as `credential.json`; None: with nothing."""
    document = pikepdf.new()
    document.add_blank_page()
    if content is not None:
        document.attachments["credential.json"] = content
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_credential_attached_to_a_pdf_is_judged_as_it_would_be_alone():
    """And whoever reads the verdict is told that the pages are not signed."""
    alone = json.dumps(credential()).encode()

    verdict = verdict_on(pdf_with(alone))

    assert verdict.came_as == "pdf"
    assert verdict.result is verdict_on(alone).result
    assert verdict.says == verdict_on(alone).says
    assert "compare" in check_of(verdict, Step.READING).detail


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pdf_with(None), "pdf_no_credential"),
        (pdf_with(b"%PDF"), "unknown_format"),
        (b"%PDF-1.7 and no more", "pdf_damaged"),
    ],
)
def test_a_pdf_without_a_credential_is_unreadable(data, code):
    """The answer says what is missing."""
    verdict = verdict_on(data)

    assert verdict.result is Result.UNREADABLE
    assert check_of(verdict, Step.READING).code == code
