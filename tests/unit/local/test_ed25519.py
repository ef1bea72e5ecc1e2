"""What needs nothing but Python finds the same public key as the library that signs."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.ed25519 import public_key


@pytest.mark.parametrize(
    ("seed", "public"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ),
    ],
)
def test_the_keys_of_the_rfc(seed: str, public: str) -> None:
    """RFC 8032 § 7.1."""
    assert public_key(bytes.fromhex(seed)).hex() == public


@given(st.binary(min_size=32, max_size=32))
def test_any_other_key_as_the_library_has_it(seed: bytes) -> None:
    assert public_key(seed) == Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
