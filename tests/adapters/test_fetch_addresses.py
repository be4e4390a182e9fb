"""Which addresses a fetch may never reach."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.adapters.http.addresses import FORBIDDEN_V4, is_forbidden

FORBIDDEN_INSIDE = st.sampled_from(FORBIDDEN_V4).flatmap(
    lambda block: st.integers(int(block.network_address), int(block.broadcast_address))
)

#: Every way to write an IPv4 address into an IPv6 address.
EMBEDDINGS = {
    "compatible": lambda v4: v4,
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "NAT64": lambda v4: 0x64FF9B << 96 | v4,
    "NAT64-local-96": lambda v4: 0x64FF9B0001 << 80 | v4,
    "NAT64-local-48": lambda v4: (
        0x64FF9B0001 << 80 | v4 >> 16 << 64 | (v4 & 0xFFFF) << 40
    ),
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80,
    "Teredo-server": lambda v4: 0x20010000 << 96 | v4 << 64 | ~0x08080808 & 0xFFFFFFFF,
    "Teredo-client": lambda v4: 0x20010000 << 96 | 0x08080808 << 64 | v4 ^ 0xFFFFFFFF,
    "ISATAP": lambda v4: 0x2A00_0001 << 96 | 0x5EFE << 32 | v4,
    "ISATAP-universal": lambda v4: 0x2A00_0001 << 96 | 0x0200_5EFE << 32 | v4,
}


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.192",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.175.48.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2a00::5efe:a00:1",
    ],
)
def test_a_special_address_is_forbidden(text):
    """
    U04, U05: whatever a special-purpose registry lists is never reached.
    """
    assert is_forbidden(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2a00:1450:4001::200e",
        "64:ff9b::808:808",
        "2a00::5efe:808:808",
    ],
)
def test_a_public_address_may_be_reached(text):
    """
    The neighbours of every block, and public hosts seen through NAT64, are open.
    """
    assert not is_forbidden(ip_address(text))


@pytest.mark.parametrize("how", EMBEDDINGS)
@given(inside=FORBIDDEN_INSIDE)
def test_a_forbidden_address_stays_forbidden_inside_another(how, inside):
    """
    No way of writing a forbidden IPv4 address into IPv6 opens it.
    """
    assert is_forbidden(IPv4Address(inside))
    assert is_forbidden(IPv6Address(EMBEDDINGS[how](inside)))


@pytest.mark.parametrize("how", EMBEDDINGS)
def test_allowing_all_of_ipv6_does_not_allow_the_ipv4_inside(how):
    """
    An operator who opens an IPv6 network has not opened IPv4's loopback.
    """
    inside = int(IPv4Address("127.0.0.1"))

    assert is_forbidden(IPv6Address(EMBEDDINGS[how](inside)), [ip_network("::/0")])


def test_what_the_operator_allows_is_open_and_its_neighbours_are_not():
    """
    TESTAMUR_FETCH_ALLOW opens exactly its networks.
    """
    allow = [ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")]

    assert not is_forbidden(ip_address("10.1.255.255"), allow)
    assert not is_forbidden(ip_address("fd00:1::5"), allow)
    assert is_forbidden(ip_address("10.2.0.0"), allow)
    assert is_forbidden(ip_address("fd00:2::5"), allow)


def test_a_local_translator_is_usable_when_the_operator_opens_it():
    """
    64:ff9b:1::/48 can be allowed, and still hides no private address.
    """
    allow = [ip_network("64:ff9b:1::/48")]

    assert not is_forbidden(ip_address("64:ff9b:1::808:808"), allow)
    assert is_forbidden(ip_address("64:ff9b:1::a9fe:a9fe"), allow)
    assert is_forbidden(ip_address("64:ff9b:1:a9fe:a9:fe00::"), allow)
