"""
What every mail is given on its way out: where it comes back to, how its reader gets no
more of them, and the signature of the domain it is from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .bounces.return_path import ReturnPaths
from .dkim.signing import Dkim
from .letter import Letter
from .ports import Leased, Mail
from .suppression.unsubscribing import Unsubscribing, Wish

#: Returns what the suppression list knows a tenant's address by.
Digest = Callable[[str, str], str]


@dataclass(frozen=True)
class Dressing:
    """What is done to mails; each part may be missing."""

    unsubscribing: Unsubscribing | None = None
    digest: Digest | None = None
    returns: ReturnPaths | None = None
    dkim: Dkim | None = None

    def wish(self, one: Leased, letter: Letter) -> Wish | None:
        """Return what the link in a letter is for; None where it has none."""
        if not letter.is_bulk or not self.unsubscribing or not self.digest:
            return None
        digest = self.digest(one.tenant_id, one.recipient)
        return Wish(one.tenant_id, digest, one.id)

    def letter(self, one: Leased, letter: Letter) -> tuple[Letter, Mapping[str, str]]:
        """Return a letter with its link to unsubscribe, and headers for it."""
        wish = self.wish(one, letter)
        if wish is None or self.unsubscribing is None:
            return letter, {}
        link = self.unsubscribing.link(wish, letter.language)
        headers = self.unsubscribing.headers(wish, letter.language)
        return replace(letter, unsubscribe=link), headers

    def mail(self, mail: Mail) -> Mail:
        """
        Return a mail signed for its From, with an address of its own to come back to.

        Raises:
            Fault: passing, when it cannot be signed.
        """
        if self.dkim is not None:
            mail = self.dkim.signed(mail)
        if self.returns is not None:
            mail = replace(mail, sender=self.returns.of(mail.id))
        return mail


#: Nothing is done.
PLAIN = Dressing()
