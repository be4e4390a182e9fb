"""The templates that come with Testamur, put where every tenant finds them."""

import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path

import orjson

import testamur.rendering
from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.templates import SqlTemplates
from testamur.rendering.package import TEMPLATE, pack, read_package

#: One folder per template, as its package has it; the folder's name is its own.
GALLERY = Path(testamur.rendering.__file__).with_name("gallery")

#: By the names that people call it: the folder's, and its own in lower case.
Registered = Mapping[str, str]


def register(
    store: SqlTemplates, blobs: DirectoryBlobs, at: int, folder: Path = GALLERY
) -> Registered:
    """
    Have every template in *folder* be in the database; return their ids by name.

    One that has changed since gets a new version: jobs keep what they have.
    """
    found: dict[str, str] = {}
    for package_folder in sorted(folder.iterdir()):
        if not (package_folder / TEMPLATE).is_file():
            continue
        name = package_folder.name
        template_id = id_of(name)
        package = read_package(packed(package_folder))
        known = store.of_house(template_id)
        data = package.packed
        if (
            known is None
            or known.newest.package_digest != hashlib.sha256(data).hexdigest()
        ):
            store.save_of_house(template_id, name, blobs.put(data), package.about, at)
        found[name] = found[package.design.name.casefold()] = template_id
    return found


def packed(folder: Path) -> bytes:
    """Return a package that lies unpacked in *folder*."""
    assets = {
        file.name: file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != TEMPLATE
    }
    return pack(orjson.loads((folder / TEMPLATE).read_bytes()), assets)


def id_of(name: str) -> str:
    """Return the id of the template *name*: the same in every installation."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"testamur:template:{name}").hex[:24]
