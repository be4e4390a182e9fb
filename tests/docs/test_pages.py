"""What the documentation says of the code is so, and all of it is said."""

import ast
import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testamur.adapters.http.urls import CLAUSES
from testamur.config import read_settings
from testamur.core.lifecycle import CHUNK_MOVES, JOB_MOVES, STANDING_MOVES
from testamur.core.policy import Scope
from testamur.web.spool import Spool
from testamur.wiring.office import open_office
from testamur.wiring.site import build_site

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "testamur"
DOCS = ROOT / "docs"

PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
]

#: Where a code is passed on that another of these calls was made with.
PASSED_ON = {
    "alone.code",
    "code",
    "found.code",
    "odd",
    "odd or 'url_unresolved'",
    "problem.code",
    "row.code",
    "there.code",
    "trouble.code",
    "wrong.code",
}


def generator():
    """Return the module that generates parts of the documentation."""
    sys.path.insert(0, str(DOCS))
    try:
        import generate
    finally:
        sys.path.remove(str(DOCS))
    return generate


def first_cells(page: str, heading: str = "") -> list[str]:
    """Return the first cells of a page's tables, below *heading* if one is named."""
    text = (DOCS / page).read_text()
    if heading:
        text = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


#: What says no about documents, and not about rows of a registrar's file.
OF_DOCUMENTS = (
    *("academic_certificates.py", "sealing.py", "sealing_child.py"),
    *("documents.py", "done_rows.py"),
)


def calls(folder: Path, *names: str) -> Iterator[ast.Call]:
    """Give every call of a function with one of these names; not about documents."""
    for path in folder.rglob("*.py"):
        if path.name in OF_DOCUMENTS or "documents" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in names:
                    yield node


def codes(arguments: list[ast.expr]) -> set[str]:
    """Return the codes that stand there as text; all others must be passed on."""
    found = set()
    for argument in arguments:
        if isinstance(argument, ast.Constant):
            found.add(argument.value)
        else:
            assert ast.unparse(argument) in PASSED_ON, ast.unparse(argument)
    return found


@pytest.mark.parametrize(
    "page",
    [page for page in DOCS.rglob("*.md") if "<!-- generated: " in page.read_text()],
    ids=lambda page: page.name,
)
def test_generated_parts_are_up_to_date(page):
    """
    Settings, commands, plans and life cycles are told as the code has them.
    """
    text = page.read_text()

    assert generator().renewed(text) == text, "put right by: make docs"


def test_every_generated_part_is_in_a_page():
    """
    Nothing is generated that nobody can read.
    """
    written = "".join(page.read_text() for page in PAGES)

    for name in generator().PARTS:
        assert f"<!-- generated: {name} -->\n" in written


@pytest.mark.parametrize("moves", [JOB_MOVES, CHUNK_MOVES], ids=["job", "chunk"])
def test_every_move_of_a_life_cycle_is_told(moves):
    """
    The page has each move of the tables, and in the diagram as well.
    """
    text = (DOCS / "issuing-cycle.md").read_text()

    for (start, event), end in moves.items():
        assert f"| {start} | {event} | {end} |\n" in text
        assert f"    {start} --> {end}: {event}\n" in text


def test_every_move_of_a_certificate_is_told():
    """
    And no other: nothing leads out of a revocation.
    """
    text = (DOCS / "lifecycle.md").read_text()

    for (start, event), end in STANDING_MOVES.items():
        assert f"| {start} | {event} | {end} |\n" in text
    assert text.count("| revoked | ") == 0


def test_every_failpoint_is_told():
    """
    What is true after a crash is told for each place where a test may cause one.
    """
    named = {
        name
        for path in SOURCE.rglob("*.py")
        if path.name != "failpoints.py"
        for name in re.findall(r'\bfp\("([^"]+)"\)', path.read_text())
    }

    assert sorted(first_cells("issuing-cycle.md")) == sorted(named)


def test_every_command_is_told():
    """
    Each command has a heading of its own.
    """
    text = (DOCS / "cli.md").read_text()
    commands = [path for path, _ in generator().help_texts()]

    assert len(commands) > 10
    for command in commands:
        assert f"\n## {command}\n" in text


def test_every_reason_of_a_row_is_told():
    """
    The registrar finds each code that a row can fail with, and what to do.
    """
    wrong = calls(SOURCE, "Reason", "Wrong", "Trouble")
    expected = codes([call.args[0] for call in wrong]) | set(CLAUSES)

    told = first_cells("csv.md", "When a row fails")
    assert sorted(told) == sorted(expected)


def test_every_refusal_of_an_upload_is_told():
    """
    The registrar finds each code that a whole upload can be refused with.
    """
    intake = SOURCE / "intake"
    expected = codes([call.args[1] for call in calls(intake, "Refusal")])
    expected |= codes(
        [call.args[0] for call in calls(intake, "refused", "_refused", "_refuse_zip")]
    )

    told = first_cells("csv.md", "When the whole upload is refused")
    assert sorted(told) == sorted(expected)


def test_every_scope_is_told():
    """
    What each scope allows is told to whoever creates a key.
    """
    assert sorted(first_cells("api.md", "Who is calling")) == sorted(Scope)


def anchor(heading: str) -> str:
    """Return what a heading is linked as."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    """
    A link to a file of ours, or to a heading in it, is not broken.
    """
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_has_one_sentence_per_line(page):
    """
    A changed sentence is a changed line, so that differences can be read.
    """
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for line in prose.splitlines():
        if line.startswith("|"):
            continue
        assert not re.search(r"[a-z`)]{2}[.?!] +[A-Z`]", line), line


def described(folder: Path) -> dict:
    """Return what a server describes at `/openapi.json`."""
    settings = read_settings(
        {
            "TESTAMUR_DATA": str(folder / "data"),
            "TESTAMUR_SECRET_FILE": str(folder / "secret"),
        },
        folder,
    )

    async def ask(spool: Spool) -> dict:
        transport = httpx.ASGITransport(app=build_site(office, spool))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testamur"
        ) as client:
            return (await client.get("/openapi.json")).json()

    office = open_office(settings)
    try:
        with Spool(folder / "spool") as spool:
            return asyncio.run(ask(spool))
    finally:
        office.close()


def test_the_examples_of_the_api_use_what_the_server_has(tmp_path):
    """
    Each curl line of the API's page names a path and method that exist, and every
    route under /api and /v1 has its example.
    """
    routes = {
        (method, re.sub(r"\{\w+\}", "*", path))
        for path, methods in described(tmp_path)["paths"].items()
        if path.startswith(("/api/", "/v1/"))
        for method in set(methods) - {"head"}
    }

    text = (DOCS / "api.md").read_text().replace("\\\n", " ")
    examples = set()
    for line in re.findall(r"^curl .*$", text, re.MULTILINE):
        path = re.search(r"\$URL(/[^\s\"?]*)", line)[1]
        path = re.sub(r"/([A-Z]+|1000|csv|zip)(?=/|$)", "/*", path)
        named = re.search(r"-X (\w+)", line)
        sends = re.search(r" -[dF] ", line + " ")
        method = named[1].lower() if named else "post" if sends else "get"
        examples.add((method, path.replace("/template/*", "/template/csv")))

    assert sorted(examples) == sorted(routes)
