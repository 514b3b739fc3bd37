"""HAProxy and nginx, with the configurations of deploy/ and the tests' addresses."""

import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.deploy.files import program, rendered
from tests.processes import RunningProgram, free_port

PATIENCE_S: Final = 20.0

#: The documented addresses of the daemons, in HAProxy's words and in nginx's.
_NAMES: Final = ("one 10.0.0.11", "two 10.0.0.12")


class HAProxy(RunningProgram):
    """Serves with deploy/haproxy/haproxy.cfg, in the foreground."""

    def __init__(
        self,
        folder: Path,
        daemons: Sequence[int],
        admins: Sequence[int] = (),
        *,
        proxy_protocol: bool = False,
    ) -> None:
        """
        Start it, and wait until it answers.

        Args:
            folder: For its configuration.
            daemons: The ports of two daemons.
            admins: Their admin ports; without them no daemon is asked whether
                it is ready, so that a request finds out that one is gone.
            proxy_protocol: Take the lines for it that are comments in the file.
        """
        self.port = free_port()
        path = folder / "haproxy.cfg"
        changes = {
            "    user haproxy\n    group haproxy\n": "",
            "bind :11434": f"bind 127.0.0.1:{self.port}",
        }
        if proxy_protocol:
            changes |= {f"    server {name}": f"    #server {name}" for name in _NAMES}
            changes |= {
                f"    #server {name}:11434 check port 11435 send-proxy-v2": (
                    f"    server {name}:11434 check port 11435 send-proxy-v2"
                )
                for name in _NAMES
            }
        checks = [f"check port {port}" for port in admins] or ["no-check", "no-check"]
        for name, port, check in zip(_NAMES, daemons, checks, strict=True):
            changes[f"    server {name}:11434 check port 11435"] = (
                f"    server {name.split()[0]} 127.0.0.1:{port} {check}"
            )
        path.write_text(rendered("haproxy/haproxy.cfg", changes))
        super().__init__([program("haproxy"), "-db", "-f", str(path)])
        _wait_until_open(self, self.port)


class Nginx(RunningProgram):
    """Serves with deploy/nginx/nginx.conf, in the foreground."""

    def __init__(self, folder: Path, daemons: Sequence[int], admins: Sequence[int] = ()) -> None:
        """
        Start it, and wait until it answers.

        Args:
            folder: For its configuration and its files.
            daemons: The ports of two daemons.
            admins: Not used: nginx asks no daemon whether it is ready.
        """
        self.port = free_port()
        self._path = folder / "nginx.conf"
        self._servers = [f"server 127.0.0.1:{port}" for port in daemons]
        # What is not ours to say: where Debian's build keeps files that only
        # root may write.
        own = "".join(
            f"    {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        changes = {
            "user www-data;": "user root;",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/error.log": "stderr notice",
            "/var/log/nginx/access.log": f"{folder}/access.log",
            "http {\n": "http {\n" + own,
            "listen 11434;": f"listen 127.0.0.1:{self.port};",
            "server 10.0.0.11:11434": self._servers[0],
            "server 10.0.0.12:11434": self._servers[1],
        }
        self._path.write_text(rendered("nginx/nginx.conf", changes))
        super().__init__([program("nginx"), "-c", str(self._path), "-g", "daemon off;"])
        _wait_until_open(self, self.port)

    def take_out(self, number: int) -> None:
        """Send no more requests to a daemon, by its place, as the file says: what runs goes on."""
        old = sum("start worker process " in line for line in self.stderr)
        text = self._path.read_text()
        server = self._servers[number]
        self._path.write_text(text.replace(f"{server} ", f"{server} down "))
        self.send_signal(signal.SIGHUP)
        # The old workers take nothing new from when they say this, each for itself.
        self.wait_for_lines("stderr", "gracefully shutting down", old)


def _wait_until_open(balancer: RunningProgram, port: int) -> None:
    """Return when connections are taken: neither tells when that is."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
        except OSError:
            if not balancer.is_running or time.monotonic() > deadline_s:
                balancer.stop()
                raise balancer.misbehaved("it does not listen") from None
            time.sleep(0.05)
        else:
            return
