"""Users: people who can log in, made and disabled by the operator."""

import unicodedata
import uuid
from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email

from testamur.core.clock import Clock
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Tenant, User

from .audit import OPERATOR
from .passwords import Passwords, read_password
from .ports import People
from .tenants import read_name

MAX_EMAIL_CHARACTERS = 254


def folded(email: str) -> str:
    """Return *email* as addresses are compared."""
    return unicodedata.normalize("NFC", email.strip()).lower()


class Users:
    """The users of every tenant."""

    def __init__(self, people: People, passwords: Passwords, clock: Clock) -> None:
        self._people = people
        self._passwords = passwords
        self._clock = clock

    def create(
        self, tenant: Tenant, email: str, password: str, *, name: str = ""
    ) -> User:
        """
        Let somebody log in for *tenant*; return them.

        Without a *name* they are called by what is before the @ of *email*.

        Raises:
            Refusal: INVALID `email_format`, `password_format` or `name_format`;
                CONFLICT `user_exists`.
        """
        email = _read_email(email)
        name = read_name(name or email.rpartition("@")[0], at="name")
        now = self._clock()
        user = User(0, str(uuid.uuid4()), tenant.id, name, email, now, now, None)
        hash = self._passwords.hash(read_password(password))
        made = self._people.add_user(user, folded(email), hash, by=OPERATOR)
        if made is None:
            raise Refusal(
                Kind.CONFLICT,
                "user_exists",
                f"The tenant {tenant.slug} has a user {email} already; `testamur user "
                "password` gives them another password.",
                at="email",
            )
        return made

    def list(self, tenant: Tenant) -> Sequence[User]:
        """Return the tenant's users, the first first, disabled ones too."""
        return self._people.users_of(tenant.id)

    def disable(self, tenant: Tenant, email: str) -> None:
        """
        Let somebody in no more; their tokens stop working within seconds.

        Raises:
            Refusal: NOT_FOUND `user_not_found`.
        """
        moment = self._clock()
        if not self._people.disable_user(tenant.id, folded(email), moment, by=OPERATOR):
            raise _unknown(tenant, email)

    def set_password(self, tenant: Tenant, email: str, password: str) -> None:
        """
        Give somebody another password, and let them in if they were disabled.

        Tokens that they had with the old one stop working within seconds.

        Raises:
            Refusal: INVALID `password_format`; NOT_FOUND `user_not_found`.
        """
        hash = self._passwords.hash(read_password(password))
        moment = self._clock()
        if not self._people.put_hash(
            tenant.id, folded(email), hash, moment, by=OPERATOR
        ):
            raise _unknown(tenant, email)


def _read_email(text: str) -> str:
    email = unicodedata.normalize("NFC", text.strip())
    problem = None
    if len(email) > MAX_EMAIL_CHARACTERS:
        problem = f"it is longer than {MAX_EMAIL_CHARACTERS} characters"
    else:
        try:
            validate_email(
                email, check_deliverability=False, globally_deliverable=False
            )
        except EmailNotValidError as error:
            problem = str(error).rstrip(".")
    if problem is not None:
        raise Refusal(
            Kind.INVALID,
            "email_format",
            f"{email[:60]!r} is not an e-mail address: {problem}.",
            at="email",
        )
    return email


def _unknown(tenant: Tenant, email: str) -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "user_not_found",
        f"The tenant {tenant.slug} has no user {email[:60]!r}; `testamur user list "
        f"--tenant {tenant.slug}` lists them.",
    )
