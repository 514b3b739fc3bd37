"""What the person who starts the daemon should think about."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from ollamaproxy.assembly import uses_own_key
from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.key_lines import KeyRing
from ollamaproxy.configuration.addresses import is_exposed_endpoint
from ollamaproxy.settings import Listening, Settings


def no_warnings(_settings: Settings, _keys: KeyRing | None) -> Sequence[str]:
    """Return nothing: the demonstration has nothing to lose."""
    return ()


def start_warnings(settings: Settings, keys: KeyRing | None) -> Sequence[str]:
    """
    Return what the person who starts the daemon should think about.

    Args:
        settings: All of them.
        keys: Those of the keys file, if there is one.
    """
    warnings = [] if keys is None else list(key_warnings(settings, keys))
    if keys is None and uses_own_key(settings) and (place := _exposed(settings.listening)):
        warnings.append(
            f"everybody who can reach {place} can use the gateway through this daemon "
            "without a key; --keys-file asks for one, "
            "and --host 127.0.0.1 keeps it to this machine"
        )
    if settings.listening.admin is not None and is_exposed_endpoint(settings.listening.admin):
        warnings.append(
            f"everybody who can reach {settings.listening.admin} sees on the status page which "
            "models are used and by whom; --admin-listen 127.0.0.1:11435 keeps it to this machine"
        )
    if keys is None and settings.end_user_header is not None:
        warnings.append("--end-user-header has no effect: only keys of a --keys-file have names")
    return warnings


def key_warnings(settings: Settings, keys: KeyRing) -> Iterable[str]:
    """Return what the operator should think about the keys file."""
    file = KeyFile(settings.keys_file or "")
    if not keys.entries:
        yield f"keys file {file} has no keys, so nobody may call"
    if file.is_exposed:
        yield (
            f"keys file {file} can be read or changed by other users of this machine; "
            "chmod 600 keeps it to its owner"
        )


def _exposed(listening: Listening) -> str:
    """Return where others than this machine's users can come in; empty if nowhere."""
    if not listening.endpoints:
        return "" if _is_loopback(listening.host) else listening.host
    return next(filter(is_exposed_endpoint, listening.endpoints), "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
