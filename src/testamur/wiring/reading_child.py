"""What words mean to whoever verifies: `python -m testamur.wiring.reading_child`."""

from collections.abc import Mapping
from typing import Any

from testamur.issuance.die.contexts import OB_V3, VC_V2, Contexts, known_contexts
from testamur.issuance.die.jcs import jcs
from testamur.issuance.die.linked_data import NotSignableError, to_quads
from testamur.issuance.die.rdfc import TooHardError, canonical
from testamur.verification.child import serve
from testamur.verification.plain_words import terms_of
from testamur.verification.ports import TooHard, UnknownContext, Words

MODULE = "testamur.wiring.reading_child"


def words(contexts: Contexts) -> Words:
    """Return what signatures are made over, when *contexts* are those we keep."""

    def nquads(document: Mapping[str, Any], hash_name: str) -> str:
        for url in _named(document.get("@context")):
            if url not in contexts:
                raise UnknownContext(
                    f"It means something by the context {url[:300]}, which is not "
                    "among those kept here, and nothing is fetched for it."
                )
        try:
            return canonical(to_quads(document, contexts), digest=hash_name)
        except TooHardError as error:
            raise TooHard(
                "It is made so that it would take too long to check."
            ) from error
        except NotSignableError as error:
            if "is not among those we keep" in str(error):
                raise UnknownContext(f"Deep inside it, {error}.") from error
            raise

    return Words(nquads, jcs, terms_of(contexts[VC_V2], contexts[OB_V3]))


def _named(context: Any) -> list[str]:
    listed = context if isinstance(context, list) else [context]
    return [one for one in listed if isinstance(one, str)]


def _prepare() -> Words:
    """Return the words, with everything imported that they will need."""
    found = words(dict(known_contexts()))  # all of them are read now
    sample = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:a",
        "type": ["VerifiableCredential"],
        "name": {"@value": "é", "@language": "fr"},
        "credentialSubject": {"id": "urn:b"},
    }
    for name in ("sha256", "sha384"):
        found.nquads(sample, name)
    found.jcs(sample)
    return found


if __name__ == "__main__":
    serve(_prepare)
