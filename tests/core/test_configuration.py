"""Settings out of a file, and which place wins."""

import io
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import redirect_stdout
from operator import attrgetter
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.assembly import read_keys
from ollamaproxy.configuration.merging import Configuration, merge
from ollamaproxy.configuration.reading import ConfigurationReader, read_secret
from ollamaproxy.configuration.sources import Accepted
from ollamaproxy.configuration.table import SETTINGS as TABLE
from ollamaproxy.configuration.toml_file import texts_of
from ollamaproxy.errors import CannotListen, InvalidSetting
from ollamaproxy.settings import Secret
from tests.core.command_line import BASE, KEY_FILE, complaint, parsed
from tests.core.test_command_line import SETTINGS, SWITCHES

URL = 'base-url = "http://h:4000"\n'


class FolderCase(SynchronousTestCase):
    """A test with files of its own."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, content: str, name: str = "settings.toml") -> str:
        path = self.folder / name
        path.write_text(content, "utf-8")
        path.chmod(0o600)
        return str(path)

    def read(
        self,
        content: str,
        flags: Mapping[str, list[str]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Configuration:
        return ConfigurationReader(flags or {}, environ or {}, self.file(content)).read()

    def refused(self, content: str, **places: Any) -> str:
        with self.assertRaises(InvalidSetting) as caught:
            self.read(content, **places)
        return str(caught.exception)


def _raise(error: Exception) -> None:
    raise error


class AFile(FolderCase):
    def test_every_setting(self) -> None:
        """Every setting can stand in the file, under the name of its flag."""
        for name, _, place, values, _ in SETTINGS:
            for text, value in values:
                line = f"{name} = {text!r}\n"
                made = self.read(line if name == "base-url" else URL + line).settings
                self.assertEqual(attrgetter(place)(made), value, name)

    def test_toml_s_own_kinds(self) -> None:
        """Numbers, truths and lists need no quotes, and dashes may be underscores."""
        made = self.read(
            'base_url = ["http://a", "http://b/v1"]\nport = 8080\ndrain-timeout = 1.5\n'
            'no-retry = true\nhide-wildcards = false\ntag = ["a", "b"]\nalias = "x=y"\n'
        ).settings
        self.assertEqual(made.base_urls, ("http://a", "http://b"))
        self.assertEqual((made.listening.port, made.deadlines.drain_s), (8080, 1.5))
        self.assertEqual((made.no_retry, made.models.hide_wildcards), (True, False))
        self.assertEqual((made.tags, len(made.models.aliases)), (("a", "b"), 1))

    def test_order(self) -> None:
        """A flag wins over a variable, and that over the file."""
        content = URL + "port = 1\ncooldown = 1\nno-retry = false\n"
        environ = {"OLLAMAPROXY_PORT": "2", "OLLAMAPROXY_COOLDOWN": "2"}
        made = self.read(content, {"port": ["3"], "no-retry": ["true"]}, environ)
        settings = made.settings
        self.assertEqual((settings.listening.port, settings.cooldown_s), (3, 2))
        self.assertTrue(settings.no_retry)
        origins = {name: given.origin for name, given in made.given.items()}
        self.assertEqual(
            origins,
            {
                "base-url": f"{self.folder}/settings.toml: base-url",
                "port": "--port",
                "cooldown": "OLLAMAPROXY_COOLDOWN",
                "no-retry": "--no-retry",
            },
        )

    def test_a_blank_flag_takes_back(self) -> None:
        """A blank flag leads to the default, whatever the file says."""
        made = self.read(URL + "cooldown = 1\n", {"cooldown": [""]})
        self.assertEqual(made.settings.cooldown_s, 30)

    def test_mistakes(self) -> None:
        """Every mistake in the file is told with the file's name, and what would be right."""
        path = f"{self.folder}/settings.toml"
        for content, told in (
            (URL + "prot = 1", f"{path}: there is no setting 'prot'; do you mean port?"),
            (URL + "xyzzy = 1", f"{path}: there is no setting 'xyzzy'; --help lists all"),
            (URL + "[gateway]\nport = 1", "there are no sections in this file, so [gateway] has"),
            (URL + "port = [1]", "port takes one value and not a list"),
            (URL + "port = true", "port cannot be true or false; put the value in quotes"),
            (URL + "port = 2020-01-01", "port cannot be a date; put the value in quotes"),
            (URL + 'keys-file = "a\\u0000b"', "keys-file has a NUL character in it"),
            (URL + "workers = 257", "workers: '257' is not a whole number from 1 to 256"),
            (URL + "tag = [[1]]", "tag cannot be a list; put the value in quotes"),
            (URL + "port = 99999", f"{path}: port: '99999' is not a whole number from 0 to"),
            (URL + "base_url = 'http://b'", "base-url is given twice, once with dashes and once"),
            (URL + "no-retry = 2", f"{path}: no-retry: '2' is neither true nor false"),
            (URL + "port = x\n", f"{path} is not TOML: Invalid value (at line 2,"),
            ("", "--base-url is required"),
        ):
            self.assertIn(told, self.refused(content), content)

    def test_no_such_file(self) -> None:
        """A file that is not there, or no text, is told by its name."""
        self.assertEqual(
            complaint(["--config", "/no/such/file"], BASE),
            "cannot read /no/such/file: No such file or directory",
        )
        path = self.folder / "bytes"
        path.write_bytes(b"\xff\xfe")
        self.assertEqual(complaint(["--config", str(path)], BASE), f"{path} is not text in UTF-8")

    def test_where_it_is_named(self) -> None:
        """The file is named by a flag or by a variable."""
        path = self.file(URL + "port = 7\n")
        self.assertEqual(parsed(f"--config {path}").settings.listening.port, 7)
        variables = {"OLLAMAPROXY_CONFIG": path}
        self.assertEqual(parsed("", variables).settings.listening.port, 7)
        self.assertEqual(parsed("--port 8", variables).settings.listening.port, 8)

    def test_read_anew(self) -> None:
        """What is read anew is what the file says then."""
        reader = ConfigurationReader({}, {}, self.file(URL + "cooldown = 1\n"))
        self.assertEqual(reader.read().settings.cooldown_s, 1)
        self.file(URL + "cooldown = 2\n")
        self.assertEqual(reader.read().settings.cooldown_s, 2)

    def test_unknown_keys_of_any_kind(self) -> None:
        """Names that nobody knows are refused, also beside a real one of which they are a part."""
        for key in ("por", "ports", "PORT", "base url", "config", "demo"):
            with self.assertRaisesRegex(InvalidSetting, "there is no setting"):
                texts_of({key: "1"}, TABLE)


class Mistakes(FolderCase):
    """Each begins with where its value comes from, whenever it is found."""

    def checked(self, flags: list[str], environ: Mapping[str, str] | None = None) -> list[str]:
        """Return the lines that --check-config says of mistakes."""
        told = complaint(["--check-config", *flags], {**BASE, **(environ or {})})
        return [] if told is None else told.split("\n")

    def test_settings_that_clash(self) -> None:
        """Settings that do not go together are told with the places of both, or of the one."""
        path = f"{self.folder}/settings.toml"
        for content, environ, told in (
            ("tls-key = 'k'", {}, f"{path}: tls-key: needs a --tls-certificate, too"),
            ("client-key = 'k'", {}, f"{path}: client-key: needs a --client-certificate, too"),
            ("base-url = ['http://b', 'http://b/']", {}, f"{path}: base-url: 'http://b' is given"),
            (
                "keys-file = 'k'",
                {"OLLAMAPROXY_CLIENT_AUTH": "none"},
                f"OLLAMAPROXY_CLIENT_AUTH and {path}: keys-file: 'none' does not go with",
            ),
            ("", {"OLLAMAPROXY_CLIENT_AUTH": "keys"}, "OLLAMAPROXY_CLIENT_AUTH: 'keys' needs a"),
        ):
            url = "" if content.startswith("base-url") else URL
            complained = self.refused(url + content, environ=environ)
            self.assertTrue(complained.startswith(told), complained)

    def test_files_and_endpoints(self) -> None:
        """What is found in files, and of endpoints, is told with the same places."""
        pem = self.file("nothing", "x.pem")
        for name, text, told in (
            ("ca-file", "/no/such", "cannot read /no/such: No such file or directory"),
            ("client-certificate", pem, f"{pem} holds no certificate in PEM"),
            ("tls-certificate", "/no/such", "cannot read /no/such: No such file or directory"),
            ("keys-file", "/no/such", "there is no /no/such; ollamaproxy add-key makes it"),
            ("access-log", "/no/such/x", "/no/such/x cannot be written to: No such file"),
            ("log-file", "/", "/ cannot be written to: Is a directory"),
            ("listen", "xyz:1", "'xyz:1' is no endpoint that Twisted knows"),
            ("admin-listen", "tcp:http", "'tcp:http' is no endpoint that Twisted knows"),
            ("listen", "systemd:domain=INET", "'systemd:domain=INET' is no endpoint that"),
        ):
            variable = "OLLAMAPROXY_" + name.upper().replace("-", "_")
            path = self.file(f"{name} = {text!r}\n")
            for flags, environ, place in (
                ([f"--{name}", text], {}, f"--{name}"),
                ([], {variable: text}, variable),
                (["--config", path], {}, f"{path}: {name}"),
            ):
                [line] = self.checked(flags, environ)
                self.assertTrue(line.startswith(f"{place}: {told}"), line)

    def test_sockets_of_systemd_s(self) -> None:
        """Who checks by hand has none of systemd's sockets, and that is no mistake."""
        for text in ("systemd:domain=INET:index=0", "systemd:domain=UNIX:name=x"):
            with self.assertRaises(SystemExit), redirect_stdout(io.StringIO()):
                self.checked(["--listen", text, "--admin-listen", text])

    def test_all_at_once(self) -> None:
        """All mistakes are told at once, one a line, those of files as well as those of values."""
        path = self.file("prot = 1\nxyzzy = 1\ntag = 2020-01-01\n")
        lines = self.checked(["--config", path])
        self.assertEqual([line.startswith(f"{path}: ") for line in lines], [True] * 3, lines)
        path = self.file("cooldown = 'x'\n")
        values = ["--config", path, "--port=x", "--api-key-file=/no/such", "--tag=a,b"]
        places = ["--api-key-file", f"{path}: cooldown", "--port", "--tag"]
        lines = (complaint(values) or "").split("\n")
        for line, place in zip(lines, [*places, "--base-url is required"], strict=True):
            self.assertTrue(line.startswith(place), line)
        files = [
            "--ca-file=/a",
            "--keys-file=/b",
            "--access-log=/c/c",
            "--log-file=/",
            "--listen=x:1",
        ]
        self.assertEqual(len(self.checked(files)), len(files))
        self.assertEqual(
            len(self.checked(["--tls-key=k", "--client-key=k", "--client-auth=keys"])), 3
        )

    def test_in_a_worker(self) -> None:
        """A worker, which gets the settings from its supervisor, knows the places, too."""
        made = self.read(URL, environ={"OLLAMAPROXY_KEYS_FILE": "/no/such"})
        handed_on = merge([Accepted(made.texts, made.origins)], read_secret)
        self.assertEqual(handed_on.settings, made.settings)
        with self.assertRaises(InvalidSetting) as caught, handed_on.naming_origins():
            read_keys(handed_on.settings)
        self.assertTrue(str(caught.exception).startswith("OLLAMAPROXY_KEYS_FILE: there is no"))

    def test_addresses(self) -> None:
        """An address that is not to be had is told with its place, if it is no default."""
        made = self.read(URL + "listen = 'tcp:1'\n")
        for setting, told in (("listen", f"{self.folder}/settings.toml: listen: x"), ("port", "x")):
            error = CannotListen("x", setting)
            with self.assertRaises(CannotListen) as caught, made.naming_origins():
                _raise(error)
            self.assertEqual(str(caught.exception), told)


class TheKey(FolderCase):
    def test_from_a_file(self) -> None:
        """The key may be in a file of its own, with a line end."""
        path = self.file("sk-1\n", "key")
        for content, flags, environ in (
            (URL, {"api-key-file": [path]}, {}),
            (URL, {}, {"OLLAMAPROXY_API_KEY_FILE": path}),
            (URL + f"api-key-file = {path!r}\n", {}, {}),
        ):
            made = self.read(content, flags, environ)
            self.assertEqual(made.settings.api_key, Secret("sk-1"))
            self.assertEqual(made.warnings, ())

    def test_places(self) -> None:
        """The first place with a key or with the path of one wins, as with every setting."""
        path = self.file("sk-file\n", "key")
        environ = {"OLLAMAPROXY_API_KEY": "sk-env"}
        made = self.read(URL, {"api-key-file": [path]}, environ)
        self.assertEqual(made.settings.api_key, Secret("sk-file"))
        made = self.read(URL + f"api-key-file = {path!r}\n", {}, environ)
        self.assertEqual(made.settings.api_key, Secret("sk-env"))

    def test_both_in_one_place(self) -> None:
        """A key and a path in one place cannot both be meant."""
        told = self.refused(URL, flags={"api-key": ["sk-1"], "api-key-file": ["/x"]})
        self.assertEqual(told, "--api-key and --api-key-file: give one of the two")

    def test_a_credential_of_systemd_s(self) -> None:
        """A credential of systemd's is the key if no other place has one."""
        self.file("sk-credential", "api-key")
        environ = {"CREDENTIALS_DIRECTORY": str(self.folder)}
        made = self.read(URL, {}, environ)
        self.assertEqual(made.settings.api_key, Secret("sk-credential"))
        made = self.read(URL + 'api-key = "sk-file"\n', {}, environ)
        self.assertEqual(made.settings.api_key, Secret("sk-file"))
        made = self.read(URL, {}, {"CREDENTIALS_DIRECTORY": "/nowhere"})
        self.assertIsNone(made.settings.api_key)

    def test_bad_files(self) -> None:
        """A file without a key is told with its name, and never with what is in it."""
        for content, told in (
            ("", "is empty"),
            (" \n", "is empty"),
            ("hunter2 hunter2", "a key must be one word"),
            ("hunter2" * 10_000, "is too long"),
        ):
            path = self.file(content, "key")
            complained = self.refused(URL, flags={"api-key-file": [path]})
            self.assertTrue(complained.startswith("--api-key-file"), complained)
            self.assertIn(told, complained)
            self.assertNotIn("hunter2", complained)
        told = self.refused(URL, flags={"api-key-file": ["/no/such"]})
        self.assertEqual(told, "--api-key-file: cannot read /no/such: No such file or directory")

    def test_warnings(self) -> None:
        """A key that others can see is worth a warning: on the command line, or in a file."""
        [warning] = self.read(URL, {"api-key": ["sk-1"]}).warnings
        self.assertIn("--api-key is on the command line, where other users", warning)
        path = self.file("sk-1", "key")
        Path(path).chmod(0o644)
        [warning] = self.read(URL, {"api-key-file": [path]}).warnings
        self.assertEqual(
            warning,
            f"{path} can be read by other users of this machine; chmod 600 keeps it to its owner",
        )
        self.assertEqual(self.read(URL, {}, {"OLLAMAPROXY_API_KEY": "sk-1"}).warnings, ())

    def test_a_proxy_with_a_password(self) -> None:
        """So is a proxy's password, or a header's value, but not a proxy that has none."""
        [warning] = self.read(URL, {"proxy": ["http://me:hunter2@p:1"]}).warnings
        self.assertEqual(
            warning,
            "--proxy is on the command line, where other users of this machine can see it; "
            "OLLAMAPROXY_PROXY keeps it to yourself",
        )
        [warning] = self.read(URL, {"gateway-header": ["X-A: hunter2"]}).warnings
        self.assertIn("--gateway-header is on the command line", warning)
        self.assertEqual(self.read(URL, {"proxy": ["http://p:1"]}).warnings, ())

    def test_variables_that_mean_nothing(self) -> None:
        """A variable that looks like one of ours and is none is worth a warning."""
        environ = {
            "OLLAMAPROXY_BASEURL": "x",
            "OLLAMAPROXY_XYZZY": "",
            "OLLAMAPROXY_SERVICE_HOST": "10.0.0.1",
            "OLLAMAPROXY_CONFIG": "x",
        }
        self.assertEqual(
            list(self.read(URL, {}, environ).warnings),
            [
                "OLLAMAPROXY_BASEURL in the environment means nothing; "
                "do you mean OLLAMAPROXY_BASE_URL?",
                "OLLAMAPROXY_XYZZY in the environment means nothing",
            ],
        )

    def test_not_shown(self) -> None:
        """What was given is never part of a representation."""
        configuration = self.read(URL, {"api-key": ["sk-hunter2"]}, {"OLLAMAPROXY_TAG": "hunter2"})
        self.assertNotIn("hunter2", repr(configuration.given["api-key"]))
        reader = ConfigurationReader({"api-key": ["hunter2"]}, {"OLLAMAPROXY_API_KEY": "hunter2"})
        self.assertNotIn("hunter2", repr(reader))

    def test_a_key_in_the_repository(self) -> None:
        """The file that other tests name holds what they say."""
        self.assertEqual(read_secret(str(KEY_FILE)), "sk-in-a-file")


class Printed(FolderCase):
    def printed(self, line: str, environ: Mapping[str, str] | None = None) -> str:
        """Return what a command line prints that ends there, and well."""
        texts: list[str] = []
        with self.assertRaises(SystemExit) as caught:
            parsed(line, environ, texts.append)
        self.assertFalse(caught.exception.code)
        return "\n".join(texts)

    def test_all_with_origins(self) -> None:
        """--print-config shows every setting, where it comes from, and no secret."""
        path = self.file("port = 7\n")
        text = self.printed(
            f"--print-config --config {path} --tag a --tag b",
            {
                **BASE,
                "OLLAMAPROXY_API_KEY": "sk-hunter2",
                "OLLAMAPROXY_PROXY": "http://me:hunter2@p:1",
                "OLLAMAPROXY_GATEWAY_HEADER": "X-A: hunter2",
            },
        )
        for line in (
            'base-url = ["http://h:4000"]  # OLLAMAPROXY_BASE_URL',
            'api-key = "***"  # OLLAMAPROXY_API_KEY',
            f"port = 7  # {path}: port",
            'tag = ["a", "b"]  # --tag',
            "no-retry = false  # default",
            'proxy = "http://***@p:1"  # OLLAMAPROXY_PROXY',
            'gateway-header = ["X-A: ***"]  # OLLAMAPROXY_GATEWAY_HEADER',
            'max-request-size = "32MiB"  # default',
            "# keys-file is not given",
        ):
            self.assertIn(line, text.splitlines())
        self.assertNotIn("hunter2", text)
        shown = {line.removeprefix("# ").split()[0] for line in text.splitlines()}
        self.assertEqual(shown, {setting.name for setting in TABLE} - {"api-key-file"})

    def test_it_is_toml(self) -> None:
        """What is printed can be read again, and means the same."""
        line = r"--alias a\"=é --tag 007 --port 7 --max-request-size 1MiB --no-retry"
        tables = tomllib.loads(self.printed(f"--print-config {line}", BASE))
        path = self.file("")
        texts = {name: [str(it) for it in tables[name]] for name in ("base-url", "alias", "tag")}
        self.assertEqual(texts["alias"], [r"a\"=é"])
        self.assertEqual(texts["tag"], ["007"])
        Path(path).write_text(self.printed(f"--print-config {line}", BASE))
        self.assertEqual(parsed(f"--config {path}").settings, parsed(line, BASE).settings)

    def test_check(self) -> None:
        """--check-config says that all is good, or what is not."""
        self.assertEqual(self.printed("--check-config", BASE), "all settings are good")
        text = self.printed("--check-config --api-key sk-1", BASE)
        self.assertIn("warning: --api-key is on the command line", text)
        self.assertIn("all settings are good", text)
        self.assertIn("'x'", complaint(["--check-config", "--port", "x"], BASE) or "")
        self.assertIn(
            "--ca-file: cannot read /no/such",
            complaint(["--check-config", "--ca-file", "/no/such"], BASE) or "",
        )
        self.assertIn(
            "HTTP_PROXY: 'socks5://p' is a SOCKS proxy",
            complaint(["--check-config"], {**BASE, "HTTP_PROXY": "socks5://p"}) or "",
        )
        self.assertIn(
            "--keys-file: there is no /no/such; ollamaproxy add-key makes it",
            complaint(["--check-config", "--keys-file", "/no/such"], BASE) or "",
        )


class Defaults(SynchronousTestCase):
    def test_they_are_what_holds(self) -> None:
        """A default as it is shown makes what holds without it."""
        without = parsed("", BASE).settings
        for setting in TABLE:
            if setting.default:
                made = parsed("", {**BASE, setting.variable: setting.default}).settings
                self.assertEqual(made, without, setting.name)

    def test_switches_are_off(self) -> None:
        """A switch is off by itself."""
        without = parsed("", BASE).settings
        for _, _, place in SWITCHES:
            self.assertIs(attrgetter(place)(without), False)
