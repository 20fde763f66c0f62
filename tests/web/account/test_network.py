"""Which network a request is from: never what its sender says of it."""

import pytest

from web.account.network import address, network, site_of


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [
        ("1.1.1.1", 0, "10.0.0.1"),
        ("1.1.1.1, 203.0.113.7", 1, "203.0.113.7"),
        ("1.1.1.1,2.2.2.2,203.0.113.7,35.191.0.1", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
        (" , ,", 1, "10.0.0.1"),
        ("unknown", 1, "unknown"),
    ],
)
def test_only_what_our_own_proxies_added_counts(forwarded: str, proxies: int, found: str) -> None:
    assert address("10.0.0.1", forwarded, proxies) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("203.0.113.7:8080", "unknown"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_a_household_is_one_network(address: str, found: str) -> None:
    assert network(address) == found


def test_all_networks_of_one_site_are_known_to_be_one_customers() -> None:
    assert site_of("2001:db8:1:2::/64") == site_of("2001:db8:1:ffff::/64") == "2001:db8:1::/48"
    assert site_of("203.0.113.0/24") is None
    assert site_of("unknown") is None
