"""Templates, as the native API spells them."""

from collections.abc import Sequence
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.words import Template, TemplateState, TemplateVersion

MILLIMETRES_PER_POINT = 25.4 / 72


def template(one: Template, version: TemplateVersion | None = None) -> dict[str, Any]:
    """Spell a template as it is in *version*; None: in its newest."""
    shown = version or one.newest
    about, path = shown.about, f"/v1/templates/{one.id}"
    its_version = f"?version={shown.number}"
    return {
        "id": one.id,
        "name": one.name,
        "title": about.title,
        "description": about.description,
        "isBuiltIn": one.tenant_id is None,
        **_version(shown),
        "createdAt": rfc3339(one.made_at),
        "archivedAt": None if one.archived_at is None else rfc3339(one.archived_at),
        "links": {
            "self": path,
            "png": f"{path}/preview.png{its_version}",
            "pdf": f"{path}/preview.pdf{its_version}",
            "package": f"{path}/package{its_version}",
        },
    }


def with_versions(one: Template, versions: Sequence[TemplateVersion]) -> dict[str, Any]:
    """Spell a template as it is read by itself: with each of its versions."""
    return {**template(one), "versions": [_version(each) for each in versions]}


def _version(one: TemplateVersion) -> dict[str, Any]:
    about = one.about
    problem = None
    if one.state is TemplateState.BROKEN:
        problem = {"code": one.code, "message": one.message}
    return {
        "version": one.number,
        "versionCreatedAt": rfc3339(one.made_at),
        "state": one.state,
        "problem": problem,
        "language": about.language,
        "page": {
            "width": round(about.width * MILLIMETRES_PER_POINT, 2),
            "height": round(about.height * MILLIMETRES_PER_POINT, 2),
            "unit": "mm",
        },
        "columns": list(about.columns),
        "takesPicture": about.takes_picture,
        "hasSource": about.has_source,
        "warnings": list(about.warnings),
        "packageSha256": one.package_digest,
    }
