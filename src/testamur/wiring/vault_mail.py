"""Recipients are told where their certificates are."""

from collections.abc import Callable

from testamur.adapters.sql.vault.telling import ABOUT, tell
from testamur.core.vault import VaultState
from testamur.delivery.letter import Letter
from testamur.delivery.notice import notice
from testamur.delivery.ports import Leased

from .office import Office
from .posting import Writers, mail_domain


def telling(office: Office) -> Callable[[], None]:
    """Return what has everybody be written to who has to be."""

    def act() -> None:
        tell(office.database, mail_domain(office), office.clock())

    return act


def writers_of(office: Office) -> Writers:
    """Return what writes these mails out."""

    def letter(one: Leased) -> Letter | None:
        found = office.vault.store.by_id(int(one.message["certificate"]))
        if found is None or found.state is not VaultState.GENERATED:
            return None  # it was erased, or taken back, before it was told of
        url = f"{office.public_url}/c/{found.certificate_id}"
        return notice(found.tenant_name, found.full_name, found.title, url)

    return {ABOUT: letter}
