"""An authority of our own, and certificates that it has signed."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.ports import HOST


def make_certificates(folder: Path) -> None:
    """An authority of our own, a certificate for the broker at 127.0.0.1, and one for us."""
    now = datetime.now(UTC)  # noqa: TID251  (machine time: certificates know no other)

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def signed(subject: str, by: ec.EllipticCurvePrivateKey, *, ca: bool) -> tuple[bytes, bytes]:
        key = by if ca else ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
            .sign(by, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return private, certificate.public_bytes(pem)

    authority = ec.generate_private_key(ec.SECP256R1())
    (folder / "ca.pem").write_bytes(signed("authority", authority, ca=True)[1])
    (folder / "broker.pem").write_bytes(b"".join(signed("broker", authority, ca=False)))
    key, certificate = signed("us", authority, ca=False)
    (folder / "us.key").write_bytes(key)
    (folder / "us.pem").write_bytes(certificate)
    other = ec.generate_private_key(ec.SECP256R1())
    (folder / "other-ca.pem").write_bytes(signed("authority", other, ca=True)[1])
