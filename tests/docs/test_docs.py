"""What is written beside the code agrees with the code."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "testamur"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def bare(requirement: str) -> str:
    """Return the name in *requirement*, as package indexes compare names."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement).group()
    return re.sub(r"[-_.]+", "-", name).lower()


RUNTIME = {bare(line) for line in PROJECT["project"]["dependencies"]}
OPTIONAL = {
    bare(line)
    for extra in PROJECT["project"]["optional-dependencies"].values()
    for line in extra
}
DIRECT = (
    RUNTIME
    | OPTIONAL
    | {bare(line) for group in PROJECT["dependency-groups"].values() for line in group}
)


def first_cells(markdown: str) -> set[str]:
    """Return what stands in backquotes at the start of the rows of all tables."""
    return set(re.findall(r"^\| `([^`]+)` \|", markdown, re.MULTILINE))


def committed_files() -> list[str]:
    """Return the paths of all files that a clone would have."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a clone: git does not list its files")
    return [name for name in listing.stdout.decode().split("\0") if name]


def test_every_direct_dependency_has_its_reason():
    """
    docs/dependencies.md names each direct dependency, and nothing that is gone.
    """
    explained = first_cells((ROOT / "docs" / "dependencies.md").read_text())

    assert explained == DIRECT


def test_every_locked_package_has_a_hash_and_no_address():
    """
    A lock pins what is installed and leaves it to the environment from where.
    """
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        pinned = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]

        assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []
        assert "://" not in text


def test_the_locks_have_every_direct_dependency():
    """
    Whoever adds a dependency runs `make lock`; else a fresh clone lacks it.
    """
    runtime = (ROOT / "requirements.lock").read_text()
    everything = (ROOT / "requirements-dev.lock").read_text()

    assert RUNTIME - set(map(bare, re.findall(r"^(\S+)==", runtime, re.M))) == set()
    assert DIRECT - set(map(bare, re.findall(r"^(\S+)==", everything, re.M))) == set()


def test_what_the_code_imports_is_declared():
    """
    The package stands on no package that is only there because another needs it.
    """
    owners = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {top}"
        for path in SOURCE.rglob("*.py")
        for top in imported(path) - sys.stdlib_module_names - {"testamur"}
        if not (RUNTIME | OPTIONAL) & {bare(owner) for owner in owners.get(top, [])}
    }

    assert undeclared == set()


def imported(path: Path) -> set[str]:
    """Return the top-level packages that the module at *path* imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def test_every_room_is_in_the_table_of_the_contributing_guide():
    """
    "Where does my change go?" has an answer for every part of the package.
    """
    rooms = {
        path.stem
        for path in SOURCE.iterdir()
        if (path.is_dir() and any(path.glob("*.py"))) or path.suffix == ".py"
    } - {"__init__", "__main__"}

    assert rooms - first_cells((ROOT / "CONTRIBUTING.md").read_text()) == set()


def test_every_room_is_in_the_import_rule():
    """
    The contracts that name rooms name all of them, so that no room is exempt.
    """
    contracts = {
        contract["id"]: contract
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
    }
    rooms = {"access", "intake", "jobs", "issuance", "delivery"}
    here = {f"testamur.{room}" for room in rooms if any((SOURCE / room).glob("*.py"))}

    for name in ("adapters", "dialects", "edges"):
        listed = contracts[name]["forbidden_modules"]
        assert here - {module.removesuffix(".**") for module in listed} == set(), name


def test_core_imports_nothing_but_the_standard_library():
    """
    Of all packages there are, core imports none: the import rule can only name some.
    """
    for path in (SOURCE / "core").rglob("*.py"):
        assert imported(path) - sys.stdlib_module_names - {"testamur"} == set(), path


#: Written in pieces, so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        (
            r"(?<![\w.])/" + r"(work|root)/[a-z.]",
            r"pypi" + r"\.org",
            "python" + "hosted",
            r"registry\.npm" + "js",
            r"deb\." + "debian",
            '"resolved": *"' + "http",
            "^--(extra-)?index" + "-url",
        )
    ),
    re.MULTILINE,
)


def test_no_committed_file_names_a_registry_or_a_path_of_one_machine():
    """
    A clone works wherever it is put, with whatever registries are configured.
    """
    found = []
    for name in committed_files():
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes().decode(errors="replace")
            found += [f"{name}: {match.group()}" for match in FORBIDDEN.finditer(text)]

    assert found == []


@pytest.mark.parametrize(
    "leak",
    [
        "cd /" + "work/main",
        "HOME=/" + "root/.cache",
        "https://" + "pypi." + "org/simple",
        "--index" + "-url somewhere",
    ],
)
def test_the_search_for_leaks_finds_them(leak):
    """
    The pattern of the test above is not blind.
    """
    assert FORBIDDEN.search(leak)
