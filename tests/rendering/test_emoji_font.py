"""`make install` brings the emoji along, or says in one line that it could not."""

import importlib.util
import io
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "emoji_font.py"


@pytest.fixture
def script(monkeypatch, tmp_path):
    """The script, on a machine that has no client and no font."""
    spec = importlib.util.spec_from_file_location("emoji_font", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TARGET", tmp_path / "share" / "NotoColorEmoji.ttf")
    monkeypatch.setattr(module, "SYSTEM", (tmp_path / "system",))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return module


def client(folder, name, does):
    """Put a program *name* into the only folder of programs."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def test_without_any_source_all_goes_on(script, capsys):
    """
    An installation without emoji works; one line says what to do.
    """
    assert script.main() == 0

    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "TESTAMUR_FONTS" in said
    assert not script.TARGET.exists()


def test_the_font_of_the_machine_is_taken(script, tmp_path, capsys):
    """
    A copy, so that nothing changes when the machine's font does; and only once.
    """
    font = tmp_path / "system" / "truetype" / "noto" / "NotoColorEmoji.ttf"
    font.parent.mkdir(parents=True)
    font.write_bytes(b"emoji")

    assert script.main() == 0
    font.write_bytes(b"newer")
    assert script.main() == 0

    assert script.TARGET.read_bytes() == b"emoji"
    assert capsys.readouterr().out == ""


def test_what_npm_brings_is_taken_only_if_it_is_the_font(script, tmp_path, capsys):
    """
    The font is pinned by its hash, as every other package is.
    """
    archive = tmp_path / "other.tgz"
    with tarfile.open(archive, "w:gz") as files:
        member = tarfile.TarInfo(script.MEMBER)
        member.size = 5
        files.addfile(member, io.BytesIO(b"other"))
    client(tmp_path, "npm", f"/bin/cp {archive} font.tgz")

    script.main()
    assert not script.TARGET.exists()

    script.SHA256 = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
    script.main()
    assert script.TARGET.read_bytes() == b"other"


def test_a_client_that_fails_or_hangs_is_passed_over(script, tmp_path, capsys):
    """
    A machine without a network is not kept waiting for long.
    """
    client(tmp_path, "npm", "exec /bin/sleep 60")
    client(tmp_path, "apt-get", "exit 100")
    script.SECONDS = 0.1

    assert script.main() == 0
    assert "No colour emoji font" in capsys.readouterr().out
