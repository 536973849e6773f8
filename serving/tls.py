"""Encryption of a client's connection, and who it says it is."""

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from serving.errors import BadInputError


@dataclass(frozen=True)
class Tls:
    """What a client needs for TLS; all of it None is TLS with the certificate authorities that gRPC brings.

    Attributes:
        root_certificates: PEM of the authorities that may have signed the server's certificate.
        private_key: PEM of the client's own key, where the server asks who calls (mutual TLS).
        certificate_chain: PEM of the client's own certificate; goes with the key.

    Raises:
        BadInputError: a key without a certificate, or the other way round, or something that is no PEM.
    """

    root_certificates: bytes | None = None
    private_key: bytes | None = field(default=None, repr=False)
    certificate_chain: bytes | None = None

    def __post_init__(self):
        if (self.private_key is None) != (self.certificate_chain is None):
            raise BadInputError(
                "expected a private key and its certificate, received only one of them: "
                "a server that asks who calls needs both, any other needs neither"
            )
        for name in ("root_certificates", "private_key", "certificate_chain"):
            content = getattr(self, name)
            # gRPC itself would only fail at the first call, and without saying what is wrong.
            if content is not None and b"-----BEGIN " not in content:
                raise BadInputError(
                    f"expected the contents of a PEM file as {name.replace('_', ' ')} of TLS, received "
                    f"{len(content)} bytes without a line -----BEGIN …-----"
                )

    @classmethod
    def from_files(
        cls,
        root_certificates: str | os.PathLike | None = None,
        private_key: str | os.PathLike | None = None,
        certificate_chain: str | os.PathLike | None = None,
    ) -> "Tls":
        """The same from files, which are tried out first.

        Raises:
            BadInputError: a file cannot be read, is no PEM, or the key is not that of the certificate.
        """
        tls = cls(*map(_content, (root_certificates, private_key, certificate_chain)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if root_certificates is not None:
                context.load_verify_locations(root_certificates)
            if private_key is not None:
                # A password is asked for at the terminal otherwise; gRPC takes keys without one only.
                context.load_cert_chain(certificate_chain, private_key, password="")
        except (ssl.SSLError, ValueError) as error:
            files = ", ".join(str(one) for one in (root_certificates, certificate_chain, private_key) if one)
            raise BadInputError(
                f"expected PEM files of certificates, and a key that belongs to its certificate and has no "
                f"password, received {files}: {getattr(error, 'reason', None) or error}"
            ) from error
        return tls

    def credentials(self) -> grpc.ChannelCredentials:
        """The same for gRPC."""
        return grpc.ssl_channel_credentials(self.root_certificates, self.private_key, self.certificate_chain)


def _content(path: str | os.PathLike | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadInputError(f"expected a PEM file at {path}: it cannot be read: {error.strerror}") from error
