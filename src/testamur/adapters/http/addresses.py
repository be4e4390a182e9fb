"""
Which addresses a server-side fetch may never reach.

An explicit table, because `ipaddress.is_global` is none: Python 3.11 calls
multicast, site-local and several addresses with a private IPv4 address inside
"global". Read from the IANA registries on 2025-10-09:
https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry and
https://www.iana.org/assignments/ipv6-address-space. Whatever has a line in a
special-purpose registry is refused, reachable or not: no picture lives there.
"""

from collections.abc import Iterator, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FORBIDDEN_V4: Sequence[IPv4Network] = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # shared address space, RFC 6598; some clouds' metadata
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link local, RFC 3927; most clouds' metadata
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # 6to4 relays, deprecated by RFC 7526
        "192.168.0.0/16",  # private use, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112, and limited broadcast, RFC 919
        # In no registry: Azure's host answers its guests at this public address
        # (learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
        "168.63.129.16/32",
    )
)

#: All that IANA has opened for unicast, RFC 4291. Loopback, mapped, unique
#: local, link local, site local, multicast and 5f00::/16 lie outside.
OPEN_V6 = IPv6Network("2000::/3")

FORBIDDEN_V6: Sequence[IPv6Network] = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # IETF protocol assignments, RFC 2928; with Teredo and ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
)

#: How IPv4 hosts look from a network that speaks only IPv6, RFC 6052: as open
#: or forbidden as the address inside.
NAT64 = IPv6Network("64:ff9b::/96")

NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
TEREDO = IPv6Network("2001::/32")  # RFC 4380
LAST_32_BITS: Sequence[IPv6Network] = tuple(
    IPv6Network(block)
    for block in (
        "::/96",  # IPv4-compatible, RFC 4291
        "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
        "64:ff9b::/96",
    )
)

#: The first half of an ISATAP interface identifier, with the u bit off and on,
#: RFC 5214.
ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def is_forbidden(address: Address, allow: Sequence[Network] = ()) -> bool:
    """
    Say whether *address* must not be reached.

    What lies in *allow* may be reached although private. An IPv6 address must
    lie in *allow* itself, and every IPv4 address inside it is judged as well.

    >>> is_forbidden(ip_address("64:ff9b::a9fe:a9fe"))
    True
    >>> is_forbidden(ip_address("10.1.2.3"), [IPv4Network("10.1.0.0/16")])
    False
    """
    if isinstance(address, IPv6Address) and any(
        is_forbidden(inside, allow) for inside in embedded(address)
    ):
        return True
    if any(address in network for network in allow):
        return False
    if isinstance(address, IPv4Address):
        return any(address in block for block in FORBIDDEN_V4)
    if address in NAT64:
        return False
    return address not in OPEN_V6 or any(address in block for block in FORBIDDEN_V6)


def embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield every IPv4 address that *address* may lead to."""
    bits = int(address)
    if any(address in block for block in LAST_32_BITS):
        yield _v4(bits)
    if address in SIX_TO_FOUR:
        yield _v4(bits >> 80)
    if address in TEREDO:
        yield _v4(bits >> 64)  # the server
        yield _v4(~bits)  # the client, every bit flipped
    if address in NAT64_LOCAL:
        yield from _translated(bits)
    if bits >> 32 & 0xFFFF_FFFF in ISATAP:
        yield _v4(bits)


def _translated(bits: int) -> Iterator[IPv4Address]:
    """
    Yield the IPv4 address at each place that RFC 6052 section 2.2 has for it.

    Only the translator knows the length of its prefix. After 48, 56 or 64 bits
    the address is written around bits 64 to 71, after 96 bits it comes last. A
    place that begins with a zero octet is not the one in use.
    """
    around = (bits >> 64 & 0xFFFF) << 56 | bits & (1 << 56) - 1
    for place in (around >> 40, around >> 32, around >> 24, bits):
        inside = _v4(place)
        if inside.packed[0]:
            yield inside


def read_address(text: str) -> Address | None:
    """
    Return the address that a resolver spelt, or None if it is none.

    A zone ("fe80::1%eth0") is dropped: it chooses a link, not a host.
    """
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _v4(bits: int) -> IPv4Address:
    return IPv4Address(bits & 0xFFFF_FFFF)
