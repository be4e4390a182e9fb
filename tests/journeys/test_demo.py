"""`make demo` does what it says, and says it when it cannot."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("demo")

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.py"

#: Enough for three wrong rows.
ROWS = 240


def arguments(folder: Path, *more: str) -> list[str]:
    """Return the command line of a small demo in *folder*."""
    return [
        sys.executable,
        str(DEMO),
        *("--rows", str(ROWS)),
        *("--folder", str(folder)),
        *more,
    ]


def run(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a small demo in *folder* to its end."""
    return subprocess.run(
        arguments(folder, *more),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def is_listened_on(url: str) -> bool:
    """Say whether anybody answers at *url*."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[subprocess.CompletedProcess, Path]:
    """Return a demo that ran, and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "here"
    # A stranger's settings point at real data; the demo must not touch that.
    elsewhere = folder.with_name("elsewhere")
    return run(folder, TESTAMUR_DATA=str(elsewhere)), folder


def test_the_demo_ends_well_and_sums_up(demo):
    """
    The demo ends with 0, and its summary counts every row once.
    """
    done, _ = demo

    assert done.stderr == ""
    assert done.returncode == 0
    assert f"237 certificates and 3 failed rows from {ROWS} rows" in done.stdout
    assert "everything is as it should be" in done.stdout


def test_the_demo_says_of_each_failed_row_what_is_wrong(demo):
    """
    Failures are shown in the words that a client of the API gets.
    """
    done, _ = demo

    assert len(re.findall(r"^ +row \d+ ", done.stdout, re.MULTILINE)) == 3
    assert 'Invalid email format: "not an address"' in done.stdout


def test_the_demo_is_plain_in_a_pipe(demo):
    """
    Whoever redirects the output gets no colours, and one line per step.
    """
    done, _ = demo

    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout


def test_the_demo_leaves_no_server_and_says_how_to_start_it_again(demo):
    """
    The server ends with the demo; the command printed serves the same page again.
    """
    done, folder = demo
    (url,) = re.findall(r"and open +(http://\S+)", done.stdout)
    (command,) = re.findall(r"^ +(cd .* serve --port \d+)$", done.stdout, re.MULTILINE)

    assert not is_listened_on(url)
    again = subprocess.Popen(
        command.replace("&& ", "&& exec "),
        shell=True,
        cwd=Path.cwd(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "ready at " + url.partition("/c/")[0] in again.stdout.readline()
        page = httpx.get(url, trust_env=False).text
    finally:
        again.terminate()
        again.wait(30)
    assert "Northlight University" in page
    assert (folder / "results.csv").stat().st_size > 0
    assert (folder / "results.zip").stat().st_size > 0


def test_the_demo_touches_nobody_elses_data(demo):
    """
    Settings of the person who runs it do not lead the demo to their data.
    """
    _, folder = demo

    assert (folder / "data" / "testamur.db").exists()
    assert not folder.with_name("elsewhere").exists()


def test_the_demo_empties_no_folder_but_its_own(tmp_path):
    """
    A folder with other things in it is refused and left as it is.
    """
    (tmp_path / "thesis.txt").write_text("years of work")

    done = run(tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith("demo: ")
    assert (tmp_path / "thesis.txt").exists()


def test_a_demo_whose_server_does_not_start_says_why(tmp_path):
    """
    A server that ends at once costs one clear line, and the demo fails.
    """
    broken = tmp_path / "testamur"
    broken.write_text("#!/bin/sh\necho 'testamur: the roof is missing' >&2\nexit 3\n")
    broken.chmod(0o755)

    done = run(tmp_path / "demo", "--command", str(broken))

    assert done.returncode == 1
    assert done.stderr == (
        "demo: the server ended with status 3: testamur: the roof is missing\n"
    )


def test_a_demo_whose_server_breaks_says_at_what(tmp_path):
    """
    A server that cannot store the job costs one clear line, and the demo fails.
    """
    done = run(tmp_path / "demo", TESTAMUR_FAILPOINTS="upload.before_commit=raise")

    assert done.returncode == 1
    assert done.stderr.startswith("demo: POST /api/bulk-mint was answered with 500: ")
    assert done.stderr.count("\n") == 1
    (url,) = re.findall(r"(http://[\d.:]+), ready", done.stdout)
    assert not is_listened_on(url)


def test_a_kept_server_ends_with_its_demo(tmp_path):
    """
    With KEEP=1 the server stays until Ctrl-C, and not longer.
    """
    demo = subprocess.Popen(
        arguments(tmp_path / "demo", "--keep", "--rows", "20"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    try:
        while not lines or "images=@" not in lines[-1]:
            lines.append(demo.stdout.readline())
            assert lines[-1], demo.stderr.read()
        (url,) = re.findall(r"Open one: +(http://\S+)", "".join(lines))
        was_there = is_listened_on(url)

        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=30)
    finally:
        if demo.poll() is None:
            demo.terminate()  # it ends its server
            demo.wait(60)

    assert was_there
    assert demo.returncode == 0
    assert errors == "demo: ended, and its server too\n"
    assert not is_listened_on(url)
