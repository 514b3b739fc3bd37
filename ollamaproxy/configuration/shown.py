"""The settings as text: what holds and why, the sample file, and the reference page."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.setting import SEPARATOR, Setting
from ollamaproxy.configuration.table import SECTIONS, SETTINGS

_WIDTH: Final = 90

_SAMPLE_HEAD: Final = """\
# Settings of ollamaproxy, in TOML; for: ollamaproxy --config PATH
#
# Each key is the name of a flag. Flags and environment variables win over this file. Lines that
# begin with "#" are off; where there is a default, it is what they show. SIGHUP reads the file
# anew, but for what is said to need a restart.
"""


def shown(configuration: Configuration) -> str:
    """
    Return all settings and where each comes from, as a file that could be given back.

    What is secret is masked; what has neither a value nor a default is a comment.
    """
    lines = []
    for setting in SETTINGS:
        given = configuration.given.get(setting.name)
        if given is not None:
            texts = tuple(map(setting.masked, given.texts)) if setting.is_secret else given.texts
            lines.append(f"{_assignment(setting, texts)}  # {given.origin}")
        elif setting.holds:
            pass  # what is in the file is shown instead
        elif setting.default or setting.is_switch:
            lines.append(f"{_assignment(setting, _default(setting))}  # default")
        else:
            lines.append(f"# {setting.name} is not given")
    return "\n".join(lines)


def sample_file() -> str:
    """Return a file with all settings, switched off, and what they mean."""
    return "\n".join([_SAMPLE_HEAD, *_sample_lines()]).rstrip()


def _sample_lines() -> Iterator[str]:
    for section in SECTIONS:
        yield f"# {section.title}"
        yield f"# {'-' * len(section.title)}"
        for setting in section.settings:
            yield ""
            yield from textwrap.wrap(
                _described(setting), _WIDTH, initial_indent="# ", subsequent_indent="# "
            )
            yield f"#{_assignment(setting, _default(setting))}"
        yield ""


def _described(setting: Setting) -> str:
    restart = " Needs a restart." if setting.needs_restart else ""
    several = " A list." if setting.repeats else ""
    return f"{setting.text}{several}{restart}"


def _default(setting: Setting) -> Sequence[str]:
    if setting.default:
        return [setting.default]
    return ["false"] if setting.is_switch else [] if setting.repeats else [""]


def _assignment(setting: Setting, texts: Sequence[str]) -> str:
    values = [text if setting.is_switch else _quoted(text) for text in texts]
    value = f"[{', '.join(values)}]" if setting.repeats else values[-1]
    return f"{setting.name} = {value}"


def _quoted(text: str) -> str:
    """Return a TOML value: a number if it is a plain one, else a basic string."""
    is_number = text.isascii() and text.isdecimal() and (text == "0" or text[0] != "0")
    return text if is_number else json.dumps(text)  # whose escapes are TOML's, too


def reference_page() -> str:
    """Return the page of the documentation that lists all settings, in reStructuredText."""
    return "\n".join([*_reference_head(), *_reference_sections()])


def _reference_head() -> Iterator[str]:
    yield from (
        "========",
        "Settings",
        "========",
        "",
        ".. Made by python -m ollamaproxy.configuration from the table of settings.",
        "",
        "A setting is given as a flag, as an environment variable, or in the file of",
        "``--config`` (``OLLAMAPROXY_CONFIG``), in TOML, under the name of the flag without",
        "its dashes. Flags win over variables, those over the file, and that over the",
        "defaults. One that can be repeated is a list in the file, and in a variable",
        f"``{SEPARATOR}`` parts its values. ``ollamaproxy --sample-config`` prints a file with",
        "all of them, ``--print-config`` what holds and why, and ``--check-config`` looks for",
        "mistakes. SIGHUP reads the file and all files that it names anew.",
        "",
    )


def _reference_sections() -> Iterator[str]:
    for section in SECTIONS:
        yield from (section.title, "=" * len(section.title), "")
        for setting in section.settings:
            value = "" if setting.is_switch else " VALUE"
            yield f"``--{setting.name}{value}``"
            yield from textwrap.wrap(
                _escaped(_described(setting)),
                _WIDTH,
                initial_indent="    ",
                subsequent_indent="    ",
                break_on_hyphens=False,
            )
            yield ""
            notes = [f"``{setting.variable}``"]
            if setting.ollamas is not None:
                notes.append(f"after it Ollama's ``{setting.ollamas.name}``")
            if setting.choices:
                notes.append("one of " + ", ".join(f"``{choice}``" for choice in setting.choices))
            if setting.default:
                notes.append(f"default ``{setting.default}``")
            yield f"    {'; '.join(notes)}"
            yield ""


def _escaped(text: str) -> str:
    """Return a text in which reStructuredText sees no markup."""
    return text.replace("\\", "\\\\").replace("*", "\\*")
