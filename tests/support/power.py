"""
A power cut, again and again: what a process asked the kernel to write, replayed.

`strace` writes down every system call of a real process. A file's bytes are safe
once the file was synced, and its name once its folder was; whatever else was asked
for by the moment of the cut may have happened, or not, or in part (POSIX promises
no more, and file systems keep no more than that).
"""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,write,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,"
    "renameat2,link,linkat,mkdir,mkdirat"
)

#: What becomes of what was not synced.
MODES = ("none", "prefix", "subset", "torn")

SECTOR = 512

_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+= (\d+)(?:<.*>)?$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>")


@dataclass(frozen=True)
class Event:
    """One system call that changed something, or promised that it is safe."""

    #: create, write, append, truncate, sync, name, forget, folder or ack
    what: str
    path: str = ""
    other: str = ""
    at: int = 0
    data: bytes = b""


@dataclass
class File:
    """A file: the bytes that are safe, and what was asked for since."""

    safe: bytearray = field(default_factory=bytearray)
    asked: list[Event] = field(default_factory=list)
    size: int = 0


def can_trace() -> bool:
    """Say whether strace is here, and may trace."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-qq", "-o", os.devnull, "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def traced(words: Sequence[str], log: Path, environment: dict[str, str]) -> None:
    """Run Python with *words* under strace, writing down its calls in *log*."""
    command = ["strace", "-f", "-y", "-xx", "-s", "4000000", "-qq", "-o", str(log)]
    subprocess.run(
        [*command, "-e", f"trace={CALLS}", sys.executable, *words],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )


def events(log: Path, folder: Path) -> list[Event]:
    """Read the calls that concern *folder*, and what was acknowledged on stdout."""
    found = []
    for line in log.read_text().splitlines():
        match = _LINE.match(line)
        if match is None:
            assert "unfinished" not in line, "one thread, or this is not a replay"
            continue
        event = _event(match[1], match[2], int(match[3]))
        if event is None or "-shm" in event.path:
            continue
        path = Path(event.path)
        if event.what == "ack" or folder in (path, *path.parents):
            found.append(event)
    return found


def _event(call: str, text: str, result: int) -> Event | None:
    strings = [_plain(found) for found in _STRING.findall(text)]
    match = _DESCRIPTOR.match(text)
    path = _path(match[2]) if match else ""
    match call:
        case "write" if match and match[1] == "1":
            return Event("ack", data=strings[0])
        case "write":
            return Event("append", path, data=strings[0][:result])
        case "pwrite64":
            offset = int(text.rsplit(",", 1)[1])
            return Event("write", path, at=offset, data=strings[0][:result])
        case "ftruncate":
            return Event("truncate", path, at=int(text.rsplit(",", 1)[1]))
        case "fsync" | "fdatasync":
            return Event("sync", path)
        case "openat" if "O_CREAT" in text:
            return Event("create", os.fsdecode(strings[0]))
        case "unlink" | "unlinkat":
            return Event("forget", os.fsdecode(strings[-1]))
        case "rename" | "renameat" | "renameat2":
            first, second = map(os.fsdecode, strings[-2:])
            return Event("rename", first, second)
        case "link" | "linkat":
            first, second = map(os.fsdecode, strings[-2:])
            return Event("link", second, first)
        case "mkdir" | "mkdirat":
            return Event("folder", os.fsdecode(strings[-1]))
    return None


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(text: str) -> str:
    return os.fsdecode(_plain(text)) if text.startswith("\\x") else text


class Disk:
    """What is safe on the disk of *folder*, and what was only asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acknowledged: list[bytes] = []
        #: Name to file, as programs see it; None for a folder.
        self.seen: dict[str, File | None] = {}
        #: Name to file, as it is after a power cut.
        self.safe: dict[str, File | None] = {}
        #: Changes of names since the folder was synced: (folder, name, file).
        self.asked: list[tuple[str, str, File | None, bool]] = []

    def do(self, event: Event) -> None:
        """Let *event* happen."""
        match event.what:
            case "ack":
                self.acknowledged.append(event.data)
            case "create":
                if event.path not in self.seen:
                    self._name(event.path, File())
            case "folder":
                self._name(event.path, None)
            case "link":
                self._name(event.path, self.seen[event.other])
            case "rename":
                file = self.seen[event.path]
                self._forget(event.path)
                self._name(event.other, file)
            case "forget":
                self._forget(event.path)
            case "sync":
                self._sync(event.path)
            case _:
                file = self.seen.get(event.path)
                if file is None:
                    return
                if event.what == "append":
                    event = Event("write", at=file.size, data=event.data)
                if event.what == "write":
                    file.size = max(file.size, event.at + len(event.data))
                else:
                    file.size = event.at
                file.asked.append(event)

    def _name(self, path: str, file: File | None) -> None:
        self.seen[path] = file
        self.asked.append((os.path.dirname(path), path, file, True))

    def _forget(self, path: str) -> None:
        file = self.seen.pop(path, None)
        self.asked.append((os.path.dirname(path), path, file, False))

    def _sync(self, path: str) -> None:
        file = self.seen.get(path)
        if file is not None:
            for event in file.asked:
                _apply(file.safe, event)
            file.asked.clear()
            return
        rest = []
        for change in self.asked:
            if change[0] == path:
                self._happen(self.safe, change)
            else:
                rest.append(change)
        self.asked = rest

    @staticmethod
    def _happen(
        names: dict[str, File | None], change: tuple[str, str, File | None, bool]
    ) -> None:
        _, path, file, is_there = change
        if is_there:
            names[path] = file
        else:
            names.pop(path, None)

    def cut(self, target: Path, mode: str, chance: random.Random) -> None:
        """Write to *target* what a power cut now might leave."""
        names = dict(self.safe)
        for change in _kept(self.asked, mode, chance):
            self._happen(names, change)
        for name in sorted(names):
            parts = Path(name).relative_to(self.folder)
            path = target / parts
            if not path.parent.is_dir():
                continue  # its folder is lost, and it with it
            file = names[name]
            if file is None:
                path.mkdir()
                continue
            data = bytearray(file.safe)
            for event in _kept(file.asked, mode, chance):
                if mode == "torn" and event.what == "write" and chance.random() < 0.5:
                    sectors = len(event.data) // SECTOR
                    end = SECTOR * chance.randint(0, sectors)
                    event = Event("write", at=event.at, data=event.data[:end])
                _apply(data, event)
            path.write_bytes(data)


def _kept(asked: list, mode: str, chance: random.Random) -> list:
    if mode == "none":
        return []
    if mode == "prefix":
        return asked[: chance.randint(0, len(asked))]
    return [one for one in asked if chance.random() < 0.5]


def _apply(data: bytearray, event: Event) -> None:
    if event.what == "truncate":
        del data[event.at :]
        data.extend(bytes(event.at - len(data)))
        return
    if len(data) < event.at:
        data.extend(bytes(event.at - len(data)))
    data[event.at : event.at + len(event.data)] = event.data


def crash_states(
    found: Sequence[Event], folder: Path, target: Path, *, cuts: int, seed: int
) -> Iterator[tuple[list[bytes], str]]:
    """
    Cut the power at *cuts* moments, in each of the modes.

    Gives what had been acknowledged by then, and where it happened, while
    *target* holds what is left.
    """
    chance = random.Random(seed)
    moments = set(chance.sample(range(1, len(found)), min(cuts, len(found) - 1)))
    disk = Disk(folder)
    for number, event in enumerate(found):
        if number in moments:
            for mode in MODES:
                target.mkdir()
                disk.cut(target, mode, chance)
                yield disk.acknowledged, f"before event {number}, {mode}"
                shutil.rmtree(target)
        disk.do(event)
