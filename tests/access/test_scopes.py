"""What a key or token may do is what was named, and what its maker may do."""

import pytest

from testamur.access.scopes import require
from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal


@pytest.mark.parametrize("needed", Scope)
@pytest.mark.parametrize("had", Scope)
def test_a_scope_opens_what_it_names_and_nothing_else(room, needed, had):
    """I21: with one scope alone, every other is refused by name."""
    made = room.keys.create(room.tenant(), scopes=[had.value])
    caller = room.gate.authenticate(api_keys=[made.text])

    if needed is had:
        require(caller, needed)
    else:
        with pytest.raises(Refusal, match=needed.value) as refusal:
            require(caller, needed)
        assert refusal.value.kind is Kind.NOT_ALLOWED
        assert refusal.value.code == "missing_scope"


@pytest.mark.parametrize("name", ["bulk:*", "", "BULK:MINT", "admin", "bulk:mint "])
def test_an_unknown_scope_is_refused(room, name):
    """A scope that there is not is refused with those that there are."""
    tenant = room.tenant()

    for create in (room.keys.create, room.tokens.create):
        with pytest.raises(Refusal, match="bulk:retry") as refusal:
            create(tenant, scopes=["bulk:mint", name])
        assert refusal.value.kind is Kind.INVALID
        assert refusal.value.code == "unknown_scope"
    assert room.keys.list(tenant) == []


def test_who_makes_a_key_cannot_give_more_than_it_has(room):
    """A key with few scopes makes keys and tokens with those at most."""
    tenant = room.tenant()
    few = room.keys.create(tenant, scopes=["keys:manage", "bulk:mint"])
    maker = room.gate.authenticate(api_keys=[few.text])

    for create in (room.keys.create, room.tokens.create):
        with pytest.raises(Refusal, match="bulk:retry") as refusal:
            create(tenant, scopes=["bulk:retry"], by=maker)
        assert refusal.value.kind is Kind.NOT_ALLOWED
    assert room.keys.create(tenant, by=maker).key.scopes == maker.scopes
    assert room.tokens.create(tenant, by=maker).scopes == maker.scopes
