"""The completion of bash, by a bash that runs it; of zsh and fish where they are."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import SkipTest

import pytest

from ollamaproxy.command_line.bash import bash_script
from ollamaproxy.command_line.fish import fish_script
from ollamaproxy.command_line.grammar import COMMANDS, DAEMON
from ollamaproxy.command_line.zsh import zsh_script
from tests.case import Case

pytestmark = pytest.mark.live

#: Calls the function as readline does, which parts words at "=" and ":".
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
complete -p ollamaproxy > /dev/null || exit 3
_ollamaproxy
for reply in "${COMPREPLY[@]}"; do echo "$reply"; done
"""

FLAGS = {f"--{flag.name}" for flag in DAEMON.flags}
NAMES = {"add-key", "doctor", "completion"}


def need(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        raise SkipTest(f"there is no {shell} on this machine")
    return path


class ScriptCase(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def script(self, text: str) -> str:
        path = self.folder / "script"
        path.write_text(text, "utf-8")
        return str(path)


class Bash(ScriptCase):
    def replies(self, *words: str) -> set[str]:
        """Return what is offered for the last of these words."""
        script = self.script(bash_script(COMMANDS))
        argv = [need("bash"), "--norc", "-c", ASK, "bash", script, "ollamaproxy", *words]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, check=True, timeout=60)
        self.assertEqual(done.stderr, b"")
        replies = done.stdout.decode().splitlines()
        self.assertEqual(len(replies), len(set(replies)))
        return set(replies)

    def test_commands(self) -> None:
        """The first word may be a command; a later one may not."""
        self.assertEqual(self.replies(""), NAMES)
        self.assertEqual(self.replies("do"), {"doctor"})
        self.assertEqual(self.replies("--no-retry", ""), set())
        self.assertEqual(self.replies("doctor", ""), set())

    def test_flags(self) -> None:
        """A dash offers the flags, those of the command if there is one."""
        self.assertEqual(self.replies("-"), FLAGS)
        self.assertEqual(self.replies("--no-retry", "--por"), {"--port"})
        doctors = {"--doctor-model", "--doctor-wait", "--json", "--no-token"}
        self.assertEqual(self.replies("doctor", "--"), FLAGS | doctors)
        self.assertEqual(
            self.replies("add-key", "alice", "-"), {"--gateway-key", "--help", "--keys-file"}
        )

    def test_words(self) -> None:
        """A command's own words are offered behind it."""
        self.assertEqual(self.replies("completion", ""), {"bash", "zsh", "fish"})

    def test_choices(self) -> None:
        """Choices are offered behind a flag, with = and without."""
        for words in (("--client-auth", ""), ("--client-auth", "="), ("--client-auth", "=", "")):
            self.assertEqual(self.replies(*words), {"none", "keys", "passthrough"})
        self.assertEqual(self.replies("doctor", "--client-auth", "=", "k"), {"keys"})

    def test_paths(self) -> None:
        """Paths are offered behind a flag that takes one, with blanks and all."""
        for name in ("keys.txt", "keys of ours.txt", "other"):
            (self.folder / name).touch()
        for words in (("--keys-file", "ke"), ("add-key", "alice", "--keys-file", "=", "ke")):
            self.assertEqual(self.replies(*words), {"keys.txt", "keys of ours.txt"})

    def test_other_values(self) -> None:
        """Behind a flag with another value nothing is offered, neither files nor flags."""
        self.assertEqual(self.replies("--base-url", ""), set())
        self.assertEqual(self.replies("--port", "-"), set())

    def test_at_a_keyboard(self) -> None:
        """A person who presses the tabulator gets the word completed, behind = as well."""
        script = self.script(bash_script(COMMANDS))
        ours, theirs = pty.openpty()
        shell = subprocess.Popen(
            [need("bash"), "--norc", "--noprofile", "-i"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "> ", "INPUTRC": "/dev/null"},
            start_new_session=True,
        )
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(shell.wait)
        self.addCleanup(shell.kill)
        os.write(ours, f"source {script}; echo rea''dy\n".encode())
        self.wait_for(ours, "ready")
        os.write(ours, b"echo ollamaproxy; ollamaproxy doctor --client-auth=pass\t--json\x01#\n")
        self.wait_for(ours, r"--client-auth=passthrough ?--json")

    def wait_for(self, terminal: int, pattern: str) -> None:
        """Return when the terminal has shown it; half a minute is the bound of a failure."""
        shown = ""
        while not re.search(pattern, shown):
            ready, _, _ = select.select([terminal], [], [], 30)
            self.assertTrue(ready, shown)
            shown += os.read(terminal, 4096).decode("utf-8", "replace")


class Others(ScriptCase):
    def test_zsh(self) -> None:
        """The script of zsh is one to zsh."""
        script = self.script(zsh_script(COMMANDS))
        subprocess.run([need("zsh"), "-n", script], check=True, timeout=60)

    def test_fish(self) -> None:
        """The script of fish is one to fish, and completes."""
        path = need("fish")
        script = self.script(fish_script(COMMANDS))
        ask = f"source {script}; complete -C 'ollamaproxy --client-auth '"
        done = subprocess.run([path, "-c", ask], check=True, capture_output=True, timeout=60)
        words = [line.partition("\t")[0] for line in done.stdout.decode().splitlines()]
        self.assertEqual(set(words), {"none", "keys", "passthrough"})


class TheCommand(ScriptCase):
    def test_prints(self) -> None:
        """What the command prints is the script, and a program can read it to its end."""
        argv = [sys.executable, "-m", "ollamaproxy", "completion", "bash"]
        done = subprocess.run(argv, check=True, capture_output=True, timeout=60)
        self.assertEqual(done.stdout.decode(), bash_script(COMMANDS))
        self.assertEqual(done.stderr, b"")
