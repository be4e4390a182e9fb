"""
The operator secret in a file: outside the data, readable by its owner alone.

A backup or a copy of the data directory is then worth nothing to a thief.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from testamur.core.refusals import Fault

#: A secret is a line; whatever is longer is some other file.
MAX_BYTES = 4_096

CALLED = "the operator secret"

ENVIRONMENT = "in the environment (TESTAMUR_SECRET)"


def secret_path(named: Path | None, environment: Mapping[str, str]) -> Path:
    """Return *named*, or the default in the user's configuration folder."""
    if named is not None:
        return named
    configured = environment.get("XDG_CONFIG_HOME", "")
    # A relative path there is to be ignored (XDG Base Directory Specification).
    folder = Path(configured) if os.path.isabs(configured) else Path.home() / ".config"
    return folder / "testamur" / "secret"


def read_secret(path: Path, *, data: Path, may_create: bool) -> bytes:
    """
    Return the secret that the file at *path* holds, making it if it *may* be.

    Hexadecimal digits count as the bytes they spell, anything else as it is. A
    new one has 32 random bytes. Processes that start at once get the same one.

    After a crash: there is a whole secret, or none.

    Raises:
        Fault: not passing, when it is inside the directory *data*, readable by
            others, missing, or not a file.
    """
    if path.resolve().is_relative_to(data.resolve()):
        raise _fault(
            path,
            f"is inside the data directory {data}; keep it elsewhere, so that "
            "a copy of the data is worth nothing without it",
        )
    if may_create and not path.exists():
        _create(path)
    return _material(_content(path), path)


def read_material(text: str) -> bytes:
    """
    Return the secret that *text*, from the environment, spells.

    Raises:
        Fault: not passing, when it is blank.
    """
    return _material(text.encode("utf-8", "surrogateescape"), ENVIRONMENT)


def private_bytes(path: Path, what: str) -> bytes:
    """
    Return what is in the file at *path*, which only its owner may read.

    Raises:
        Fault: not passing, when others can, or it is missing, or not a file; the
            text begins with *what*.
    """
    try:
        return _content(path)
    except Fault as trouble:
        said = str(trouble).removeprefix(CALLED)
        raise Fault(f"{what}{said.partition('; make one')[0]}", passing=False) from None


def _content(path: Path) -> bytes:
    try:
        # O_NONBLOCK: opening a pipe must not wait for somebody to fill it.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise _fault(
            path,
            "does not exist; make one with: "
            f"(umask 077; openssl rand -hex 32 > {path})",
        ) from None
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise _fault(path, "is not a file")
        if status.st_mode & 0o077:
            raise _fault(path, f"can be read by others; run: chmod 600 {path}")
        if status.st_size > MAX_BYTES:
            raise _fault(path, f"has more than {MAX_BYTES} bytes: not a secret")
        return os.read(file, MAX_BYTES)
    finally:
        os.close(file)


def _material(content: bytes, path: Path | str) -> bytes:
    line = content.strip()
    if not line:
        raise _fault(path, "is empty; remove it, or put a secret into it")
    try:
        return bytes.fromhex(line.decode("ascii"))
    except ValueError:
        return line


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(file, "wb") as stream:
                stream.write(secrets.token_hex(32).encode() + b"\n")
                stream.flush()
                os.fsync(file)
            # Fails where a process that started with us was faster.
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        _sync(path.parent)
    except OSError as error:
        raise _fault(path, f"cannot be made: {error.strerror}") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fault(path: Path | str, problem: str) -> Fault:
    return Fault(f"{CALLED} {path} {problem}", passing=False)
