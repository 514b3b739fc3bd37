"""How blocks and commands are told apart, and what is put in place of what."""

from tests.case import Case
from tests.docs.commands import Kind, begins_daemon, commands_of, is_command, kind_of
from tests.docs.not_run import row_for
from tests.docs.pages import Block
from tests.docs.replaced import Place, replaced

PLACE = Place(gateway="http://127.0.0.1:1", port=2, admin_port=3, root="/r")


def block(text: str, language: str = "") -> Block:
    return Block("page.rst", 1, language, text)


def only_true(word: str) -> bool:
    """Tell of a machine that has nothing but ``true``."""
    return word == "true"


class Kinds(Case):
    def test_as_named(self) -> None:
        """A block is what its page calls it."""
        for language, kind in (("bash", Kind.SHELL), ("python", Kind.PYTHON), ("text", Kind.OTHER)):
            self.assertIs(kind_of(block("anything", language)), kind)

    def test_a_misspelt_language(self) -> None:
        """A language that is not known is an error, and not something that need not be run."""
        self.assertRaises(KeyError, kind_of, block("print()", "phyton"))

    def test_without_a_name(self) -> None:
        """One that is not called anything is commands if it begins like one."""
        for text in (
            "true",
            "# a comment\ntrue --flag",
            "/usr/bin/true",
            "NAME=value nobody-has-this",
            "systemctl daemon-reload",  # whether or not there is systemd
        ):
            self.assertIs(kind_of(block(text), only_true), Kind.SHELL, text)

    def test_no_commands(self) -> None:
        """Diagrams, lines of a log and the like are none."""
        for text in ("bytes ─► parse", "ACCESS: 2023/04/15 ...", "it's 'open", "# a comment", ""):
            self.assertIs(kind_of(block(text), only_true), Kind.OTHER, text)


class Commands(Case):
    def assert_commands(self, text: str, *commands: str, language: str = "bash") -> None:
        self.assertEqual(commands_of(block(text, language)), list(commands))

    def test_lines(self) -> None:
        """Each line is a command; comments and blank lines are none."""
        self.assert_commands("a\n\n# b\nc d  # e", "a", "c d  # e")

    def test_several_lines(self) -> None:
        """A command goes on behind a backslash, in a quote, and to the end of a here document."""
        for command in ("a \\\n  b", "a 'b\nc'", "a <<'END'\nb 'c\nEND"):
            self.assert_commands(f"{command}\nlast", command, "last")

    def test_console(self) -> None:
        """What a command prints is no command."""
        self.assert_commands("$ a \\\n> b\nprinted\n$ c", "a \\\nb", "c", language="console")

    def test_in_a_sentence(self) -> None:
        """A literal with words to enter is a command; a name, a request or a fragment is none."""
        for text in (
            "curl http://localhost:11434/",
            "OLLAMA_HOST=x ollama list",
            "nginx -s reload",
        ):
            self.assertTrue(is_command(text), text)
        for text in ("curl", "POST /api/chat", "curl says: no", 'client_kwargs={"headers": {...}}'):
            self.assertFalse(is_command(text), text)

    def test_daemons(self) -> None:
        """A command that goes on is told from one that ends."""
        for command in (
            "ollamaproxy --base-url x",
            "A=b .venv/bin/ollamaproxy --demo",
            "a && b && ollamaproxy --demo",
            "python3 -m ollamaproxy",
            "twistd -n ollamaproxy --base-url x",
            "twistd -y ollamaproxy.tac",
            "make demo",
        ):
            self.assertTrue(begins_daemon(command), command)
        for command in (
            "ollamaproxy doctor --base-url x",
            "ollamaproxy add-key alice",
            "ollamaproxy --check-config",
            "ollamaproxy --sample-config > settings.toml",
            "curl http://localhost:11434/api/tags",
            "cd ollamaproxy",
            "make test",
        ):
            self.assertFalse(begins_daemon(command), command)


class Replaced(Case):
    def test_places(self) -> None:
        """The company's things become the test's."""
        for shown, run in (
            ("a --base-url https://litellm.example.com", "a --base-url http://127.0.0.1:1"),
            ("curl http://localhost:11434/api/tags", "curl http://localhost:2/api/tags"),
            ("curl localhost:11435/metrics", "curl localhost:3/metrics"),
            ("a --tag b ...", "a --tag b --base-url http://127.0.0.1:1"),
            ("cat /etc/ollamaproxy/x unix:/run/y", "cat /r/etc/ollamaproxy/x unix:/r/run/y"),
            ("cat docs/run/x", "cat docs/run/x"),
            ("ollamaproxy doctor", "ollamaproxy doctor --base-url http://127.0.0.1:1"),
        ):
            self.assertEqual(replaced(shown, PLACE), run)

    def test_not_run(self) -> None:
        """A row is about whole commands."""
        self.assertIsNotNone(row_for("pip install ."))
        self.assertIsNone(row_for("curl http://localhost:11434/api/tags"))
        self.assertIsNone(row_for("echo pip install ."))
