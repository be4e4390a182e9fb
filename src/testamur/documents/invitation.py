"""What a signatory is written. All its words are here, for whoever translates them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from testamur.core.papers import SigningView

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Invitation:
    """The words of a mail that asks for a signature."""

    from_name: str
    to_name: str
    subject: str
    heading: str
    lines: tuple[str, ...]
    link: tuple[str, str]
    closing: tuple[str, ...]


def invitation(view: SigningView, url: str) -> Invitation:
    """Return what the signatory of *view* is written; *url* opens their page."""
    who, what = view.tenant_name, view.document.description
    assert view.request.expires_at is not None
    until = datetime.fromtimestamp(view.request.expires_at // 1_000, UTC)
    return Invitation(
        from_name=who,
        to_name=view.request.name,
        subject=f"Please sign: {what}",
        heading=f"{who} asks for your signature",
        lines=(
            f"Dear {view.request.name},",
            f"{who} asks you to read and sign the document “{what}”.",
            "Open the page below, read the document there, and sign or refuse it. You "
            "need no account.",
        ),
        link=("Read and sign", url),
        closing=(
            f"The page can be used until {until.day} {until:%B %Y} (UTC).",
            "It is meant for you alone: whoever has its address can sign in your "
            "name, so do not pass it on.",
            "If you did not expect this, you need not do anything.",
        ),
    )
