"""TLS certificates: one authority, and one server certificate per account and region.

A wildcard covers a single label, so `*.<hash>.<region>.rds.amazonaws.com` is valid for every
endpoint of one account and for nothing else: verifying a connection made through a DNS record
must fail, as it does against the real service.
"""

import datetime
import hashlib
import os
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=30)


def endpoint_domain(account, region):
    """What follows the instance's name in its endpoint; the hash is fixed per account and region."""
    digest = hashlib.sha256(f"{account}/{region}".encode()).hexdigest()
    return f"c{digest[:11]}.{region}.rds.amazonaws.com"


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Authority:
    def __init__(self, directory, own):
        """`own` hands a file to the OS user that the database servers run as."""
        self._directory = directory
        self._own = own
        self._lock = threading.Lock()
        self._issued = {}
        # Elliptic keys: made in a millisecond, where an RSA key would delay every start.
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name("Simulated RDS root CA")
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        self._certificate = (
            self._draft(self._subject, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_path = os.path.join(directory, "ca.pem")
        self._write("ca.pem", self._pem(self._certificate), 0o644)

    def server_files(self, account, region):
        """Paths of (certificate, key) for the endpoints of an account; made on first use."""
        with self._lock:
            if (account, region) not in self._issued:
                self._issued[account, region] = self._issue(account, region)
            return self._issued[account, region]

    def _issue(self, account, region):
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName("*." + endpoint_domain(account, region))])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        certificate = (
            self._draft(_name("rds"), key)
            .add_extension(names, critical=False)
            .add_extension(usage, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        stem = f"{account}-{region}"
        return (
            self._write(stem + ".crt", self._pem(certificate), 0o644),
            # PostgreSQL refuses a key that others may read.
            self._write(stem + ".key", self._key_pem(key), 0o600),
        )

    def _draft(self, subject, key):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
        )

    def _write(self, name, content, mode):
        path = os.path.join(self._directory, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        self._own(path)
        return path

    @staticmethod
    def _pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)

    @staticmethod
    def _key_pem(key):
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
