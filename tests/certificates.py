"""Certificates of 127.0.0.1 for servers of tests, made when they are needed."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path, days: float = 9, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate that signs itself and ends in so many days, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    end = datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), end - timedelta(90), end)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    own = made.add_extension(here, critical=False).add_extension(x509.BasicConstraints(True, None), critical=True)
    signed = own.sign(key, hashes.SHA256())
    public, private = folder / f"{host}{days:+}.pem", folder / f"{host}{days:+}.key"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private
