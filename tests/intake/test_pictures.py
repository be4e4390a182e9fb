"""What becomes of a picture, whatever it is made of."""

import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from support.images import (
    PNG_START,
    chunk,
    kinds,
    photograph,
    png,
    quarters,
    saved,
    segments,
    shown,
    with_chunk,
)
from support.zips import plain
from testamur.core.refusals import Reason
from testamur.intake.pictures import Decoder, Picture

FRAMES = [Image.new("RGB", (100, 100), (n, n, n)) for n in (0, 100, 200)]
ANIMATED = {"save_all": True, "append_images": FRAMES[1:], "duration": 1}
JPEG = saved(quarters(), "JPEG")
WEBP = saved(quarters(), "WEBP")
PNG = saved(quarters(), "PNG")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>'


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    """One decoder for all: whatever one case does must not harm the next."""
    with Decoder() as decoder:
        yield decoder


REFUSED = {
    "M01-header-claims-65535": (
        PNG_START
        + chunk(b"IHDR", b"\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0")
        + chunk(b"IEND", b""),
        "image_pixels",
    ),
    "M01-jpeg-claims-65535": (
        JPEG.replace(b"\x08\x00\x64\x00\xc8", b"\x08\xff\xff\xff\xff", 1),
        "image_pixels",
    ),
    "M01-webp-claims-16384": (
        b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0",
        "image_pixels",
    ),
    "M02-one-bit-13000": (png(13_000, 13_000, bits=1, colour=0), "image_pixels"),
    "M03-rgb-9000": (png(9_000, 9_000), "image_pixels"),
    "M03-long-side": (png(10_001, 64, bits=1, colour=0), "image_pixels"),
    "M04-ztxt-bomb": (
        with_chunk(PNG, b"zTXt", b"k\0\0" + zlib.compress(bytes(60_000_000), 9)),
        "bad_image",
    ),
    "M04-itxt-bomb": (
        with_chunk(PNG, b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(60_000_000), 9)),
        "bad_image",
    ),
    "M04-iccp-bomb": (
        with_chunk(PNG, b"iCCP", b"k\0\0" + zlib.compress(bytes(200_000_000), 9)),
        "bad_image",
    ),
    "M04-many-ztxt": (
        PNG[:33]
        + chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000), 9)) * 200
        + PNG[33:],
        "bad_image",
    ),
    "M05-gif": (saved(FRAMES[0], "GIF", **ANIMATED), "image_animated"),
    "M05-apng": (saved(FRAMES[0], "PNG", **ANIMATED), "image_animated"),
    "M05-webp": (saved(FRAMES[0], "WEBP", **ANIMATED), "image_animated"),
    "M06-still-gif": (saved(FRAMES[0], "GIF"), "image_format"),
    "M06-eps": (saved(quarters(), "EPS"), "image_format"),
    "M06-tiff": (saved(quarters(), "TIFF"), "image_format"),
    "M06-bmp": (saved(quarters(), "BMP"), "image_format"),
    "M06-icns": (saved(quarters(128, 128), "ICNS"), "image_format"),
    "M06-ico": (saved(quarters(), "ICO"), "image_format"),
    "M06-psd": (b"8BPS\0\1" + bytes(100), "image_format"),
    "M06-fits": (b"SIMPLE  =                    T" + bytes(2850), "image_format"),
    "M06-wmf": (b"\xd7\xcd\xc6\x9a" + bytes(100), "image_format"),
    "M06-emf": (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60), "image_format"),
    "M06-avif": (b"\0\0\0\x20ftypavif" + bytes(100), "image_format"),
    "M06-heic": (b"\0\0\0\x20ftypheic" + bytes(100), "image_format"),
    "M06-pdf": (b"%PDF-1.7\n" + bytes(100), "image_format"),
    "M07-svg-script": (SVG, "image_format"),
    "M07-svg-entities": (ENTITIES, "image_format"),
    "M07-svg-after-bom": (b"\xef\xbb\xbf \n" + SVG, "image_format"),
    "M08-html": (b"<!DOCTYPE html><script>alert(1)</script>", "bad_image"),
    "M08-php": (b"<?php system($_GET['c']); ?>", "bad_image"),
    "M08-zip": (plain("a.png"), "bad_image"),
    "M08-noise": (bytes(range(256)) * 4, "bad_image"),
    "M11-bad-crc": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], "bad_image"),
    "M12-png-no-pixels": (png(100, 100, pixels=b""), "image_truncated"),
    "M11-zero-wide": (png(0, 100, pixels=zlib.compress(b"")), "bad_image"),
    "M12-png": (PNG[:-40], "image_truncated"),
    "M12-png-without-end": (PNG[:-12], "image_truncated"),
    "M12-png-header-only": (PNG[:20], "image_truncated"),
    "M12-jpeg": (JPEG[:-200], "image_truncated"),
    "M12-jpeg-header-only": (JPEG[:10], "image_truncated"),
    "M12-webp": (WEBP[:-40], "image_truncated"),
    "M13-empty": (b"", "image_too_small"),
    "M13-one-pixel": (png(1, 1), "image_too_small"),
    "M13-line": (png(10_000, 1, bits=1, colour=0), "image_too_small"),
    "M13-63": (png(63, 64), "image_too_small"),
    "too-large": (JPEG + bytes(10 * 1024 * 1024), "image_too_large"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_picture_fails_its_row(
    decoder: Decoder, data: bytes, code: str
) -> None:
    """Each has its code, an answer in a blink, and one printable line of text."""
    begun = time.monotonic()

    reason = decoder.normalise(data)

    assert time.monotonic() - begun < 3
    assert isinstance(reason, Reason), reason
    assert reason.code == code
    assert reason.message.isprintable()
    assert reason.message.endswith(".")


def test_m02_the_size_is_named_with_the_remedy(decoder: Decoder) -> None:
    """The person reads what is wrong, what is accepted and what to do."""
    reason = decoder.normalise(png(13_000, 13_000, bits=1, colour=0))

    assert reason == Reason(
        "image_pixels",
        "The image is 13000 x 13000 pixels; at most 25 megapixels and 10000 pixels "
        "a side are accepted. Scale it down.",
    )


def normalised(decoder: Decoder, data: bytes) -> Picture:
    """Return the picture, which must be one."""
    picture = decoder.normalise(data)
    assert isinstance(picture, Picture), picture
    return picture


def cmyk() -> bytes:
    """Return a JPEG as a print shop has it."""
    return saved(quarters().convert("CMYK"), "JPEG", quality=95)


def palette_with_holes() -> bytes:
    """Return a PNG of few colours, one of which is transparent."""
    return saved(quarters().quantize(8), "PNG", transparency=0)


def sixteen_bits() -> bytes:
    """Return a PNG with two bytes for each grey."""
    return saved(Image.new("I;16", (100, 100), 0x8000), "PNG")


SAFE = {
    "jpeg": (JPEG, "image/jpeg", "RGB"),
    "png": (PNG, "image/png", "RGB"),
    "webp": (WEBP, "image/jpeg", "RGB"),
    "webp-lossless": (saved(quarters(), "WEBP", lossless=True), "image/jpeg", "RGB"),
    "webp-opaque-alpha": (
        saved(quarters().convert("RGBA"), "WEBP", lossless=True, exact=True),
        "image/jpeg",
        "RGB",
    ),
    "webp-alpha": (
        saved(Image.new("RGBA", (100, 100), (9, 9, 9, 99)), "WEBP"),
        "image/png",
        "RGBA",
    ),
    "png-alpha": (
        saved(Image.new("RGBA", (100, 100), (9, 9, 9, 99)), "PNG"),
        "image/png",
        "RGBA",
    ),
    "png-opaque-alpha": (saved(quarters().convert("RGBA"), "PNG"), "image/png", "RGB"),
    "jpeg-grey": (saved(quarters().convert("L"), "JPEG"), "image/jpeg", "RGB"),
    "jpeg-progressive": (
        saved(quarters(), "JPEG", progressive=True),
        "image/jpeg",
        "RGB",
    ),
    "jpeg-with-two-views": (
        saved(quarters(), "MPO", save_all=True, append_images=[quarters()]),
        "image/jpeg",
        "RGB",
    ),
    "M11-cmyk": (cmyk(), "image/jpeg", "RGB"),
    "M11-16-bits-grey": (sixteen_bits(), "image/png", "RGB"),
    "M11-16-bits-rgb": (png(100, 100, bits=16), "image/png", "RGB"),
    "M11-one-bit": (png(100, 100, bits=1, colour=0), "image/png", "RGB"),
    "M11-palette": (saved(quarters().quantize(8), "PNG"), "image/png", "RGB"),
    "M11-palette-and-alpha": (palette_with_holes(), "image/png", "RGBA"),
    "M11-grey-and-alpha": (
        saved(Image.new("LA", (100, 100), (9, 99)), "PNG"),
        "image/png",
        "RGBA",
    ),
    "M11-broken-profile": (
        saved(quarters(), "JPEG", icc_profile=b"broken" * 100),
        "image/jpeg",
        "RGB",
    ),
    "M11-profile-of-other-colours": (
        saved(
            quarters(),
            "JPEG",
            icc_profile=ImageCms.ImageCmsProfile(
                ImageCms.createProfile("LAB")
            ).tobytes(),
        ),
        "image/jpeg",
        "RGB",
    ),
    "M12-junk-behind-png": (PNG + b"<script>", "image/png", "RGB"),
    "M12-junk-behind-jpeg": (JPEG + b"<script>", "image/jpeg", "RGB"),
    "Z16-polyglot": (PNG + plain("a.png"), "image/png", "RGB"),
    "64-pixels": (png(64, 64), "image/png", "RGB"),
}


@pytest.mark.parametrize(("data", "media_type", "mode"), SAFE.values(), ids=SAFE)
def test_an_honest_picture_is_drawn_anew(
    decoder: Decoder, data: bytes, media_type: str, mode: str
) -> None:
    """Whatever its colours were, it comes out as RGB or RGBA; junk does not."""
    picture = normalised(decoder, data)

    result = shown(picture.data)
    assert picture.media_type == media_type
    assert result.get_format_mimetype() == media_type
    assert result.mode == mode
    assert result.size == (picture.width, picture.height) == shown(data).size
    assert b"script" not in picture.data
    assert b"PK\3\4" not in picture.data
    assert shown(picture.thumbnail).get_format_mimetype() == (
        picture.thumbnail_media_type
    )


def test_sixteen_bits_are_divided_and_not_clipped(decoder: Decoder) -> None:
    """Half way between black and white stays there."""
    picture = normalised(decoder, sixteen_bits())

    assert shown(picture.data).getpixel((50, 50)) == (128, 128, 128)


def test_print_colours_become_screen_colours(decoder: Decoder) -> None:
    """Red, green and blue survive CMYK."""
    result = shown(normalised(decoder, cmyk()).data)

    colours = [result.getpixel(at) for at in ((25, 25), (150, 25), (25, 75))]
    assert [max(range(3), key=colour.__getitem__) for colour in colours] == [0, 1, 2]


def test_a_wide_colour_profile_is_converted(decoder: Decoder) -> None:
    """The same numbers in another profile are another colour on the screen."""
    # A profile whose red and blue are swapped: the first lie that is easy to see.
    profile = bytearray(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    named = bytes(profile).replace(
        "sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be")
    )
    data = saved(Image.new("RGB", (100, 100), (255, 0, 0)), "PNG", icc_profile=named)

    result = shown(normalised(decoder, data).data)

    assert "icc_profile" not in result.info
    assert result.getpixel((50, 50))[2] > 200


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_m09_the_picture_stands_upright(
    decoder: Decoder, form: str, orientation: int
) -> None:
    """However the camera was held, pixels end where a viewer would put them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    held = quarters() if undo is None else quarters().transpose(undo)

    picture = normalised(decoder, saved(held, form, exif=exif))

    assert (picture.width, picture.height) == (200, 100)
    result = shown(picture.data)
    colours = [result.getpixel(at) for at in ((25, 25), (150, 25), (25, 75))]
    assert [max(range(3), key=colour.__getitem__) for colour in colours] == [0, 1, 2]


def test_m09_a_jpeg_loses_all_it_tells_about_its_origin(decoder: Decoder) -> None:
    """Place, comment and the thumbnail of somebody else are gone."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif.get_ifd(0x8825)[1] = "N"
    data = saved(
        quarters(),
        "JPEG",
        exif=exif,
        comment=b"SECRET" * 10_000,
        icc_profile=SRGB,
    )
    data += b"SECRET"

    picture = normalised(decoder, data)

    for part in (picture.data, picture.thumbnail):
        assert b"SECRET" not in part
        # JFIF, quantisation, frame, Huffman tables: nothing that could tell.
        assert set(segments(part)) <= {0xE0, 0xDB, 0xC0, 0xC4}


def test_m10_a_png_loses_the_credential_of_another_issuer(decoder: Decoder) -> None:
    """Whatever chunks came along, only pixels stay."""
    data = with_chunk(PNG, b"iTXt", b'openbadges\0\0\0\0\0{"SECRET": 1}')
    data = with_chunk(data, b"tEXt", b"Author\0SECRET")
    data = with_chunk(data, b"pHYs", b"\0\0\1\0\0\0\1\0\1")

    picture = normalised(decoder, data)

    assert set(kinds(picture.data)) == {b"IHDR", b"IDAT", b"IEND"}
    assert b"SECRET" not in picture.data


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((960, 640), (480, 320)),
        ((640, 960), (320, 480)),
        ((481, 481), (480, 480)),
        ((200, 100), (200, 100)),
        ((10_000, 64), (480, 3)),
    ],
)
def test_a_thumbnail_fits_its_square(
    decoder: Decoder, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """It keeps the proportions and is never larger than the picture."""
    picture = normalised(decoder, saved(Image.new("RGB", size), "PNG"))

    assert shown(picture.thumbnail).size == expected


def test_the_same_bytes_give_the_same_picture(decoder: Decoder) -> None:
    """In this child and in the next; digests may be compared for ever."""
    inputs = [JPEG, PNG, WEBP, cmyk(), saved(photograph(600, 400), "JPEG")]
    with Decoder() as other:
        for data in inputs:
            assert decoder.normalise(data) == other.normalise(data)


def test_the_child_starts_late_stays_small_and_ends() -> None:
    """Nothing runs before the first picture or after the last; 45 MB in between."""
    with Decoder() as decoder:
        assert children_of_this_test() == []
        normalised(decoder, saved(photograph(1_500, 1_000), "JPEG"))
        (child,) = children_of_this_test()
        assert child.memory_info().rss < 45_000_000

        assert child.environ() == {}

    assert children_of_this_test() == []
    decoder.close()


def children_of_this_test() -> list[psutil.Process]:
    """Return the decoders that were started since the shared one."""
    return [
        child
        for child in psutil.Process().children()
        if child.pid not in SHARED and "picture_child" in " ".join(child.cmdline())
    ]


SHARED: set[int] = set()


@pytest.fixture(autouse=True)
def _remember_the_shared_child() -> None:
    SHARED.clear()
    SHARED.update(child.pid for child in psutil.Process().children())


def test_the_child_is_bounded() -> None:
    """It may not write files, start programs, dump core or take all memory."""
    with Decoder() as decoder:
        normalised(decoder, JPEG)
        (child,) = children_of_this_test()

        assert child.rlimit(psutil.RLIMIT_AS)[1] == 512 * 1024 * 1024
        for none in (psutil.RLIMIT_FSIZE, psutil.RLIMIT_CORE, psutil.RLIMIT_NPROC):
            assert child.rlimit(none) == (0, 0)
        used = sum(child.cpu_times()[:2])
        assert child.rlimit(psutil.RLIMIT_CPU)[0] <= used + 11


@pytest.mark.parametrize("killer", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
def test_m14_a_decoder_that_dies_costs_one_row(killer: signal.Signals) -> None:
    """The row has its reason, and the next picture is decoded as if nothing was."""
    slow = png(5_000, 5_000)
    answers: list[Picture | Reason] = []
    with Decoder() as decoder:
        normalised(decoder, JPEG)
        (child,) = children_of_this_test()
        before = child.cpu_times().user
        asking = threading.Thread(
            target=lambda: answers.append(decoder.normalise(slow))
        )
        asking.start()
        while child.cpu_times().user == before:
            assert asking.is_alive()
        child.send_signal(killer)
        asking.join()

        (reason,) = answers
        assert isinstance(reason, Reason)
        assert reason.code == "image_decoder_crash"
        assert decoder.normalise(JPEG) == normalised(decoder, JPEG)


def test_m14_a_decoder_that_hangs_costs_one_row() -> None:
    """A child that does not answer in time is killed and replaced."""
    with Decoder(seconds_per_picture=0.5) as decoder:
        normalised(decoder, JPEG)
        (child,) = children_of_this_test()
        child.suspend()

        reason = decoder.normalise(JPEG)

        assert isinstance(reason, Reason)
        assert reason.code == "image_decoder_crash"
        assert not child.is_running()
        normalised(decoder, JPEG)


def test_a_child_that_died_between_pictures_is_replaced() -> None:
    """Nobody's row fails for what happened while nobody was served."""
    with Decoder() as decoder:
        normalised(decoder, JPEG)
        (child,) = children_of_this_test()
        child.kill()
        psutil.wait_procs([child], timeout=5)

        normalised(decoder, JPEG)


PARENT = """
import os, sys
from testamur.intake.pictures import Decoder
decoder = Decoder()
decoder.normalise(bytes.fromhex(sys.stdin.readline()))
print("ready", flush=True)
os.read(0, 1)
"""


def test_the_child_dies_with_its_parent() -> None:
    """A parent that is killed leaves no decoder behind, even a stopped one."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(JPEG.hex().encode() + b"\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == b"ready\n"
        (child,) = psutil.Process(parent.pid).children()
        child.suspend()

        parent.kill()

        gone, _ = psutil.wait_procs([child], timeout=5)
        assert gone == [child]


def test_only_the_child_knows_how_to_decode() -> None:
    """The library of decoders is never loaded where secrets are."""
    program = "import sys, testamur.intake.pictures; print('PIL' in sys.modules)"

    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert out.stdout == "False\n"


HEAVY = {
    "jpeg-progressive-turned": saved(
        photograph(5_000, 5_000), "JPEG", quality=60, progressive=True
    ),
    "png-16-bits-alpha": png(5_000, 5_000, bits=16, colour=6),
    "webp": saved(Image.new("RGB", (5_000, 5_000), "red"), "WEBP", method=0),
}


@pytest.mark.parametrize("data", HEAVY.values(), ids=HEAVY)
def test_the_largest_picture_fits_its_bounds(decoder: Decoder, data: bytes) -> None:
    """25 megapixels are decoded within the memory and time of the child."""
    picture = normalised(decoder, data)

    assert (picture.width, picture.height) == (5_000, 5_000)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([JPEG, PNG, WEBP]),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=5),
    st.integers(0, 50),
)
def test_a_damaged_picture_is_drawn_or_refused(
    decoder: Decoder, good: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    """Bytes flipped anywhere: a picture or a reason, and the child lives."""
    data = bytearray(good)
    for at, value in changes:
        data[at % len(data)] = value

    answer = decoder.normalise(bytes(data[: len(data) - cut]))

    if isinstance(answer, Reason):
        assert answer.code != "image_decoder_crash"
        assert answer.message.isprintable()
    else:
        assert shown(answer.data).size == (answer.width, answer.height)
