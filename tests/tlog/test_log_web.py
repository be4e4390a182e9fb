"""The log over HTTP, and the monitor that any stranger can run against it."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from support.logs import ORIGIN, LogHouse
from support.serving import serving
from testamur.cli import app as command_line
from testamur.core.refusals import Kind, Refusal
from testamur.tlog.note import decoded
from testamur.tlog.proof import verify_proof
from testamur.tlog.tree import includes, is_consistent
from testamur.web.app import build_app
from testamur.web.routes.log import log_routes


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Return one database: HTTP is the same on both."""
    return f"sqlite:///{tmp_path / 'testamur.db'}"


@pytest.fixture
def site(house):
    """Return a client of the log's routes, on a log of 600 leaves."""
    digests = house.add("a", 600)
    house.step_all()

    async def ask(verb, *args):
        return verb(*args)

    def proof_of(name: str) -> str:
        if not name.isdigit():
            raise Refusal(Kind.NOT_FOUND, "certificate_not_found", "None.", at="id")
        return house.reader.proof("a", digests[int(name)])

    routes = log_routes(
        house.reader,
        vkeys=[house.verifiers[0].vkey],
        proof_of=proof_of,
        ask=ask,
    )
    with (
        serving(build_app([routes])) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def test_the_log_is_served_as_its_specification_says(house, site):
    """
    Paths, media types and caching of C2SP tlog-tiles; readable from any page.
    """
    checkpoint = site.get("/log/checkpoint")
    tile = site.get("/log/tile/0/000")
    bundle = site.get("/log/tile/entries/002.p/88")

    assert checkpoint.text == house.reader.checkpoint()
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert "max-age=1" in checkpoint.headers["cache-control"]
    assert (len(tile.content), len(bundle.content)) == (256 * 32, 88 * 35)
    for answer in (tile, bundle):
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"
    assert site.get("/log/key").text == house.verifiers[0].vkey + "\n"
    assert site.head("/log/tile/0/000").headers["content-length"] == str(256 * 32)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("0/003", id="L01-beyond"),
        pytest.param("0/002", id="L01-full-of-a-partial"),
        pytest.param("0/002.p/89", id="L01-wider-than-it-is"),
        pytest.param("0/000.p/0", id="L01-p-0"),
        pytest.param("0/000.p/256", id="L01-p-256"),
        pytest.param("0/-01", id="L01-negative"),
        pytest.param("0/" + "9" * 31, id="L01-ten-to-the-thirty"),
        pytest.param("2/000.p/1", id="L01-level-beyond"),
        pytest.param("0/..%2f..%2fcheckpoint", id="L01-climbing"),
        pytest.param("0/%2e%2e/%2e%2e/checkpoint", id="L01-climbing-coded"),
        pytest.param("0/%00", id="L01-nul"),
        pytest.param("", id="L01-nothing"),
    ],
)
def test_a_tile_that_is_not_there_is_not_found(site, path):
    """
    404 for whatever the log does not have, however it is asked for.
    """
    answer = site.get(f"/log/tile/{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] in ("tile_not_found", "not_found")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("inclusion?index=600&size=600", id="L02-index-at-size"),
        pytest.param("inclusion?index=0&size=0", id="L02-size-zero"),
        pytest.param("inclusion?index=0&size=601", id="L02-size-beyond"),
        pytest.param("inclusion?index=-1&size=600", id="L02-index-negative"),
        pytest.param("inclusion?index=1", id="L02-no-size"),
        pytest.param("inclusion?index=1e2&size=600", id="L02-not-digits"),
        pytest.param("inclusion?index=%D9%A1&size=600", id="L02-other-digits"),
        pytest.param("consistency?from=9&to=8", id="L02-from-beyond-to"),
        pytest.param("consistency?from=0&to=8", id="L02-from-zero"),
        pytest.param("consistency?from=1&to=601", id="L02-to-beyond"),
        pytest.param("consistency?from=1&to=" + "9" * 40, id="L02-ten-to-the-forty"),
        pytest.param("consistency?from=1", id="L02-no-to"),
    ],
)
def test_a_proof_of_what_there_is_not_is_refused(site, query):
    """
    400, with the parameter that is wrong and what it may be.
    """
    answer = site.get(f"/v1/log/{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == "log_range"


def test_anybody_can_ask_for_proofs(house, site):
    """
    Inclusion of a leaf, growth between two sizes, and a certificate's own proof.
    """
    sizes = {600: house.store.begin(ORIGIN, b"", 0).root}
    tiles = site.get("/log/tile/0/001").content
    found = site.get("/v1/log/inclusion?index=300&size=600").json()
    path = [base64.b64decode(one) for one in found["hashes"]]
    assert includes(tiles[44 * 32 : 45 * 32], 300, 600, path, sizes[600])

    house.add("b", 77)
    house.step_all()
    grown = site.get("/v1/log/consistency?from=600&to=677").json()
    path = [decoded(one) for one in grown["hashes"]]
    root = house.store.begin(ORIGIN, b"", 0).root
    assert is_consistent(600, 677, path, sizes[600], root)
    assert site.get("/v1/log/consistency?from=677&to=677").json()["hashes"] == []

    proof = site.get("/v1/log/proof/41")
    digest = house.store.leaves(41, 42)
    assert verify_proof(proof.text, digest, house.verifiers).index == 41
    assert site.get("/v1/log/proof/nobody").status_code == 404


def monitor(site: httpx.Client, tmp_path: Path, *options: str) -> tuple[int, dict]:
    """Run `testamur log monitor` as a person would; return exit code and answer."""
    state = tmp_path / "monitor.json"
    ran = CliRunner().invoke(
        command_line,
        [
            "log",
            "monitor",
            f"{site.base_url}/log",
            "--state",
            str(state),
            "--json",
            *options,
        ],
    )
    return ran.exit_code, json.loads(ran.stdout or "{}")


def test_the_monitor_reads_every_leaf_once(house, site, tmp_path):
    """
    Exit 0; the next look reads what is new, and holds it to what was seen.
    """
    code, answer = monitor(site, tmp_path)
    assert (code, answer["size"], answer["new"]) == (0, 600, 600)
    assert answer["firstLook"]

    for more in (0, 1, 167, 256, 66_000):
        if more:
            house.add(f"m{more}", more)
            house.step_all()
        before = answer["size"]
        code, answer = monitor(site, tmp_path)
        assert (code, answer["size"], answer["new"]) == (0, before + more, more)

    # A tile of a higher level that filled lies only to who begins now.
    tile = house.folder / "log/tile/1/000"
    good = tile.read_bytes()
    tile.write_bytes(b"\1" + good[1:])
    assert monitor(site, tmp_path)[0] == 0
    (tmp_path / "monitor.json").unlink()
    assert monitor(site, tmp_path)[0] == 1
    tile.write_bytes(good)


def test_the_monitor_remembers_the_leaves_it_saw(house, site, tmp_path):
    """
    Exit 1 when a leaf changes in a tile that was partial at the last look.
    """
    assert monitor(site, tmp_path)[0] == 0
    house.add("more", 10)
    house.step_all()
    forged = b"\1" + b"f" * 32
    tile = house.folder / "log/tile/0/002.p/98"
    bundle = house.folder / "log/tile/entries/002.p/98"
    good = [tile.read_bytes(), bundle.read_bytes()]
    tile.write_bytes(sha256(b"\0" + forged).digest() + good[0][32:])
    bundle.write_bytes(b"\0\x21" + forged + good[1][35:])

    code, answer = monitor(site, tmp_path)

    assert (code, answer["result"]) == (1, "misbehaves")
    assert "changed since the last look" in answer["problem"]
    tile.write_bytes(good[0])
    bundle.write_bytes(good[1])
    assert monitor(site, tmp_path)[0] == 0


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/entries/001",
        "tile/1/000.p/2",
        "tile/0/002.p/88",
        "checkpoint",
    ],
)
def test_the_monitor_notices_each_file_that_lies(house, site, tmp_path, path):
    """
    Exit 1 for any bit of any published file, and what was good is kept.
    """
    file = house.folder / "log" / path
    good = file.read_bytes()
    if path == "checkpoint":
        with house.database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE log_checkpoints SET note = replace(note, '600', '599')"
            )
    else:
        bent = bytearray(good)
        bent[40] ^= 1
        file.write_bytes(bent)

    code, answer = monitor(site, tmp_path)

    assert (code, answer["result"]) == (1, "misbehaves")
    assert not (tmp_path / "monitor.json").exists()
    file.write_bytes(good)
    if path == "checkpoint":
        with house.database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE log_checkpoints SET note = replace(note, '599', '600')"
            )


def test_the_monitor_notices_a_log_that_was_begun_anew(site, tmp_path):
    """
    Exit 1 for a log that forked or shrank, though the same key signs it.
    """
    assert monitor(site, tmp_path)[0] == 0
    for size in (600, 800, 20):
        other = LogHouse(f"sqlite:///{tmp_path / str(size)}", tmp_path / f"f{size}")
        other.add("other", size)
        other.step_all()

        async def ask(verb, *args):
            return verb(*args)

        routes = log_routes(other.reader, vkeys=[], proof_of=lambda name: name, ask=ask)
        with serving(build_app([routes])) as port:
            state = json.loads((tmp_path / "monitor.json").read_text())
            address = f"http://127.0.0.1:{port}/log"
            state["url"] = address
            (tmp_path / "forked.json").write_text(json.dumps(state))
            ran = CliRunner().invoke(
                command_line,
                ["log", "monitor", address, "--state", str(tmp_path / "forked.json")],
            )
        other.close()
        assert ran.exit_code == 1, ran.stdout
        assert ran.stdout.startswith("misbehaves: ")
        assert ("shrank" in ran.stdout) == (size < 600)
        assert "evidence" in ran.stdout


def test_the_monitor_says_when_it_could_not_look(site, tmp_path):
    """
    Exit 2, so that a network that fails is never taken for a log that lies.
    """
    site.get("/healthz")
    state = ["--state", str(tmp_path / "s")]
    for address in ("http://127.0.0.1:1/log", f"{site.base_url}/nothing"):
        ran = CliRunner().invoke(command_line, ["log", "monitor", address, *state])
        assert ran.exit_code == 2, ran.stdout
        assert ran.stdout.startswith("not checked: ")
    ran = CliRunner().invoke(command_line, ["log", "monitor", "host/log", *state])
    assert ran.exit_code == 2


def test_the_monitor_is_held_to_the_key_it_is_told(house, site, tmp_path):
    """
    With --key, only a checkpoint of that key counts.
    """
    other = house.verifiers[0].vkey.replace(ORIGIN, "other.example/log")

    code, answer = monitor(site, tmp_path, "--key", other)
    assert (code, answer["result"]) == (1, "misbehaves")
    code, answer = monitor(site, tmp_path, "--key", house.verifiers[0].vkey)
    assert (code, answer["key"]) == (0, house.verifiers[0].vkey)
