"""The daemon's own side: its address, and how clients and browsers come to it."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from ollamaproxy.doctor.facts import Answer, Listener
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.server.browsers import BrowserRules, Passed
from ollamaproxy.translate.model_details import MODIFIED_AT
from ollamaproxy.wire.json_text import decode

ADDRESS: Final = "address"
CLIENTS: Final = "clients"
BROWSERS: Final = "browsers"


def listener_of(root: Answer | None, tags: Answer | None) -> Listener:
    """
    Return who listens at an address that is taken.

    Args:
        root: Its answer to ``GET /``; ``None`` if there is none.
        tags: The same to ``GET /api/tags``.
    """
    if root is None or root.status != 200 or b"Ollama is running" not in root.body:
        return Listener.OTHER
    if tags is None:
        return Listener.AN_OLLAMA
    if tags.status != 200:
        # A real one has no keys, and no gateway that could fail.
        return Listener.OURS
    try:
        models = decode(tags.body)["models"] or []
        marks = {(model["modified_at"], model["size"]) for model in models}
    except (ValueError, TypeError, KeyError):
        return Listener.AN_OLLAMA
    if not marks:
        return Listener.AN_OLLAMA
    return Listener.OURS if marks == {(MODIFIED_AT, 0)} else Listener.OLLAMA


def address_finding(listener: Listener, where: str, problem: str = "") -> Finding:
    """
    Say whether the daemon can take its address.

    Args:
        listener: What is there.
        where: Host and port, as in a URL.
        problem: Why the daemon cannot listen there, although nothing does.
    """
    if listener is Listener.OURS:
        return Finding.ok(ADDRESS, f"an ollamaproxy runs at {where}")
    if listener is Listener.OLLAMA:
        return Finding.failed(
            ADDRESS,
            f"a real Ollama runs at {where}, and clients get its models",
            "Stop it (systemctl stop ollama, or quit its program), or choose another --port for"
            " this daemon.",
        )
    if listener is Listener.AN_OLLAMA:
        return Finding.warning(
            ADDRESS,
            f"an Ollama or an ollamaproxy without models runs at {where}",
            "If it is a real Ollama, stop it, or choose another --port for this daemon.",
        )
    if listener is Listener.OTHER:
        return Finding.failed(
            ADDRESS,
            f"something that is no Ollama listens at {where}",
            "Stop it, or choose another --port for this daemon.",
        )
    if problem:
        return Finding.failed(
            ADDRESS,
            problem,
            "Choose an address of this machine with --host, and a --port above 1023.",
        )
    return Finding.ok(ADDRESS, f"{where} is free; the daemon can start")


def endpoints_findings(endpoints: Sequence[str]) -> list[Finding]:
    """Say that endpoints of Twisted's are not looked at: systemd or a proxy may hold them."""
    told = f"the daemon listens at {', '.join(endpoints)}, which is not looked at"
    return [Finding.skipped(check, told) for check in (ADDRESS, CLIENTS, BROWSERS)]


def clients_finding(scheme: str, host: str, port: int, *, asks_for_key: bool) -> Finding:
    """
    Say what a client is to be told.

    Args:
        scheme: ``http`` or ``https``.
        host: Where the daemon listens.
        port: Where; 0 is one that the system chooses at every start.
        asks_for_key: Clients need a key.
    """
    if port == 0:
        return Finding.warning(
            CLIENTS,
            "--port 0 is another port at every start, and clients want one to stay with",
            "Leave --port out, or name a port.",
        )
    url = client_url(scheme, host, port)
    others = "" if not _is_any(host) else "; from other machines, its name instead of localhost"
    key = "; it asks for a key" if asks_for_key else ""
    return Finding.ok(
        CLIENTS, f"enter {url} as the address of Ollama, {url}/v1 as that of OpenAI{others}{key}"
    )


def browsers_finding(rules: BrowserRules, host: str, port: int, machine: str) -> Finding:
    """
    Say under which names pages in a browser may use the daemon.

    Args:
        rules: The daemon's.
        host: Where it listens.
        port: The same.
        machine: The name of this machine.
    """
    if not _is_any(host):
        return _asked_as(rules, f"{_in_url(host)}:{port}", host)
    named = _asked_as(rules, f"{machine}:{port}", machine)
    local = "pages of this machine may use it as localhost"
    return Finding(named.verdict, BROWSERS, f"{local}; {named.told}", named.advice)


def _asked_as(rules: BrowserRules, authority: str, name: str) -> Finding:
    headers = {"host": authority, "origin": f"http://{authority}"}
    if isinstance(rules.decide(b"GET", headers), Passed):
        return Finding.ok(BROWSERS, f"they may ask for it as {name}")
    return Finding.ok(
        BROWSERS,
        f"under the name {name} a browser may not ask for it, and --host-name {name} would let it",
    )


def client_url(scheme: str, host: str, port: int) -> str:
    """Return where a client on this machine finds the daemon."""
    return f"{scheme}://{_in_url('localhost' if _is_any(host) else host)}:{port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
