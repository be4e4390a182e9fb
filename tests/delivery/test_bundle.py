"""The results of a job as a ZIP."""

import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import text

from support.results import Failed, Issued, cells
from support.strict_zip import read_strictly
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault
from testamur.delivery import bundle as bundle_module

PNG = b"\x89PNG" + bytes(range(256)) * 4
JPEG = b"\xff\xd8" + Random(7).randbytes(300_000) + b"\xff\xd9"


def whole(download) -> bytes:
    """Return all bytes of *download*."""
    return b"".join(download.chunks(0))


@pytest.fixture
def job(world):
    """Return a job at rest: nine certificates on two pictures, and two failures."""
    return job_with_pictures(world)


def job_with_pictures(world, state=JobState.COMPLETED):
    """Return a job of eleven rows, in *state*."""
    # A picture belongs to a job, so that comes first.
    job = world.job(((cells(n), None) for n in range(1, 12)), state=state)
    a = world.picture(PNG, source="a")
    b = world.picture(JPEG, source="b", media_type="image/jpeg")
    again = world.picture(PNG, source="the first under another name")
    issued = [
        (n, Issued((a, b, again)[n % 3])) for n in range(1, 12) if n not in (4, 8)
    ]
    with world.database.writing() as connection:
        world.put_certificates(connection, job.seq, issued)
        world.put_failures(connection, job.seq, [(4, Failed()), (8, Failed())])
    return job


def test_it_holds_the_csv_and_each_certificate_and_each_picture_once(
    world, downloads, job
):
    """
    One metadata file per certificate, named so that files sort like rows, and one
    file per different picture, however often rows name it and under what names.
    """
    members = read_strictly(whole(downloads.zip(job)))

    images = {name: body for name, body in members.items() if name[:7] == "images/"}
    metadata = [name for name in members if name.startswith("metadata/")]
    assert members["results.csv"] == whole(downloads.csv(job))
    assert sorted(images.values()) == sorted([PNG, JPEG])
    assert {(len(name), name.rpartition(".")[2]) for name in images} == {
        (len("images/") + 16 + 4, "png"),
        (len("images/") + 16 + 4, "jpg"),
    }
    assert metadata == [
        f"metadata/{n:02d}-PB-0001{n:08d}.json" for n in range(1, 12) if n not in (4, 8)
    ]
    assert len(members) == 1 + 2 + 9


def test_metadata_says_what_the_certificate_says(world, downloads):
    """
    Keys as markets of tokens read them, our ids and moments beside them, and the
    path of the very picture; values to the letter, formulas too.
    """
    job = world.job([(cells(1, name="=1+1 Ünï"), None)])
    picture = world.picture(PNG, source="a")
    with world.database.writing() as connection:
        world.put_certificates(connection, job.seq, [(1, Issued(picture))])

    members = read_strictly(whole(downloads.zip(job)))
    said = json.loads(members["metadata/1-PB-000100000001.json"])

    assert members[said.pop("image")] == PNG
    assert said == {
        "name": "=1+1 Ünï",
        "description": "Awarded for completing the course",
        "external_url": "https://certificates.example/c/000000010000000000000001",
        "attributes": [{"trait_type": "Course", "value": "Web Development"}],
        "category": "education",
        "recipientName": "John Doe",
        "recipientEmail": "recipient1@example.com",
        "certificateId": "000000010000000000000001",
        "voucherId": "00000001000000000000001f",
        "referenceNumber": "PB-000100000001",
        "issuedAt": "2025-01-15T10:00:00.001Z",
        "expiresAt": "2025-01-15T10:00:01.000Z",
        "jobId": job.id,
        "row": 1,
    }


def test_the_interpreters_own_reader_finds_nothing_wrong(world, downloads, job):
    """
    What unpacks everywhere else unpacks here.
    """
    with zipfile.ZipFile(io.BytesIO(whole(downloads.zip(job)))) as archive:
        assert archive.testzip() is None


@pytest.mark.parametrize("state", list(JobState))
def test_there_is_one_in_every_state(world, downloads, state):
    """
    Its length is always known. Parts of it can be asked for once the job is at rest.
    """
    job = job_with_pictures(world, state)
    download = downloads.zip(job)
    is_at_rest = state not in (JobState.QUEUED, JobState.PROCESSING)

    assert len(whole(download)) == download.size
    assert (download.etag is not None) == is_at_rest
    assert len(read_strictly(whole(download))) == 12


def test_a_job_without_certificates_still_has_its_csv(world, downloads):
    """
    The owner of a failed job learns why, from either download.
    """
    job = world.job([(cells(1), Failed())], state=JobState.FAILED)

    members = read_strictly(whole(downloads.zip(job)))

    assert members == {"results.csv": whole(downloads.csv(job))}


def test_a_later_download_goes_on_where_an_earlier_one_broke(world, downloads, job):
    """
    From every byte on, another call continues the same file under the same tag.
    """
    first = downloads.zip(job)
    data = whole(first)
    again = downloads.zip(job)
    step = 1_999  # a prime: nothing lines up. The writer's own test takes every byte
    offsets = {*range(0, len(data), step), *range(600), len(data) - 1, len(data)}

    assert again.etag == first.etag
    for start in offsets:
        assert b"".join(again.chunks(start)) == data[start:], start


@pytest.mark.parametrize("change", ["certificate", "failure", "address"])
def test_other_content_has_another_tag(world, downloads, job, change):
    """
    Nobody's first half is ever continued with another file's second half.
    """
    before = downloads.zip(job).etag
    if change == "address":
        downloads = replace(downloads, public_url="https://other.example")
    else:
        statement = {
            "certificate": "UPDATE vouchers SET expires_at = 9 WHERE number = 3",
            "failure": "UPDATE failures SET message = 'other' WHERE number = 4",
        }[change]
        with world.database.writing() as connection:
            connection.execute(text(statement))

    assert downloads.zip(job).etag != before


def test_what_is_issued_meanwhile_is_not_in_it(world, downloads):
    """
    A download that began holds what there was when it began, to the byte.
    """
    job = world.job(
        ((cells(n), Issued() if n < 3 else None) for n in range(1, 6)),
        state=JobState.PROCESSING,
    )
    download = downloads.zip(job)
    before = whole(download)
    with world.database.writing() as connection:
        world.put_certificates(connection, job.seq, [(3, Issued()), (5, Issued())])
        world.put_failures(connection, job.seq, [(4, Failed())])

    assert whole(download) == before
    assert len(read_strictly(before)) == 1 + 2
    assert len(read_strictly(whole(downloads.zip(job)))) == 1 + 4


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM failures WHERE number = 4",
        "UPDATE failures SET is_final = FALSE WHERE number = 4",
        "UPDATE failures SET message = 'Invalid image ABC' WHERE number = 4",
        "UPDATE vouchers SET expires_at = 1736935201234 WHERE number = 11",
        "DELETE FROM vouchers WHERE number = 11",
    ],
    ids=["succeeded", "waits", "failed-otherwise", "other-voucher", "no-voucher"],
)
def test_a_row_that_changed_meanwhile_breaks_it(world, downloads, job, change):
    """
    When failed rows are retried, or anything else noted is no longer so before it
    was sent, the rest cannot be had, and that shows: fewer bytes come than announced.
    """
    download = downloads.zip(job)
    with world.database.writing() as connection:
        connection.execute(text(change))

    assert received_before_it_breaks(download) < download.size


@pytest.mark.parametrize("damage", ["shorter", "longer", "other", "empty", "gone"])
@pytest.mark.parametrize("start", [0, 300_000])
def test_a_damaged_picture_breaks_it(world, downloads, job, damage, start):
    """
    Never a valid archive with less in it, nor one picture for another: the bytes
    end before that picture does, also when they began in the middle of it.
    """
    download = downloads.zip(job)
    path = world.blobs.path(digest_of(world, "b"))
    path.chmod(0o600)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(
            {
                "shorter": JPEG[:-1],
                "longer": JPEG + b"!",
                "other": JPEG[:-1] + b"!",
                "empty": b"",
            }[damage]
        )

    received = received_before_it_breaks(download, start)

    assert start + received < download.size - len(PNG)


def received_before_it_breaks(download, start=0) -> int:
    """Return how many bytes come; that it breaks is certain."""
    received: list[bytes] = []
    with pytest.raises(Fault):
        received.extend(download.chunks(start))
    return sum(map(len, received))


def digest_of(world, source: str) -> str:
    """Return the digest of the picture that rows call *source*."""
    with world.database.reading() as connection:
        return connection.scalar(
            text("SELECT digest FROM pictures WHERE source = :source"),
            {"source": source},
        )


def test_pictures_whose_digests_begin_alike_stay_apart(
    world, downloads, job, monkeypatch
):
    """
    Names made of a digest's first digits would collide: all get the whole digest.
    """
    monkeypatch.setattr(bundle_module, "IMAGE_DIGITS", 0)

    members = read_strictly(whole(downloads.zip(job)))

    images = {name: body for name, body in members.items() if name[:7] == "images/"}
    assert images == {
        f"images/{digest_of(world, 'a')}.png": PNG,
        f"images/{digest_of(world, 'b')}.jpg": JPEG,
    }
    said = json.loads(members["metadata/01-PB-000100000001.json"])
    assert members[said["image"]] == JPEG


def test_memory_does_not_grow_with_the_files(world, downloads):
    """
    Of 25,000 certificates a few numbers each are kept: far below what one page of
    the files would take per certificate.
    """
    total = 25_000
    job = world.job((cells(n), Issued()) for n in range(1, total + 1))
    small = replace(job, total=1_000)

    def peak(job):
        """Return the most bytes held at once."""
        tracemalloc.start()
        download = downloads.zip(job)
        for _ in download.chunks(download.size // 2):
            pass
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(small)
    assert peak(job) - peak(small) < 60 * total
