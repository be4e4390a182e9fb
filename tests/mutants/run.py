"""
Put each bug of the catalogue in, one at a time; a test must notice.

    python tests/mutants/run.py [NAME ...]

Each is put into a copy of the source: nobody else sees it. What nobody noticed, and
what could not be put in, is said, and ends the run with 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from mutants.catalogue import MUTANTS, Mutant  # noqa: E402

#: pytest's own codes (its reference, "Exit codes"): tests ran, and some failed.
TESTS_FAILED = 1

#: A mutant may hang what it breaks.
PATIENCE_SECONDS = 150


class Stale(Exception):
    """The code has changed and the mutant has not."""


def outcome(mutant: Mutant | None, tests: tuple[str, ...]) -> str:
    """
    Run *tests* with *mutant* in; return "noticed", "NOT NOTICED" or what went wrong.

    Raises:
        Stale: its old text is not there, or not once.
    """
    with tempfile.TemporaryDirectory(prefix="testamur-mutant-") as folder:
        source = Path(folder) / "src"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src", source, ignore=ignored)
        if mutant:
            put_in(mutant, source)
        command = [sys.executable, "-m", "pytest", "-x", "-n", "0", *tests]
        command += ["-p", "no:cacheprovider", "--timeout", str(PATIENCE_SECONDS)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(source),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == TESTS_FAILED:
        return "noticed"
    if done.returncode == 0:
        return "skipped" if " skipped" in done.stdout else "NOT NOTICED"
    return f"pytest ended with {done.returncode}: {done.stdout[-2000:]}"


def put_in(mutant: Mutant, source: Path) -> None:
    """Change the copy of the code at *source*."""
    path = source / "testamur" / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise Stale(
            f"{mutant.name}: its old text is {text.count(mutant.old)} times in "
            f"{mutant.path}; change the mutant with the code"
        )
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def main(names: list[str]) -> int:
    """Run the mutants with these *names*, or all; return how the process ends."""
    os.environ["TESTAMUR_TEST_RUN"] = tempfile.mkdtemp(prefix="testamur-run-")
    os.environ["TESTAMUR_TEST_OWNER"] = str(os.getpid())
    from support.postgres import end_shared_server

    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    trouble = 0
    try:
        healthy = sorted({test for mutant in chosen for test in mutant.tests})
        if outcome(None, tuple(healthy)) != "NOT NOTICED":
            print("Without a mutant the tests must pass: run `make test` first.")
            return 1
        for mutant in chosen:
            begun = time.monotonic()
            try:
                found = outcome(mutant, mutant.tests)
            except Stale as stale:
                found = str(stale)
            took = time.monotonic() - begun
            print(f"{mutant.invariant:4} {mutant.name:38} {took:5.1f} s  {found}")
            trouble += found != "noticed"
    finally:
        end_shared_server(Path(os.environ["TESTAMUR_TEST_RUN"]))
    print(f"{len(chosen)} mutants, {len(chosen) - trouble} noticed.")
    return 1 if trouble or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
