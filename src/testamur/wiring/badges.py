"""Badges of the academic directory, put together."""

from dataclasses import replace

import orjson

from testamur.adapters.sql.badges import SqlBadges
from testamur.core.badges import (
    BadgeAssertion,
    BadgeClass,
    BadgeIssuer,
    BadgeWithdrawn,
)
from testamur.core.download import Download
from testamur.issuance.die.credential import identity_hash

from .office import Office
from .uploading import SiteFiles


class SiteBadges:
    """`web.routes.dokstamp.badges.BadgeVerbs` in an office."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = SqlBadges(office.database)
        self._files = SiteFiles(office)

    def issuer(self, uuid: str) -> BadgeIssuer | None:
        """Return an institution that has badges."""
        row = self._store.issuer(uuid)
        if row is None:
            return None
        url = row.website or f"{self._office.public_url}/t/{row.slug}"
        return BadgeIssuer(row.uuid, row.name, url, bool(row.badge_image_uuid))

    def badge_class(self, uuid: str) -> BadgeClass | None:
        """Return a course of such an institution."""
        row = self._store.badge_class(uuid)
        if row is None:
            return None
        said = row.description or f"{row.name}, {row.institution_name}"
        return BadgeClass(row.uuid, row.name, said, row.institution)

    def assertion(self, uuid: str) -> BadgeAssertion | BadgeWithdrawn | None:
        """Return a certificate that such an institution issued."""
        row = self._store.assertion(uuid)
        if row is None:
            return None
        if row.standing is not None or row.snapshot is None:
            return BadgeWithdrawn(row.uuid, row.reason or None)
        student = orjson.loads(row.snapshot)
        # The id is random, as a salt has to be, and the same as in the credential.
        salt = row.certificate
        return BadgeAssertion(
            uuid=row.uuid,
            course=row.course,
            identity_hash=identity_hash(student["email"], salt),
            salt=salt,
            awarded_at=row.awarded_at,
            valid_until=row.valid_until,
            page=f"{self._office.public_url}/c/{row.certificate}",
        )

    def image(self, uuid: str, *, of_course: bool) -> Download | None:
        """Return the picture of an institution's badges, by its UUID or a course's."""
        find = self._store.badge_class if of_course else self._store.issuer
        row = find(uuid)
        if row is None or not row.badge_image_uuid:
            return None
        found = self._files.download(row.badge_image_uuid)
        if found is None or not found.media_type.startswith("image/"):
            return None
        return replace(found, filename=f"badge.{found.media_type[6:]}")
