"""The commands and their flags, and the scripts for zsh and fish, which few machines have."""

import io
import re
import shlex

from ollamaproxy.callers.add_key import AddKeyOptions
from ollamaproxy.command_line.completion import completion
from ollamaproxy.command_line.fish import fish_script
from ollamaproxy.command_line.grammar import COMMANDS, DAEMON, SHELLS, Command, Flag, flags_of
from ollamaproxy.command_line.zsh import zsh_script
from ollamaproxy.configuration.options import COMMANDS as NAMES
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.doctor.options import DoctorOptions
from tests.case import Case


def command(name: str) -> Command:
    return next(it for it in COMMANDS if it.name == name)


def flag(name: str, of: Command = DAEMON) -> Flag:
    return next(it for it in of.flags if it.name == name)


class Grammar(Case):
    def test_all_that_is_parsed(self) -> None:
        """Every flag that is parsed is known, and nothing else is."""
        for parser in (Options({}), AddKeyOptions({}), DoctorOptions({})):
            parsed = {word.rstrip("=") for word in parser.longOpt}
            # Every Options of Twisted's can tell its version.
            known = {it.name for it in flags_of(type(parser))} | {"version"}
            self.assertEqual(known, parsed)

    def test_the_first_words(self) -> None:
        """The commands that a slip is likened to are all that there are."""
        self.assertEqual({it.name for it in COMMANDS if it.name}, set(NAMES))

    def test_values(self) -> None:
        """What takes a value does so for the parser, too."""
        for parser in (Options({}), AddKeyOptions({}), DoctorOptions({})):
            valued = {word.rstrip("=") for word in parser.longOpt if word.endswith("=")}
            told = {it.name for it in flags_of(type(parser)) if it.takes_value}
            self.assertEqual(told, valued)

    def test_the_table(self) -> None:
        """Paths, choices and what repeats are those of the table of settings."""
        for setting in SETTINGS:
            found = flag(setting.name)
            self.assertEqual(
                (found.is_path, found.choices, found.repeats, found.takes_value),
                (setting.is_path, setting.choices, setting.repeats, not setting.is_switch),
            )
            self.assertIn(setting.text, found.text)
        self.assertTrue(flag("config").is_path)
        self.assertTrue(flag("keys-file", command("add-key")).is_path)

    def test_no_flag_twice(self) -> None:
        """Each flag is there once, and means the same wherever it is."""
        kinds: dict[str, tuple[object, ...]] = {}
        for it in COMMANDS:
            names = [found.name for found in it.flags]
            self.assertEqual(names, sorted(set(names)))
            for found in it.flags:
                kind = (found.takes_value, found.is_path, found.choices)
                self.assertEqual(kinds.setdefault(found.name, kind), kind)


#: Two commands with everything that needs care.
SAMPLE = (
    Command(
        name="",
        text="serve",
        flags=(
            Flag(name="choice", text="It's [one]: a\\b", takes_value=True, choices=("x", "y")),
            Flag(name="file", text="A path.", takes_value=True, is_path=True),
            Flag(name="more", text="Again.", takes_value=True, repeats=True),
            Flag(name="switch", text="No value."),
        ),
    ),
    Command(name="other", text="it's another", flags=(), words=("a", "b")),
)


class Zsh(Case):
    def test_flags(self) -> None:
        """Each flag is a specification in quotes, as _arguments reads it."""
        lines = zsh_script(SAMPLE).splitlines()
        begin = lines.index("        *)")
        specs = [shlex.split(line) for line in lines[begin + 2 : lines.index("    esac")]]
        self.assertEqual(
            specs,
            [
                [r"--choice=[It's \[one\]\: a\\b]:value:(x y)"],
                ["--file=[A path.]:value:_files"],
                ["*--more=[Again.]:value: "],
                ["--switch[No value.]"],
                [")", ";;"],
            ],
        )

    def test_commands(self) -> None:
        """Each command is offered with its text, and its words behind it."""
        script = zsh_script(SAMPLE)
        self.assertTrue(script.startswith("#compdef ollamaproxy\n"))
        self.assertIn("        'other:it'\\''s another'\n", script)
        self.assertIn(
            "        other)\n            flags=(\n                '2:word:(a b)'\n", script
        )

    def test_all(self) -> None:
        """The quotes of the whole script are in pairs, and every flag is there."""
        words = shlex.split(zsh_script(COMMANDS), comments=True)
        for found in DAEMON.flags:
            self.assertTrue(any(re.match(rf"\*?--{found.name}[=\[]", word) for word in words))


class Fish(Case):
    def test_lines(self) -> None:
        """Each line is a command of fish's that says when and what to offer."""
        lines = fish_script(SAMPLE).splitlines()
        complete, daemon = "complete -c ollamaproxy", "-n 'not __fish_seen_subcommand_from other'"
        self.assertEqual(
            lines[2:],
            [
                f"{complete} -f",
                rf"{complete} -n __fish_use_subcommand -a other -d 'it\'s another'",
                rf"{complete} {daemon} -l choice -d 'It\'s [one]: a\\b' -x -a 'x y'",
                f"{complete} {daemon} -l file -d 'A path.' -r -F",
                f"{complete} {daemon} -l more -d 'Again.' -x",
                f"{complete} {daemon} -l switch -d 'No value.'",
                f"{complete} -n '__fish_seen_subcommand_from other' -a 'a b'",
            ],
        )

    def test_all(self) -> None:
        """The quotes of every line are in pairs, as fish reads them."""
        quoted = re.compile(r"'(?:[^'\\]|\\['\\])*'")
        for line in fish_script(COMMANDS).splitlines():
            bare = quoted.sub("Q", line)
            self.assertTrue(line.startswith("#") or re.fullmatch(r"[\w -]+", bare), line)


class TheCommand(Case):
    def test_scripts(self) -> None:
        """There is a script for each shell, and it says how it was made."""
        for shell in SHELLS:
            stdout = io.BytesIO()
            self.assertEqual(completion([shell], {}, stdout, io.StringIO()), 0)
            self.assertIn(f"ollamaproxy completion {shell}".encode(), stdout.getvalue())

    def test_help(self) -> None:
        """Help is on standard output."""
        stdout = io.BytesIO()
        self.assertEqual(completion(["--help"], {}, stdout, io.StringIO()), 0)
        self.assertIn(b"bash|zsh|fish", stdout.getvalue())

    def test_mistakes(self) -> None:
        """No shell, another one, and two are mistakes."""
        for argv in ([], ["tcsh"], ["bash", "zsh"]):
            stdout, stderr = io.BytesIO(), io.StringIO()
            self.assertEqual(completion(argv, {}, stdout, stderr), 2)
            self.assertEqual(stdout.getvalue(), b"")
            self.assertIn("bash|zsh|fish", stderr.getvalue())
