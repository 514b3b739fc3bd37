"""The manual page, in reStructuredText, which docutils makes troff of."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from ollamaproxy.command_line.grammar import COMMANDS, DAEMON, Flag
from ollamaproxy.configuration.setting import SEPARATOR, Setting
from ollamaproxy.configuration.table import SECTIONS, SETTINGS

_WIDTH: Final = 90

_HEAD: Final = f"""\
===========
ollamaproxy
===========

{"-" * len(DAEMON.text)}
{DAEMON.text}
{"-" * len(DAEMON.text)}

:Manual section: 1
:Manual group: ollamaproxy

SYNOPSIS
========

| **ollamaproxy** **--base-url** *URL* [*FLAG* ...]
| **ollamaproxy** **--demo**
| **ollamaproxy** **add-key** *NAME* **--keys-file** *PATH* [*FLAG* ...]
| **ollamaproxy** **doctor** [*FLAG* ...]
| **ollamaproxy** **completion** **bash**\\|\\ **zsh**\\|\\ **fish**

DESCRIPTION
===========

**ollamaproxy** is an Ollama server to tools and editors, on port 11434. What they ask, it asks a
gateway such as LiteLLM, with one key. It runs in the foreground until SIGINT or SIGTERM; access
lines are on standard output, and everything else is on standard error.

"""

_OPTIONS: Final = f"""\
OPTIONS
=======

Each setting is also an environment variable: **--base-url** is **OLLAMAPROXY_BASE_URL**, and so
on. In one variable, **{SEPARATOR}** parts the values of a setting that can be repeated. The file
of **--config** has settings in TOML, under the names of the flags without dashes. Flags win over
variables, those over the file, and that over the defaults. **-port 1**, **--port=1** and
**--port 1** are the same.

"""

_TAIL: Final = """\
SIGNALS
=======

SIGINT and SIGTERM let running replies finish for a while; the same signal once more does not
wait. SIGHUP reads the file of **--config** anew, and all files that the settings name.

EXIT STATUS
===========

0 after a signal, 1 if the address is not to be had, 2 if a setting is wrong. That of **doctor** is
0 if nothing failed, 1 if something did, 2 if its command line is wrong.

EXAMPLES
========

Try it without a gateway::

    ollamaproxy --demo

Serve the models of a gateway to this machine alone::

    export OLLAMAPROXY_API_KEY=sk-...
    ollamaproxy --base-url https://litellm.example.com --host 127.0.0.1

Say why that does not work::

    ollamaproxy doctor --base-url https://litellm.example.com --host 127.0.0.1

SEE ALSO
========

**ollama**\\(1), **twistd**\\(1), **systemd.exec**\\(5)"""


def manual_page() -> str:
    """Return the page."""
    return _HEAD + "\n".join([*_commands(), *_options()]) + "\n" + _TAIL


def _commands() -> Iterator[str]:
    yield from ("COMMANDS", "========", "")
    for command in COMMANDS:
        if command.name:
            told = f"{command.text[0].upper()}{command.text[1:]}."
            yield from (f"**{command.name}**", *_indented(told), "")


def _options() -> Iterator[str]:
    yield _OPTIONS
    names = {setting.name for setting in SETTINGS}
    own = (flag for flag in DAEMON.flags if flag.name not in names)
    yield from _section("In general", map(_of_flag, own))
    for section in SECTIONS:
        yield from _section(section.title, map(_of_setting, section.settings))
    for command in COMMANDS:
        more = [flag for flag in command.flags if flag not in DAEMON.flags]
        if command.name and more:
            yield from _section(f"Of {command.name}", map(_of_flag, more))


def _section(title: str, options: Iterable[list[str]]) -> Iterator[str]:
    yield from (title, "-" * len(title), "")
    for lines in options:
        yield from (*lines, "")


def _of_setting(setting: Setting) -> list[str]:
    restart = " Needs a restart." if setting.needs_restart else ""
    value = "" if setting.is_switch else "=VALUE"
    return [f"--{setting.name}{value}", *_indented(_plain(setting.help + restart))]


def _of_flag(flag: Flag) -> list[str]:
    value = "=VALUE" if flag.takes_value else ""
    return [f"--{flag.name}{value}", *_indented(_plain(flag.text))]


def _plain(text: str) -> str:
    """Return a text in which reStructuredText sees no markup."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|").replace("`", "\\`")


def _indented(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )
