"""Tenants: made, found, suspended."""

import re
import unicodedata

from testamur.core.clock import Clock
from testamur.core.ids import new_id
from testamur.core.policy import MAX_NAME_CHARACTERS, PLANS
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Tenant

from .audit import OPERATOR
from .ports import Directory

#: A DNS label (RFC 1035, 2.3.1, and RFC 1123, 2.1) in lower case: it has to fit
#: into host names and paths.
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

#: Control characters, surrogates, line and paragraph separators.
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})

#: They turn text around, so that a name reads as another (UAX #9).
BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def read_name(text: str, *, at: str) -> str:
    """
    Return *text* as a display name: trimmed, NFC, 1 to 255 characters.

    Raises:
        Refusal: INVALID `name_format`, pointing at the field *at*.
    """
    name = unicodedata.normalize("NFC", text.strip())
    wrong = next(
        (
            character
            for character in name
            if character in BIDI_CONTROLS
            or unicodedata.category(character) in UNPRINTABLE
        ),
        None,
    )
    if wrong is not None:
        problem = f"contains U+{ord(wrong):04X}, which cannot be seen; remove it"
    elif not name:
        problem = "is empty"
    elif len(name) > MAX_NAME_CHARACTERS:
        problem = (
            f"has {len(name)} characters and may have {MAX_NAME_CHARACTERS}; shorten it"
        )
    else:
        return name
    raise Refusal(Kind.INVALID, "name_format", f"The {at} {problem}.", at=at)


class Tenants:
    """The tenants of this house."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def create(self, slug: str, name: str, plan: str = "standard") -> Tenant:
        """
        Add a tenant; return it.

        Raises:
            Refusal: INVALID `slug_format`, `name_format` or `unknown_plan`;
                CONFLICT `tenant_exists`.
        """
        if not SLUG.fullmatch(slug):
            raise Refusal(
                Kind.INVALID,
                "slug_format",
                "A tenant's slug has 1 to 63 characters, lower-case letters a-z, "
                "digits and hyphens, and neither begins nor ends with a hyphen.",
                at="slug",
            )
        if plan not in PLANS:
            raise Refusal(
                Kind.INVALID,
                "unknown_plan",
                f"There is no plan {plan!r}; there are {', '.join(sorted(PLANS))}.",
                at="plan",
            )
        tenant = Tenant(new_id(), slug, read_name(name, at="name"), PLANS[plan])
        if not self._directory.add_tenant(tenant, self._clock(), by=OPERATOR):
            raise Refusal(
                Kind.CONFLICT,
                "tenant_exists",
                f"There is a tenant {slug!r} already; choose another slug.",
                at="slug",
            )
        return tenant

    def find(self, slug: str) -> Tenant:
        """
        Return the tenant called *slug*.

        Raises:
            Refusal: NOT_FOUND `tenant_not_found`.
        """
        tenant = self._directory.tenant_by_slug(slug) if SLUG.fullmatch(slug) else None
        if tenant is None:
            raise unknown_tenant()
        return tenant

    def suspend(self, slug: str) -> None:
        """Refuse the tenant's keys and tokens from now on; nothing is lost."""
        tenant = self.find(slug)
        self._directory.suspend_tenant(tenant.id, self._clock(), by=OPERATOR)

    def resume(self, slug: str) -> None:
        """Accept the tenant's keys and tokens again."""
        tenant = self.find(slug)
        self._directory.resume_tenant(tenant.id, self._clock(), by=OPERATOR)

    def show_addresses(self, slug: str, shows: bool) -> Tenant:
        """Have later jobs name recipients by their address (*shows*), or a hash."""
        moment = self._clock()
        self._directory.show_addresses(self.find(slug).id, shows, moment, by=OPERATOR)
        return self.find(slug)


def unknown_tenant() -> Refusal:
    """Return the one answer for a tenant that is not there, or not the caller's."""
    return Refusal(
        Kind.NOT_FOUND,
        "tenant_not_found",
        "There is no such tenant; check the spelling of its slug.",
    )
