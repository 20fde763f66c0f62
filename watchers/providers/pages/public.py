"""Which IP addresses are public: everybody's, and nobody's in particular. Pure.

``ipaddress.is_global`` is not enough: in Python 3.11 it takes multicast, 6to4, NAT64 and site-local addresses
for global, and the addresses at which clouds serve their secrets lie where they please. IPv6 is therefore
allowed by what is given out to the public (2000::/3), less what leads elsewhere.

https://www.iana.org/assignments/iana-ipv4-special-registry , …/iana-ipv6-special-registry
"""

from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network

_NOT_IPV4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",  # carriers; Alibaba serves its secrets at 100.100.100.200
    "127.0.0.0/8",
    "168.63.129.16/32",  # Azure's wire server
    "169.254.0.0/16",  # link-local, and most clouds' secrets
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",  # multicast, reserved, broadcast
)
# Outside lie ::ffff:0:0/96 (mapped), 64:ff9b::/96 (NAT64), fc00::/7, fe80::/10, fec0::/10, ff00::/8.
_IPV6 = IPv6Network("2000::/3")
_NOT_IPV6 = (
    "2001::/23",  # Teredo, ORCHID and other special purposes
    "2001:db8::/32",
    "2002::/16",  # 6to4: an IPv4 address in disguise
    "3ffe::/16",
    "3fff::/20",
)
_SPECIAL = tuple(map(ip_network, (*_NOT_IPV4, *_NOT_IPV6)))


def is_public(text: str) -> bool:
    """Whether this is the notation of a public address; of anything else, it is not."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL)
    return address.scope_id is None and address in _IPV6 and not any(address in one for one in _SPECIAL)
