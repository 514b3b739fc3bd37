"""Every setting that a file under deploy/ uses, told to the daemon itself."""

import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

import pytest

from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.settings import Deadlines
from tests.case import Case
from tests.deploy.files import read
from tests.deploy.test_kubernetes import manifests

pytestmark = pytest.mark.live

#: Flags of other programs, by the files that speak of them.
_FOREIGN: Final = {
    "docker/Dockerfile": {
        *("file", "tag", "read-only", "cap-drop", "security-opt", "publish", "volume"),
        *("stop-timeout", "from", "interval", "timeout", "start-period", "retries"),
        *("no-cache-dir", "disable-pip-version-check"),
    },
    "systemd/user/ollamaproxy.service": {"user", "now"},
}

_PROGRAM: Final = [sys.executable, "-m", "ollamaproxy"]


class Checked(Case):
    """The daemon reads the files as they are, but for the places that this machine has not."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.key = self.folder / "api-key"
        self.key.write_text("sk-canary-1234567890\n")
        self.key.chmod(0o600)

    def check(self, settings: str, *flags: str) -> None:
        """Fail if the daemon finds fault with a file's text, or with flags."""
        config = self.folder / "ollamaproxy.toml"
        config.write_text(settings)
        done = subprocess.run(
            [*_PROGRAM, "--check-config", "--config", str(config), *flags],
            env={"CREDENTIALS_DIRECTORY": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("all settings are good", done.stdout)

    def test_systemd(self) -> None:
        """The file for systemd is good, and so is what it says of the socket."""
        text = read("systemd/ollamaproxy.toml")
        self.check(text)
        [listen] = re.findall(
            r"^# +(listen = .*)$", read("systemd/ollamaproxy.socket"), re.MULTILINE
        )
        self.check(text + listen)

    def test_commands_of_units(self) -> None:
        """The flags in the units' commands are the daemon's."""
        for name in ("systemd/ollamaproxy.service", "systemd/user/ollamaproxy.service"):
            [command] = re.findall(r"^ExecStart=(.*)$", read(name), re.MULTILINE)
            _program, _config, _path, *flags = shlex.split(command)
            self.assertEqual(_config, "--config")
            flags = [flag.replace("%E/ollamaproxy", str(self.folder)) for flag in flags]
            self.check(read("systemd/ollamaproxy.toml"), *flags)

    def test_kubernetes(self) -> None:
        """The ConfigMap's file and the container's flags are good."""
        objects = manifests()
        text = objects["ConfigMap"]["data"]["ollamaproxy.toml"]
        mounted = tomllib.loads(text)["api-key-file"]
        [container] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
        flags = container["args"]
        self.assertEqual(flags[0], "--config")
        self.check(text.replace(mounted, str(self.key)), *flags[2:])

    def test_what_is_commented(self) -> None:
        """What the files leave to be switched on, and the flags they speak of, exist, too."""
        known = {setting.name for setting in SETTINGS} | {"config", "check-config", "help"}
        for name in ("systemd/ollamaproxy.toml", "kubernetes/config.yaml"):
            keys = re.findall(r"^ *#?([a-z-]+) = ", read(name), re.MULTILINE)
            self.assertLessEqual(set(keys), known, name)
        for name in (
            *_FOREIGN,
            "systemd/ollamaproxy.toml",
            "haproxy/haproxy.cfg",
            "nginx/nginx.conf",
        ):
            flags = set(re.findall(r"(?<=[\s(])--([a-z-]+)", read(name)))
            self.assertNotEqual(flags, set(), name)
            self.assertLessEqual(flags - _FOREIGN.get(name, set()), known, name)

    def test_variables_of_the_image(self) -> None:
        """The image's variables are the daemon's."""
        variables = re.findall(r"\b(OLLAMAPROXY_\w+)=", read("docker/Dockerfile"))
        self.assertLessEqual(set(variables), {setting.variable for setting in SETTINGS})
        self.assertNotEqual(variables, [])


class Deadline(Case):
    """The load balancers wait for longer than the daemon, which knows what is wrong."""

    def test_of_silence(self) -> None:
        """An answer may begin as late as the daemon allows, queue included, and then pause."""
        defaults = Deadlines()
        begins_s = defaults.queue_s + defaults.first_byte_s
        pauses_s = defaults.between_bytes_s
        for name, pattern in (
            ("haproxy/haproxy.cfg", r"^ *timeout server (\d+)s$"),
            ("haproxy/haproxy.cfg", r"^ *timeout client (\d+)s$"),
            ("nginx/nginx.conf", r"^ *proxy_read_timeout (\d+)s;$"),
        ):
            [text] = re.findall(pattern, read(name), re.MULTILINE)
            self.assertGreater(float(text), max(begins_s, pauses_s), pattern)

    def test_of_headers(self) -> None:
        """A client's header may take as long as the daemon allows."""
        allowed_s = Deadlines().header_s
        for name, pattern in (
            ("haproxy/haproxy.cfg", r"^ *timeout http-request (\d+)s$"),
            ("nginx/nginx.conf", r"^ *client_header_timeout (\d+)s;$"),
        ):
            [text] = re.findall(pattern, read(name), re.MULTILINE)
            self.assertGreater(float(text), allowed_s, pattern)
