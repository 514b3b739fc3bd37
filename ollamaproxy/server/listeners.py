"""Where clients come in: host and port, or endpoints of Twisted's."""

import errno
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.python.failure import Failure

from ollamaproxy.configuration.addresses import BACKLOG, description_of
from ollamaproxy.errors import CannotListen, InvalidSetting
from ollamaproxy.mistakes import Mistakes
from ollamaproxy.settings.listening import Listening


class Listeners:
    """The ports on which one factory's connections come in."""

    def __init__(
        self,
        reactor: Any,
        listening: Listening,
        factory: IProtocolFactory,
        setting: str = "listen",
    ) -> None:
        """
        Prepare; nothing listens yet.

        Args:
            reactor: Provides IReactorTCP, and what the endpoints need.
            listening: Says where.
            factory: Makes the protocols, TLS and all.
            setting: The name of the one that the endpoints come from.
        """
        self._setting = setting
        self._reactor = reactor
        self._listening = listening
        self._factory = factory
        self._ports: list[IListeningPort] = []

    def open(self) -> None:
        """
        Take the addresses; whoever connects waits until the reactor runs.

        Done before ``twistd`` goes into the background, so that a port in use
        is told to the person who started it and not to a log file.

        Raises:
            CannotListen: One is in use, is none of this machine's, or makes no
                sense; those that were taken are given back.
        """
        try:
            if self._listening.endpoints:
                for text in self._listening.endpoints:
                    self._ports.append(self._open_endpoint(text))
            else:
                self._ports.append(self._open_host())
        except (CannotListen, InvalidSetting):
            for port in self._ports:
                port.stopListening()
            raise

    def _open_host(self) -> IListeningPort:
        host = self._listening.host
        try:
            port: IListeningPort = self._reactor.listenTCP(
                self._listening.port, self._factory, BACKLOG, host
            )
        except CannotListenError as error:
            address = _joined(host, self._listening.port)
            raise CannotListen(
                f"cannot listen on {address}: {_reason(error)}; {self._advice(error)}",
                "port" if _is_in_use(error) else "host",
            ) from error
        except (TypeError, UnicodeError) as error:  # Python's, of a name that is none
            raise CannotListen(f"{host!r} is no address and no host name", "host") from error
        return port

    def _open_endpoint(self, text: str) -> IListeningPort:
        try:
            endpoint = _endpoint(self._reactor, text, self._setting)
        except LookupError as error:  # of systemd's, by number or name
            raise CannotListen(
                f"systemd has handed over no such socket as {text}; "
                "is there a socket unit of the same name, with FileDescriptorName= if need be?",
                self._setting,
            ) from error
        opened: list[IListeningPort | Failure] = []
        # All kinds that there are fire at once.
        maybeDeferred(endpoint.listen, self._factory).addBoth(opened.append)
        result = opened[0] if opened else Failure(OSError("it takes its time"))
        if not isinstance(result, Failure):
            return result
        failure = result.value
        reason, advice = (
            (_reason(failure), self._advice(failure))
            if isinstance(failure, CannotListenError)
            else (
                getattr(failure, "strerror", None) or failure,
                f"choose another with --{self._setting}",
            )
        )
        raise CannotListen(
            f"cannot listen on {text}: {reason}; {advice}", self._setting
        ) from failure

    def _advice(self, error: CannotListenError) -> str:
        is_main = self._setting == "listen"
        if not _is_in_use(error):
            flags = "--host or --listen" if is_main else f"--{self._setting}"
            return f"choose an address of this machine with {flags}"
        flags = "--port, --host or --listen" if is_main else f"--{self._setting}"
        return (
            f"is an Ollama or another ollamaproxy running there? Stop it, or choose another {flags}"
        )

    @property
    def urls(self) -> list[str]:
        """Where clients find the daemon, as somebody would write it, once it is open."""
        scheme = "http" if self._listening.certificate is None else "https"
        told = None if self._listening.endpoints else self._listening.host
        return [_url(scheme, port.getHost(), told) for port in self._ports]

    @property
    def local_url(self) -> str:
        """Where a client on this machine finds the daemon."""
        scheme = "http" if self._listening.certificate is None else "https"
        address: Any = self._ports[0].getHost()
        host = self._listening.host if not self._listening.endpoints else None
        if isinstance(address, (IPv4Address, IPv6Address)) and _is_any(host or address.host):
            host = "localhost"
        return _url(scheme, address, host)

    def pause(self) -> None:
        """Accept nothing: that is for other processes, see :meth:`sockets`."""
        for port in self._ports:
            port.stopReading()  # type: ignore[attr-defined]  # of all that are sockets

    def sockets(self) -> list[tuple[int, int, bool]]:
        """Return the number, the family and whether the PROXY protocol is spoken, of each."""
        descriptions = self._listening.endpoints or [""] * len(self._ports)
        return [
            (port.fileno(), port.addressFamily, description.startswith("haproxy:"))  # type: ignore[attr-defined]
            for port, description in zip(self._ports, descriptions, strict=True)
        ]

    async def close(self) -> None:
        """Take no further connections; the ones that there are go on."""
        ports, self._ports = self._ports, []
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])


def check_endpoints(reactor: Any, listening: Listening) -> None:
    """
    Find out whether Twisted knows the endpoints, without listening on them.

    A socket that systemd has not handed over is no mistake here: whoever looks
    for mistakes is not started by its unit.

    Args:
        reactor: What they would listen with.
        listening: Says where.

    Raises:
        InvalidSetting: It does not know one, or several.
    """
    named = [("listen", text) for text in listening.endpoints]
    if listening.admin is not None:
        named.append(("admin-listen", listening.admin))
    mistakes = Mistakes()
    for setting, text in named:
        with mistakes.gathered(), suppress(LookupError):
            _endpoint(reactor, text, setting)
    mistakes.raise_any()


def _endpoint(reactor: Any, text: str, setting: str) -> IStreamServerEndpoint:
    """Return what listens; raises LookupError if it is systemd's and not there."""
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, description_of(text))
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise InvalidSetting(
            f"{text!r} is no endpoint that Twisted knows: {error}", setting
        ) from error
    return endpoint


def _url(scheme: str, address: object, host: str | None) -> str:
    """Return an address as a URL; with the host's name that was asked for, if one was."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return f"{scheme}://{_joined(host or address.host, address.port)}"
    if isinstance(address, UNIXAddress):
        name = address.name
        return f"unix:{name.decode() if isinstance(name, bytes) else name}"
    return str(address)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: CannotListenError) -> object:
    return getattr(error.socketError, "strerror", None) or error.socketError


def _is_in_use(error: CannotListenError) -> bool:
    return getattr(error.socketError, "errno", None) == errno.EADDRINUSE


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
