"""Encrypted connections: who is trusted, who is asked for a name, and mistakes that are told early."""

import asyncio
import datetime
import ipaddress
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.aio_client import AsyncClient
from serving.client import Client, Tls
from serving.errors import BadInputError, ServerUnreachableError
from serving.protos import METADATA_METHOD, GetModelMetadataRequest, GetModelMetadataResponse


@dataclass(frozen=True)
class Pair:
    """A key and its certificate, as PEM files."""

    key: Path
    certificate: Path


def _pair(folder: Path, name: str, signer: Pair | None = None) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signing = subject, key
    if signer:
        issuer = x509.load_pem_x509_certificate(signer.certificate.read_bytes()).subject
        signing = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(signing, hashes.SHA256())
    )
    pair = Pair(folder / f"{name}.key", folder / f"{name}.pem")
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return pair


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """An authority, a server and a client signed by it, and a stranger."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = _pair(folder, "authority")
    signed = {name: _pair(folder, name, authority) for name in ("server", "client")}
    return {"authority": authority, "stranger": _pair(folder, "stranger"), **signed}


@pytest.fixture(scope="module", params=[False, True], ids=["server", "mutual"])
def encrypted(request, pairs):
    """(address, whether the server asks who calls)."""

    def version(request, context):
        return GetModelMetadataResponse(model_spec={"version": {"value": 5}})

    service, method = METADATA_METHOD.strip("/").split("/")
    handler = grpc.unary_unary_rpc_method_handler(
        version, GetModelMetadataRequest.FromString, GetModelMetadataResponse.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    own = (pairs["server"].key.read_bytes(), pairs["server"].certificate.read_bytes())
    credentials = grpc.ssl_server_credentials(
        [own], pairs["authority"].certificate.read_bytes(), require_client_auth=request.param
    )
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    yield f"localhost:{port}", request.param
    server.stop(None)


def _version(address, tls):
    with Client(address, tls=tls, timeout_s=5) as client:
        return client.current_version()


def _awaited_version(address, tls):
    async def ask():
        async with AsyncClient(address, tls=tls, timeout_s=5) as client:
            return await client.current_version()

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [_version, _awaited_version])
def test_who_trusts_the_authority_and_shows_a_certificate_where_asked_is_answered(encrypted, pairs, ask):
    address, mutual = encrypted
    own = (pairs["client"].key, pairs["client"].certificate) if mutual else ()

    assert ask(address, Tls.from_files(pairs["authority"].certificate, *own)) == 5


@pytest.mark.parametrize("ask", [_version, _awaited_version])
@pytest.mark.parametrize("case", ["plain text", "another authority", "well-known authorities", "no name"])
def test_all_others_are_not(encrypted, pairs, ask, case):
    address, mutual = encrypted
    if case == "no name" and not mutual:
        pytest.skip("this server asks nobody")
    tls = {
        "plain text": lambda: None,
        "another authority": lambda: Tls.from_files(pairs["stranger"].certificate),
        "well-known authorities": Tls,
        "no name": lambda: Tls.from_files(pairs["authority"].certificate),
    }[case]()

    advice = "give another address" if tls is None else "check the certificates and that it speaks TLS there"
    with pytest.raises(ServerUnreachableError, match=advice):
        ask(address, tls)


def test_the_key_is_not_shown(pairs):
    tls = Tls.from_files(None, pairs["client"].key, pairs["client"].certificate)
    assert "PRIVATE KEY" not in repr(tls)
    assert b"PRIVATE KEY" in tls.private_key


def test_mistakes_are_told_before_a_call(pairs, tmp_path):
    client, stranger = pairs["client"], pairs["stranger"]
    (tmp_path / "text.pem").write_text("no certificate")
    (tmp_path / "empty.pem").write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
    for arguments, words in (
        ((None, client.key), "received only one of them"),
        ((None, None, client.certificate), "received only one of them"),
        ((tmp_path / "text.pem",), "expected the contents of a PEM file as root certificates of TLS"),
        ((tmp_path / "empty.pem",), r"expected PEM files of certificates.*empty\.pem"),
        ((None, client.key, stranger.certificate), "KEY_VALUES_MISMATCH"),
        ((tmp_path / "absent.pem",), "cannot be read: No such file"),
    ):
        with pytest.raises(BadInputError, match=words):
            Tls.from_files(*arguments)


def test_a_key_with_a_password_is_refused_without_asking_for_it(pairs, tmp_path):
    key = serialization.load_pem_private_key(pairs["client"].key.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "locked.key").write_bytes(locked)
    with pytest.raises(BadInputError, match="has no password"):
        Tls.from_files(None, tmp_path / "locked.key", pairs["client"].certificate)
