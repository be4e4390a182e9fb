"""The templates that come with Testamur, put where every tenant finds them."""

import hashlib
import uuid
from collections.abc import Mapping

from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.templates import SqlTemplates
from testamur.rendering.gallery import names, package_of
from testamur.rendering.package.package import read_package

#: Ids by what people call it: its name, and its title in lower case.
Registered = Mapping[str, str]


def register(store: SqlTemplates, blobs: DirectoryBlobs, at: int) -> Registered:
    """
    Have every template of the gallery be in the database; return their ids by name.

    One that has changed since gets a new version: jobs keep what they have.
    """
    found: dict[str, str] = {}
    for name in names():
        template_id = id_of(name)
        package = read_package(package_of(name))
        packed = package.packed
        known = store.of_house(template_id)
        digest = hashlib.sha256(packed).hexdigest()
        if known is None or known.newest.package_digest != digest:
            blobs.put(packed)
            store.save_of_house(template_id, name, digest, package.about, at)
        found[name] = found[package.design.name.casefold()] = template_id
    return found


def id_of(name: str) -> str:
    """Return the id of the template *name*: the same in every installation."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"testamur:template:{name}").hex[:24]
