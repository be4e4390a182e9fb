"""The operator secret under a key that never leaves its token, or its service."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.softhsm import PIN, Token, soft_token
from testamur.adapters.keys.pkcs11 import read_uri
from testamur.adapters.keys.sealing import seal, unseal
from testamur.core.refusals import Fault

pytestmark = pytest.mark.xdist_group("sealing")

SECRET = bytes(range(100, 132))


@pytest.fixture
def token(tmp_path, monkeypatch) -> Token:
    """A token in software."""
    made = soft_token(tmp_path / "token")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture(scope="module")
def kms() -> Iterator[str]:
    """The address of a server that speaks as AWS KMS does."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch:
        for name in [one for one in os.environ if one.lower().endswith("_proxy")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "something")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


def kms_client(address: str):
    """Return what makes and disables keys there."""
    import botocore.session

    return botocore.session.get_session().create_client(
        "kms", region_name="eu-central-1", endpoint_url=address
    )


@pytest.fixture
def key_id(kms) -> str:
    """A new key of the service."""
    return str(kms_client(kms).create_key()["KeyMetadata"]["KeyId"])


def kms_url(address: str, key_id: str) -> str:
    """Return how a setting names a key of the service."""
    return f"aws-kms://{key_id}?region=eu-central-1&endpoint={address}"


def said(url: str, sealed: str | None = None, **options: bool) -> Fault:
    """Return the fault of sealing, or of opening what is *sealed*."""
    with pytest.raises(Fault) as fault:  # noqa: PT012 - one of two
        if sealed is None:
            seal(url, SECRET, **options)
        else:
            unseal(url, sealed)
    assert "\n" not in str(fault.value)
    assert PIN not in str(fault.value)
    return fault.value


def test_what_a_token_seals_it_opens(token):
    """And no two seals of a secret are alike, nor do they show it."""
    first = seal(token.uri(), SECRET, may_make_key=True)
    second = seal(token.uri(), SECRET)

    assert unseal(token.uri(), first) == SECRET == unseal(token.uri(), second)
    assert first != second
    assert SECRET.hex() not in first


def test_a_key_of_a_token_never_leaves_it(token):
    """It is made sensitive and not extractable: the token itself refuses."""
    seal(token.uri(), SECRET, may_make_key=True)
    script = (
        "import pkcs11, sys\n"
        f"lib = pkcs11.lib({str(token.module)!r})\n"
        f"with lib.get_token(token_label='testamur').open(user_pin={PIN!r}) as s:\n"
        "    key = s.get_key(label='operator')\n"
        "    for name in ('SENSITIVE', 'EXTRACTABLE'):\n"
        "        print(key[pkcs11.Attribute[name]])\n"
        "    try:\n"
        "        key[pkcs11.Attribute.VALUE]\n"
        "    except pkcs11.AttributeSensitive:\n"
        "        print('refused')\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )

    assert done.stdout.split() == ["True", "False", "refused"], done.stderr


def test_another_key_opens_nothing(token):
    """What was sealed by one is of no use to who holds another."""
    sealed = seal(token.uri(), SECRET, may_make_key=True)
    seal(token.uri("other"), SECRET, may_make_key=True)

    assert "another key" in str(said(token.uri("other"), sealed))


@pytest.mark.parametrize("place", [2, 40, -2])
def test_a_changed_seal_does_not_open(token, place):
    """A flipped letter anywhere is noticed."""
    sealed = seal(token.uri(), SECRET, may_make_key=True)
    head, body = sealed.rsplit(":", 1)
    letter = "A" if body[place] != "A" else "B"
    letters = list(body)
    letters[place] = letter

    assert not said(token.uri(), f"{head}:{''.join(letters)}").passing


def test_what_is_wrong_with_a_token_is_said(token):
    """Each fault says what to change, in one line, and never the PIN."""
    assert "--make-key" in str(said(token.uri()))
    assert "token that is not there" in str(said(token.uri(token="lost")))
    assert "cannot be used" in str(
        said(token.uri().replace(str(token.module), "/no/such/library.so"))
    )

    token.pin_file.chmod(0o644)
    assert "the PIN" in str(said(token.uri()))
    assert "chmod 600" in str(said(token.uri()))
    token.pin_file.chmod(0o600)
    token.pin_file.write_text("000000\n")
    assert "refuses the PIN" in str(said(token.uri()))
    token.pin_file.unlink()
    assert "does not exist" in str(said(token.uri()))


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("pkcs11:object=k?module-path=/m.so&pin-value=1234", "holds a PIN"),
        ("pkcs11:object=k;pin-value=1234?module-path=/m.so", "holds a PIN"),
        ("pkcs11:object=k", "names no library"),
        ("pkcs11:token=t?module-path=/m.so", "names no key"),
        ("pkcs11:object=k;type=private?module-path=/m.so", "another type"),
        ("pkcs11:object=k;slot-id=1?module-path=/m.so", "slot-id"),
        ("pkcs11:object=k?module-path=/m.so&pin-source=%7Ccat%20pin", "not a file"),
    ],
)
def test_a_uri_that_will_not_do_is_refused(uri, says):
    """RFC 7512 allows more than is safe: a PIN in the URI, a program that says it."""
    with pytest.raises(Fault, match=says) as fault:
        read_uri(uri)

    assert "1234" not in str(fault.value)


def test_a_uri_is_read_as_the_standard_writes_it():
    """Percent-encoding, both ways to name a file, and names in any order."""
    place = read_uri(
        "pkcs11:id=%01%FF;object=my%20key;token=The%20Software%20Token;"
        "type=secret-key;serial=DECC0401648?pin-source=file:///etc/pin"
        "&module-path=/usr/lib/p%3B.so"
    )

    assert place.label == "my key"
    assert (place.id, place.serial) == (b"\x01\xff", b"DECC0401648")
    assert place.token == "The Software Token"
    assert str(place.pin_file) == "/etc/pin"
    assert place.module == "/usr/lib/p;.so"


def test_what_a_key_service_seals_it_opens(kms, key_id):
    """By id, by alias and by ARN: the key is the same."""
    client = kms_client(kms)
    client.create_alias(AliasName=f"alias/{key_id}", TargetKeyId=key_id)
    arn = client.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]

    sealed = seal(kms_url(kms, f"alias/{key_id}"), SECRET)

    for name in (key_id, f"alias/{key_id}", arn):
        assert unseal(kms_url(kms, name), sealed) == SECRET
    assert SECRET.hex() not in sealed


def test_what_is_wrong_with_a_key_service_is_said(kms, key_id):
    """Whether waiting helps is known, and what to do is said."""
    sealed = seal(kms_url(kms, key_id), SECRET)
    other = kms_client(kms).create_key()["KeyMetadata"]["KeyId"]

    gone = said(kms_url(kms, "00000000-0000-4000-8000-000000000000"))
    assert "no such key" in str(gone)
    assert not gone.passing
    assert "another key" in str(said(kms_url(kms, other), sealed))


def test_a_key_service_that_does_not_answer_may_answer_later(kms):
    """Nothing listens there; whoever starts us may try again."""
    fault = said(kms_url("http://127.0.0.1:9", "some-key"))

    assert fault.passing
    assert "does not answer" in str(fault)


def test_a_seal_of_one_kind_is_not_given_to_the_other(kms, key_id):
    """Who changes the URL and forgets to seal anew is told so."""
    sealed = seal(kms_url(kms, key_id), SECRET)

    assert "not sealed by pkcs11" in str(said("pkcs11:object=k?module-path=/m", sealed))
