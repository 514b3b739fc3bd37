"""The operator's certificates: files, and gateways that ask for them."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from OpenSSL import SSL
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web.client import URI

from ollamaproxy.errors import InvalidSetting, UpstreamUnreachable
from ollamaproxy.network.proxies import parse_proxy
from ollamaproxy.settings import Network
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.failures import to_upstream_error
from ollamaproxy.upstream.trust import GatewayTrust, read_trust
from tests.case import Case, on_reactor
from tests.live.certificates import GatewayCertificate
from tests.live.ends import GatewayCase, Ours
from tests.live.proxy import proxy

pytestmark = pytest.mark.live

reactor: Any = _reactor

AUTHORITY = GatewayCertificate("company.test")
BETWEEN = GatewayCertificate("between.test", issuer=AUTHORITY, is_authority=True)
CLIENT = GatewayCertificate("client.test", issuer=BETWEEN)


class Files(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, *contents: bytes) -> str:
        path = self.folder / name
        path.write_bytes(b"".join(contents))
        return str(path)

    def refusal(self, **paths: Any) -> str:
        """Return how the files are refused, without the folder they are in."""
        with self.assertRaises(InvalidSetting) as caught:
            read_trust(Network(**paths))
        return str(caught.exception).replace(f"{self.folder}/", "")

    def test_nothing(self) -> None:
        """Without files it is the platform's trust, and no certificate of our own."""
        self.assertEqual(read_trust(Network()), GatewayTrust())

    def test_bundle(self) -> None:
        """All certificates of a bundle are read, whatever stands between them."""
        path = self.file("ca.pem", b"# ours\n", AUTHORITY.certificate_pem, CLIENT.certificate_pem)
        self.assertIsNotNone(read_trust(Network(ca_file=path)).roots)

    def test_client(self) -> None:
        """A client's certificate comes with those behind it, and its key from either file."""
        chain = self.file("chain.pem", CLIENT.certificate_pem, BETWEEN.certificate_pem)
        key = self.file("key.pem", CLIENT.key_pem)
        both = self.file("both.pem", CLIENT.key_pem, CLIENT.certificate_pem)
        client = read_trust(Network(client_certificate=chain, client_key=key)).client
        assert client is not None
        self.assertEqual(len(client.chain), 1)
        client = read_trust(Network(client_certificate=both)).client
        assert client is not None
        self.assertEqual(client.chain, ())

    def test_what_cannot_be_read(self) -> None:
        """A file that is not to be had is named, with the setting and the reason."""
        good = self.file("good.pem", CLIENT.certificate_pem)
        gone = str(self.folder / "gone.pem")
        reason = "cannot read gone.pem: No such file or directory"
        self.assertEqual(self.refusal(ca_file=gone), f"--ca-file: {reason}")
        told = self.refusal(client_certificate=gone)
        self.assertEqual(told, f"--client-certificate: {reason}")
        told = self.refusal(client_certificate=good, client_key=gone)
        self.assertEqual(told, f"--client-key: {reason}")

    def test_what_holds_none(self) -> None:
        """A file without what it should hold is told of."""
        empty = self.file("empty.pem")
        key = self.file("key.pem", CLIENT.key_pem)
        good = self.file("good.pem", CLIENT.certificate_pem)
        damaged = self.file("damaged.pem", CLIENT.certificate_pem.replace(b"MII", b"AAA"))
        for path in (empty, key, damaged):
            for setting in ("ca_file", "client_certificate"):
                self.assertRegex(
                    self.refusal(**{setting: path}),
                    f"^--{setting.replace('_', '-')}: [a-z]+.pem holds no certificate in PEM$",
                )
        none = "good.pem holds no private key in PEM"
        told = self.refusal(client_certificate=good)
        self.assertEqual(told, f"--client-certificate: {none}")
        told = self.refusal(client_certificate=good, client_key=good)
        self.assertEqual(told, f"--client-key: {none}")
        told = self.refusal(client_key=key)
        self.assertEqual(told, "--client-key: needs a --client-certificate, too")

    def test_another_key(self) -> None:
        """A key that is not the certificate's is refused."""
        good = self.file("good.pem", CLIENT.certificate_pem)
        other = self.file("other.pem", AUTHORITY.key_pem)
        told = "the private key in other.pem is not that of the certificate in good.pem"
        self.assertEqual(
            self.refusal(client_certificate=good, client_key=other), f"--client-key: {told}"
        )

    def test_encrypted_keys(self) -> None:
        """A key that asks for a password is refused, and not asked about on a terminal."""
        good = self.file("good.pem", CLIENT.certificate_pem)
        for encoding in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
            key = self.file("key.pem", CLIENT.encrypted_key_pem(encoding))
            told = self.refusal(client_certificate=good, client_key=key)
            self.assertIn("--client-key: the private key in key.pem has a password", told)


class MutualCase(GatewayCase):
    certificate = GatewayCertificate("localhost", wanted_from_clients=AUTHORITY)

    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def trust(self, *own: bytes) -> GatewayTrust:
        ca_file, client = self.folder / "ca.pem", self.folder / "client.pem"
        ca_file.write_bytes(self.certificate.certificate_pem)
        client.write_bytes(b"".join(own))
        return read_trust(
            Network(ca_file=str(ca_file), client_certificate=str(client) if own else None)
        )

    def connect_with(self, trust: GatewayTrust, port: int) -> Deferred[Any]:
        endpoints = GatewayEndpoints(reactor, 20.0, trust)
        endpoint = endpoints.endpointForURI(URI.fromBytes(b"https://localhost:%d" % port))
        return endpoint.connect(Factory.forProtocol(Ours))

    async def end(self, *own: bytes) -> str:
        """Return what is said of a connection that the gateway ends."""
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect_with(self.trust(*own), port)
            ours.transport.write(b"hello")
            await ours.closed
        self.assertTrue(ours.reason.check(SSL.Error))
        error = to_upstream_error(ours.reason)
        self.assertIsInstance(error, UpstreamUnreachable)
        return str(error)


class Mutual(MutualCase):
    @on_reactor
    async def test_shown(self) -> None:
        """A gateway that asks is shown the certificate, and those up to its root."""
        own = (CLIENT.certificate_pem, BETWEEN.certificate_pem, CLIENT.key_pem)
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect_with(self.trust(*own), port)
            await self.assert_echoed(ours)

    @on_reactor
    async def test_none(self) -> None:
        """Without one it is said which setting names it."""
        told = await self.end()
        self.assertIn("it says 'certificate required'; if it asks for a client certificate", told)
        self.assertIn("--client-certificate", told)

    @on_reactor
    async def test_a_stranger_s(self) -> None:
        """With one that the gateway does not know as well."""
        stranger = GatewayCertificate("client.test")
        told = await self.end(stranger.certificate_pem, stranger.key_pem)
        self.assertRegex(told, "it says 'unknown ca'; .* --client-certificate$")


class Alerts(Case):
    def told(self, alert: str, peer: str) -> str:
        error = SSL.Error([("SSL routines", "", f"ssl/tls alert {alert}")])
        return str(to_upstream_error(Failure(error), peer))

    def test_what_is_not_about_certificates(self) -> None:
        """A client certificate is spoken of only where one could help."""
        hint = "--client-certificate"
        self.assertIn(hint, self.told("handshake failure", "the gateway"))
        self.assertNotIn(hint, self.told("protocol version", "the gateway"))
        told = "no secure connection to the proxy p:1: it says 'handshake failure'"
        self.assertEqual(self.told("handshake failure", "the proxy p:1"), told)


class Wrong(GatewayCase):
    """Certificates of gateways that are out of date: no authority could help."""

    async def told(self) -> str:
        async with self.listening(self.echoing_tls()) as port:
            with self.assertRaises(UpstreamUnreachable) as caught:
                await self.connect(f"https://localhost:{port}")
        return str(caught.exception)


class Expired(Wrong):
    certificate = GatewayCertificate("localhost", valid_days=(-2, -1))

    @on_reactor
    async def test_told(self) -> None:
        """One that has expired is called that."""
        self.assertEqual(await self.told(), "the gateway's certificate has expired")


class TooEarly(Wrong):
    certificate = GatewayCertificate("localhost", valid_days=(1, 2))

    @on_reactor
    async def test_told(self) -> None:
        """So is one that is not valid yet."""
        self.assertEqual(await self.told(), "the gateway's certificate is not valid yet")


class Once(GatewayCase):
    def test_policy(self) -> None:
        """A host's certificates are prepared once, and not for every request."""
        policy = GatewayTrust().policy()
        first = policy.creatorForNetloc(b"gateway.test", 443)
        self.assertIs(policy.creatorForNetloc(b"gateway.test", 443), first)
        self.assertIsNot(policy.creatorForNetloc(b"other.test", 443), first)


class Proxied(MutualCase):
    certificate = GatewayCertificate("gateway.test", "127.0.0.1")

    @on_reactor
    async def test_not_shown_to_a_proxy(self) -> None:
        """A proxy that lets in only who shows the certificate does not get to see it."""
        context = self.certificate.for_threads()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=AUTHORITY.certificate_pem.decode())
        trust = self.trust(CLIENT.certificate_pem, BETWEEN.certificate_pem, CLIENT.key_pem)
        with proxy({"gateway.test": "127.0.0.1"}, tls=context) as server:
            proxies = parse_proxy(f"https://127.0.0.1:{server.port}")
            async with self.listening(self.echoing_tls()) as port:
                endpoints = GatewayEndpoints(reactor, 20.0, trust, proxies)
                uri = URI.fromBytes(b"https://gateway.test:%d" % port)
                with self.assertRaisesRegex(UpstreamUnreachable, "^the proxy 127.0.0.1"):
                    await endpoints.endpointForURI(uri).connect(Factory.forProtocol(Ours))
        self.assertEqual(server.asked, [])
