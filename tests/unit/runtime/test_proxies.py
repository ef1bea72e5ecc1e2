"""Who a request is from: only known gateways are believed, each for the one entry that it wrote."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from shared.web.proxies import as_caller, as_site, origin, read_networks

TRUSTED = read_networks("10.0.0.0/8, 127.0.0.1 2001:db8:ffff::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "caller"),
    [
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("198.51.100.7", ["127.0.0.1"], "198.51.100.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("127.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1, ::ffff:10.1.2.3"], "198.51.100.1"),
        ("2001:db8:ffff::1", ["2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", ["203.0.113.9, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, unknown, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["203.0.113.9,"], "127.0.0.1"),
        ("127.0.0.1", ["' OR 1=1 --"], "127.0.0.1"),
        ("127.0.0.1", ["1" * 10_000], "127.0.0.1"),
        ("127.0.0.1", [",".join(["10.1.2.3"] * 10_000)], "10.1.2.3"),
    ],
)
def test_the_first_from_the_right_that_is_no_gateway_of_ours_is_the_caller(
    peer: str, forwarded_for: list[str], caller: str
) -> None:
    assert origin(ip_address(peer), forwarded_for, TRUSTED) == ip_address(caller)


def test_nobody_is_believed_where_no_gateway_is_named() -> None:
    assert origin(ip_address("127.0.0.1"), ["203.0.113.9"], read_networks("")) == ip_address("127.0.0.1")


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_one_subscriber_is_one_caller_however_many_addresses_it_has(host: str, caller: str) -> None:
    assert as_caller(host) == caller


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("203.0.113.9", None),
        ("::ffff:203.0.113.9", None),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("testclient", None),
    ],
)
def test_a_site_of_ipv6_is_the_largest_network_that_one_subscriber_is_given(host: str, site: str | None) -> None:
    assert as_site(host) == site


@pytest.mark.parametrize("text", ["gateway", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.0/33"])
def test_what_is_no_network_or_everybody_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|address|host bits"):
        read_networks(text)
