"""Where a request comes from, as far as that can be believed. Pure.

Each proxy appends the address of whoever spoke to it to ``X-Forwarded-For``, so only the entries at the right
end are not the sender's own invention: with one proxy before us (Cloud Run's front end) the last one, with a
load balancer before that the last but one. All others could be anything, and are never looked at.
"""

from ipaddress import IPv6Address, ip_address, ip_network

_BITS = {4: 24, 6: 64}  # one household, one office, one rented machine
_SITE_BITS = 48
_UNKNOWN = "unknown"


def address(peer: str | None, forwarded: str, proxies: int) -> str:
    """Whose request it is. ``peer`` opened the connection; ``forwarded`` is the header as it came."""
    entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    believed = entries[-proxies] if 0 < proxies <= len(entries) else peer
    return believed or ""


def network(address: str) -> str:
    """The network of an address, for which one limit counts: ``203.0.113.0/24``, ``2001:db8::/64``."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return _UNKNOWN
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{_BITS[found.version]}", strict=False))


def site_of(network: str) -> str | None:
    """The /48 that an IPv6 network of ours is part of: one customer may have all of its 65,536 networks."""
    return str(ip_network(network).supernet(new_prefix=_SITE_BITS)) if ":" in network else None
