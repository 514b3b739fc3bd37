"""A connection through a proxy, which is asked for it with ``CONNECT`` (RFC 9110 section 9.3.6)."""

from typing import Any, Final, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.network.connect_reply import ConnectReply, NoTunnelReply, TunnelRefused
from ollamaproxy.network.proxy_url import ProxyURL
from ollamaproxy.upstream.failures import to_upstream_error

_HINTS: Final = {
    403: "whoever runs it has to allow that",
    405: "is it a proxy for https?",
    502: "it cannot reach it",
    503: "it cannot reach it",
    504: "it cannot reach it",
}


def name_of(proxy: ProxyURL) -> str:
    """Return what errors call a proxy; nothing of it is secret."""
    return f"the proxy {proxy.address}"


def wants_user(proxy: ProxyURL) -> str:
    """Return what to do when a proxy answers with 407."""
    if proxy.user is None:
        return "it asks for a user and a password: http://USER:PASSWORD@HOST:PORT names them"
    return "it does not accept the user and the password in its URL"


@implementer(IStreamClientEndpoint)
class ProxyEndpoint:
    """Connects to a proxy, and says so when it cannot."""

    def __init__(self, endpoint: IStreamClientEndpoint, proxy: ProxyURL) -> None:
        self._endpoint = endpoint
        self._name = name_of(proxy)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails with UpstreamUnreachable.
        """

        def failed(failure: Failure) -> IProtocol:
            raise to_upstream_error(failure, self._name)

        return self._endpoint.connect(protocolFactory).addErrback(failed)


@implementer(IStreamClientEndpoint)
class TunnelEndpoint:
    """Has connected when the proxy has: what it sends from then on is the gateway's."""

    def __init__(self, endpoint: IStreamClientEndpoint, proxy: ProxyURL, target: str) -> None:
        """
        Wrap.

        Args:
            endpoint: Connects to the proxy.
            proxy: The proxy.
            target: Host and port of what is behind it, ASCII.
        """
        self._endpoint = endpoint
        self._proxy = proxy
        self._target = target

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails as the wrapped endpoint
        does, or with UpstreamUnreachable if the proxy does not do it.
        """

        def opened(tunnel: IProtocol) -> Deferred[IProtocol]:
            return cast("_Tunnel", tunnel).opened

        factory = _TunnelFactory(protocolFactory, self._proxy, self._target)
        return self._endpoint.connect(factory).addCallback(opened)


class _TunnelFactory(Factory[Protocol]):
    noisy = False

    def __init__(self, wrapped: IProtocolFactory, proxy: ProxyURL, target: str) -> None:
        self._wrapped = wrapped
        self._proxy = proxy
        self._target = target

    def buildProtocol(self, addr: Any) -> "_Tunnel | None":
        protocol = self._wrapped.buildProtocol(addr)
        return None if protocol is None else _Tunnel(protocol, self._proxy, self._target)


class _Tunnel(Protocol):
    """
    Asks the proxy, and hands all on to a protocol once there is a tunnel.

    Attributes:
        opened: Fires with the protocol.  Cancelling it closes the connection.
    """

    transport: Any  # TCP's or TLS's, which is more than an ITransport

    def __init__(self, wrapped: IProtocol, proxy: ProxyURL, target: str) -> None:
        self._wrapped = wrapped
        self._proxy = proxy
        self._target = target
        self._reply = ConnectReply()
        self._is_open = False
        self._error: UpstreamUnreachable | None = None
        self.opened: Deferred[IProtocol] = Deferred(self._give_up)

    def connectionMade(self) -> None:
        """Implement Protocol: ask for the tunnel."""
        target = self._target.encode("ascii")
        lines = [b"CONNECT %s HTTP/1.1" % target, b"Host: %s" % target]
        if (authorization := self._proxy.authorization) is not None:
            lines.append(b"Proxy-Authorization: %s" % authorization)
        self.transport.write(b"\r\n".join([*lines, b"", b""]))

    def dataReceived(self, data: bytes) -> None:
        """Implement Protocol."""
        if self._is_open:
            self._wrapped.dataReceived(data)
        elif self._error is None and not self.opened.called:
            self._read_reply(data)

    def _read_reply(self, data: bytes) -> None:
        try:
            first = self._reply.feed(data)
        except TunnelRefused as refusal:
            self._fail(self._refused(refusal))
        except NoTunnelReply as error:
            self._fail(f"no way to the gateway through {name_of(self._proxy)}: {error}")
        else:
            if first is not None:
                self._open(first)

    def _open(self, first: bytes) -> None:
        self._is_open = True
        self._wrapped.makeConnection(self.transport)
        self.opened.callback(self._wrapped)
        if first:
            self._wrapped.dataReceived(first)

    def _refused(self, refusal: TunnelRefused) -> str:
        text = (
            f"{name_of(self._proxy)} refused to connect to {self._target}: "
            f"{self._proxy.masked_in(str(refusal))}"
        )
        hint = wants_user(self._proxy) if refusal.status == 407 else _HINTS.get(refusal.status)
        return text if hint is None else f"{text}; {hint}"

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Implement Protocol."""
        if self._is_open:
            self._wrapped.connectionLost(reason)
        elif not self.opened.called:
            self.opened.errback(
                self._error
                or UpstreamUnreachable(
                    f"{name_of(self._proxy)} closed the connection "
                    f"instead of connecting to {self._target}"
                )
            )

    def _fail(self, message: str) -> None:
        self._error = UpstreamUnreachable(message)
        self.transport.abortConnection()

    def _give_up(self, opened: Deferred[IProtocol]) -> None:
        opened.errback(CancelledError())
        self.transport.abortConnection()
