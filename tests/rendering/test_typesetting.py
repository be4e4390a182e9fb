"""Templates of strangers: whatever they try, they try in a child, and are refused."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.typesetting import laid, package, row, source, template
from testamur.core.refusals import Reason, Refusal
from testamur.rendering.laid import Laid
from testamur.rendering.package.package import Package
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.typst.typesetting import FOLDER, Typesetting


@pytest.fixture(scope="module")
def typesetting() -> Iterator[Typesetting]:
    """A child that has one second for everything."""
    with Typesetting(seconds_to_prepare=1, seconds_to_draw=1) as made:
        yield made


SOURCE, COMPLEX = "template_source", "template_too_complex"
#: WebAssembly: a memory, and a function f that is a loop.
ENDLESS = bytes.fromhex(
    "0061736d 01000000 01050160 00017f03 02010005 03010001 070e0206 6d656d6f 72790200"
    "01660000 0a0a0108 0003400c 000b000b"
)
HOSTILE = {
    "endless loop": ("#while true {}", SOURCE),
    "endless loops": (
        "#for a in range(99999) { for b in range(99999) { let c = a * b } }",
        COMPLEX,
    ),
    "recursion": ("#let f(n) = f(n + 1)\n#f(0)", SOURCE),
    "words": ("#lorem(3000000)", COMPLEX),
    "numbers": ("#range(2000000000).len()", COMPLEX),
    "doubling": ('#{ let s = "ab"; for i in range(60) { s = s + s } }', COMPLEX),
    "contents": ("#let a = [x]\n#{ for i in range(40) { a = a + a } }\n#a", COMPLEX),
    "pages": ("#for i in range(200000) { pagebreak() }", COMPLEX),
    "a file": ('#read("/etc/passwd")', SOURCE),
    "a folder above": ('#read("../../etc/passwd")', SOURCE),
    "its own process": ('#read("/proc/self/environ")', SOURCE),
    "a package": ('#import "@preview/cetz:0.3.0": *', SOURCE),
    "a local package": ('#import "@local/mine:0.1.0": *', SOURCE),
    "a plugin that is not there": ('#plugin("x.wasm")', SOURCE),
    "a plugin that never ends": (
        f"#plugin(bytes(({', '.join(map(str, ENDLESS))}))).f()",
        COMPLEX,
    ),
}


@pytest.mark.parametrize(("typst", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_source_is_refused_within_seconds(
    typesetting: Typesetting, typst: str, code: str
) -> None:
    """It is refused with a code of its own, and nobody else notices."""
    began = time.monotonic()

    with pytest.raises(Refusal) as refused:
        typesetting.prepare(source(typst))

    assert refused.value.code == code
    assert time.monotonic() - began < 20
    assert "/tmp" not in refused.value.detail


def test_a_certificate_is_drawn_in_the_child(typesetting: Typesetting) -> None:
    """What it draws is what the same typesetter draws anywhere, as PDF and as PNG."""
    made = typesetting.prepare(package(template()))
    one = Package(made.prepared.design, made.prepared.assets)
    values, extras = row(one, "Ana 🎉")
    texts = laid(one, Fonts(), values)

    first = typesetting.pdf(made.prepared.to_bytes(), texts, extras, values)
    second = typesetting.pdf(made.prepared.to_bytes(), texts, extras, values)
    assert made.prepared.plan is not None
    picture = typesetting.png(made.prepared.to_bytes(), texts, extras, ppi=36)

    assert isinstance(first, bytes), first
    assert first.startswith(b"%PDF-")
    assert first == second
    assert isinstance(picture, bytes), picture
    assert picture.startswith(b"\x89PNG")


def test_source_that_fails_for_one_row_fails_that_row(
    typesetting: Typesetting,
) -> None:
    """The row has a reason, be it what the source says or that it never ends."""
    typst = (
        "#let name = json(bytes(sys.inputs.data)).recipientName\n"
        '#if name == "Bo" { panic("no Bo") }\n'
        '#if name == "Cy" { range(2000000000) }\n#name'
    )
    made = typesetting.prepare(source(typst))
    one = Package(made.prepared.design, made.prepared.assets)

    drawn = {}
    for name in ("Ana", "Bo", "Cy", "Di"):
        values, extras = row(one, name)
        drawn[name] = typesetting.pdf(
            made.prepared.to_bytes(), Laid(()), extras, values
        )

    assert isinstance(drawn["Ana"], bytes)
    assert isinstance(drawn["Bo"], Reason)
    assert (drawn["Bo"].code, "no Bo" in drawn["Bo"].message) == (SOURCE, True)
    assert isinstance(drawn["Cy"], Reason)
    assert drawn["Cy"].code == COMPLEX
    assert isinstance(drawn["Di"], bytes)


def test_nothing_is_left_behind() -> None:
    """The folder that a child wrote to is gone when it ends, however it ends."""
    before = set(Path(tempfile.gettempdir()).glob(f"{FOLDER}{os.getpid()}-*"))
    with Typesetting(seconds_to_prepare=1) as made:
        made.prepare(package(template()))
        during = set(Path(tempfile.gettempdir()).glob(f"{FOLDER}{os.getpid()}-*"))

    after = set(Path(tempfile.gettempdir()).glob(f"{FOLDER}{os.getpid()}-*"))
    assert len(during - before) == 1
    assert not (during - before) & after


CUT_OFF = """
import os, socket, sys
from testamur.core.solitude import cut_off
assert cut_off()
for verb in (
    lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1),
    lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    lambda: os.execv("/bin/false", ["false"]),
):
    try:
        verb()
    except OSError:
        continue
    sys.exit(1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these fences")
def test_who_is_cut_off_reaches_nobody() -> None:
    """No connection, not even to this machine, and no other program."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", CUT_OFF, port], check=False, timeout=20
        )

        server.settimeout(0.01)
        with pytest.raises(TimeoutError):
            server.accept()
    assert done.returncode == 0
