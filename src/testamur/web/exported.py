"""A certificate's page as a file of its own, which needs nothing but its picture."""

import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from testamur.core.clock import rfc3339
from testamur.core.words import Certificate

from .certificate_view import day, page_fields
from .pages import HERE

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")


class ExportedPages:
    """Pages of certificates as they stand at one moment."""

    def __init__(self, public_url: str, moment: int) -> None:
        self._public_url = public_url.rstrip("/")
        self._moment = moment
        css = (HERE / "static" / "page.css").read_text()
        self._style = _SPACE.sub(" ", _COMMENT.sub("", css))
        self._template = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
        ).get_template("exported.html")

    def certificate(
        self, certificate: Certificate, *, slug: str, entry: int | None
    ) -> bytes:
        """
        Return the page of *certificate*, for `c/ID/index.html`.

        *entry* is its place in the log; None if it is not signed.
        """
        fields: dict[str, Any] = page_fields(
            certificate, self._public_url, self._moment
        )
        banner = fields["banner"]
        replaced_by = certificate.status_at(self._moment).replaced_by
        return self._template.render(
            fields,
            id=certificate.id,
            slug=slug,
            entry=entry,
            style=self._style,
            # The day alone: a copy that is made again on it is the same.
            exported_at=rfc3339(self._moment)[:10],
            exported_on=day(self._moment),
            replaced_by=replaced_by if banner else None,
        ).encode()
