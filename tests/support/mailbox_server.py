"""A real IMAP server on loopback, with one mailbox, that knows what is asked here."""

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

CAPABLE = b"* CAPABILITY IMAP4rev1\r\n"


@dataclass
class Mailbox:
    """Its messages by number, and their flags."""

    messages: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    port: int = 0

    def put(self, data: bytes) -> int:
        """Put a message into it; return its number."""
        number = len(self.flags) + 1
        self.messages[number], self.flags[number] = data, set()
        return number


@contextlib.contextmanager
def mailbox_server() -> Iterator[Mailbox]:
    """Run a server whose user is `me`, with the password `right`."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK here\r\n")
            for line in self.rfile:
                tag, command, *rest = line.decode().strip().split(" ", 2)
                text = rest[0] if rest else ""
                box.said.append(f"{command} {text}")
                end = self.answer(command.upper(), text)
                self.wfile.write(f"{tag} {end}\r\n".encode())
                if command.upper() == "LOGOUT":
                    return

        def answer(self, command: str, text: str) -> str:
            if command == "CAPABILITY":
                self.wfile.write(CAPABLE)
            elif command == "LOGIN" and text != 'me "right"':
                return "NO no such user"
            elif command == "SELECT" and text != '"INBOX"':
                return "NO no such folder"
            elif command == "SELECT":
                self.wfile.write(f"* {len(box.messages)} EXISTS\r\n".encode())
            elif command == "UID":
                return self.by_uid(*text.split(" ", 1))
            elif command == "EXPUNGE":
                for number, flags in box.flags.items():
                    if r"\Deleted" in flags:
                        box.messages.pop(number, None)
            return "OK done"

        def by_uid(self, command: str, text: str) -> str:
            if command == "SEARCH":
                new = [n for n in box.messages if r"\Seen" not in box.flags[n]]
                self.wfile.write(f"* SEARCH {' '.join(map(str, new))}\r\n".encode())
                return "OK done"
            number = int(text.split(" ")[0])
            if command == "FETCH":
                limit = int(re.search(r"<0\.(\d+)>", text)[1])  # type: ignore[index]
                data = box.messages[number][:limit]
                head = f"* {number} FETCH (UID {number} BODY[]<0> {{{len(data)}}}\r\n"
                self.wfile.write(head.encode() + data + b")\r\n")
            else:
                box.flags[number] |= set(re.findall(r"\\\w+", text))
            return "OK done"

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
