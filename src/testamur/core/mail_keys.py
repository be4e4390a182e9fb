"""Keys that mails of a domain are signed with (DKIM, RFC 6376 and RFC 8463)."""

import base64
from dataclasses import dataclass
from enum import StrEnum


class DkimAlgorithm(StrEnum):
    """How mails are signed; the words of `a=`."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key of one domain under its selector."""

    id: str
    domain: str
    selector: str
    algorithm: DkimAlgorithm
    #: As the DNS has it: SubjectPublicKeyInfo of RSA, or the 32 bytes of Ed25519.
    public: bytes
    #: The private half, sealed under the operator secret.
    sealed: bytes
    created_at: int

    @property
    def record_name(self) -> str:
        """Where in the DNS its record has to be (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What that record (TXT) has to say (RFC 6376, 3.6.1)."""
        kind = "rsa" if self.algorithm is DkimAlgorithm.RSA else "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(self.public).decode()}"


def zone_line(name: str, text: str) -> str:
    """
    Spell a TXT record as a zone file has it: no string is longer than 255 bytes.

    >>> zone_line("example.org", "v=spf1 mx -all")
    'example.org. IN TXT "v=spf1 mx -all"'
    """
    parts = [text[start : start + 255] for start in range(0, len(text), 255)]
    return f"{name}. IN TXT " + " ".join(f'"{part}"' for part in parts)
