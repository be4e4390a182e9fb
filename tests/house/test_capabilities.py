"""What happens to a test whose machine lacks something."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

LACKING = """
from support.capabilities import lacking

def test_it():
    lacking("a kiln", "build one")
"""


def run(folder: Path, *words: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one test, which lacks a kiln, under our conftest."""
    (folder / "test_kiln.py").write_text(LACKING)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", str(folder)]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(TESTS), "CI": ci},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_at_home_it_is_skipped_and_the_summary_says_so(tmp_path):
    """
    Who runs the tests reads at the end what was not tested, and what to do.
    """
    done = run(tmp_path, "-n", "1", ci="")

    assert done.returncode == 0
    assert "NOT TESTED" in done.stdout
    assert "1 tests: this machine lacks a kiln; build one" in done.stdout


def test_on_ci_it_fails(tmp_path):
    """
    A run that counts is complete, or red.
    """
    done = run(tmp_path, "-n", "0", ci="true")

    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "this machine lacks a kiln; build one" in done.stdout
