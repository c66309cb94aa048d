"""Which internet addresses a fetch may connect to: public ones, nothing of this machine or its network.

Pure. It judges an address that was resolved, never a name, because a name may stand for anything.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: Networks that carry an IPv4 address inside an IPv6 one, and how many bits stand to the right of it.
_CARRIERS = (
    (ip_network("::ffff:0:0/96"), 0),  # IPv4-mapped
    (ip_network("::/96"), 0),  # IPv4-compatible, deprecated
    (ip_network("64:ff9b::/96"), 0),  # NAT64
    (ip_network("2002::/16"), 80),  # 6to4
)
#: Closed although Python's own tables do not say so, or do not say so in every version.
_CLOSED = tuple(
    (ip_network(network), why)
    for network, why in (
        ("100.64.0.0/10", "a shared network behind a provider"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("192.0.0.0/24", "a reserved network"),
        ("198.18.0.0/15", "a network for benchmarks"),
        ("fec0::/10", "a private network"),
        ("64:ff9b:1::/48", "a private network"),
        ("2001::/23", "a reserved network"),
    )
)


def refusal(address: str) -> str | None:
    """Why an address must not be connected to, in a few words, or None where it is public."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "not an internet address"
    return _refusal(parsed)


def _refusal(address: IPv4Address | IPv6Address) -> str | None:
    if address.is_unspecified:
        return "no address"
    if address.is_loopback:
        return "this very machine"
    inner = _carried(address)
    if inner is not None:
        return _refusal(inner)
    if address.is_link_local:
        return "a link-local or metadata address"
    if address.is_multicast:
        return "a multicast address"
    for network, why in _CLOSED:
        if address.version == network.version and address in network:
            return why
    if address.is_reserved:
        return "a reserved address"
    return None if address.is_global and not address.is_private else "a private network"


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv6Address):
        for network, right in _CARRIERS:
            if address in network:
                return IPv4Address(int(address) >> right & 0xFFFFFFFF)
    return None
