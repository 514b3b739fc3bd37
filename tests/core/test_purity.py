"""The core stays pure: what its modules may import."""

import ast
from collections.abc import Iterator
from pathlib import Path

import ollamaproxy
from tests.case import Case

PACKAGE = Path(ollamaproxy.__file__).parent

#: What reads no clock, no environment, no chance, and does no I/O.
HARMLESS = frozenset(
    {
        "abc",
        "attrs",
        "base64",
        "collections",
        "collections.abc",
        "contextlib",
        "datetime",  # moments come in as numbers; see the test of clocks below
        "enum",
        "fnmatch",  # only its patterns; it opens nothing
        "functools",
        "hashlib",
        "hmac",
        "itertools",
        "json",
        "json.encoder",
        "math",
        "re",
        "struct",
        "typing",
    }
)

#: What the pure part of ``callers`` may import: itself, and no more.
CALLERS = (
    "ollamaproxy.errors",
    "ollamaproxy.settings.",  # it is a module: these are its names
    "ollamaproxy.translate.refusals",
    "ollamaproxy.callers.rules",
    "ollamaproxy.callers.caller",
    "ollamaproxy.callers.credentials",
    "ollamaproxy.callers.key_lines",
)

#: What the pure part of ``configuration`` may import: what settings are made of.
CONFIGURATION = (
    "difflib",
    "ipaddress",
    "json",
    "textwrap",
    "ollamaproxy.errors",
    "ollamaproxy.mistakes.",
    "ollamaproxy.settings.",
    "ollamaproxy.callers.rules",
    "ollamaproxy.models.rules",
    "ollamaproxy.network.",
    "ollamaproxy.configuration.setting",
    "ollamaproxy.configuration.values",
    "ollamaproxy.configuration.addresses",
    "ollamaproxy.configuration.merging",
    "ollamaproxy.configuration.sources",
    "ollamaproxy.configuration.table",
    "ollamaproxy.configuration.table.",
    "ollamaproxy.server.client_address",
)

#: What the pure part of ``logs`` may import.
LOGS = (
    "ollamaproxy.wire.json_text",
    "ollamaproxy.logs.record",
    "ollamaproxy.logs.printable",
)

#: The pure part of ``observing``: all but what takes the records in.
OBSERVING = tuple(
    f"ollamaproxy.observing.{name}"
    for name in (
        *("counts", "ended", "families", "history", "joining"),
        *("names", "outcomes", "report", "status"),
    )
)

FOR_OBSERVING = ("bisect", "urllib.parse", "ollamaproxy.errors")

#: For each part of the core, what it may import besides.
PARTS = (
    ("errors.py", ()),
    ("mistakes.py", ("ollamaproxy.errors",)),
    (
        "settings",
        (
            "hyperlink",
            "ollamaproxy.errors",
            "ollamaproxy.hidden.",
            "ollamaproxy.settings.",
            "ollamaproxy.models.rules",
            "ollamaproxy.callers.rules",
            "ollamaproxy.network.",
        ),
    ),
    *((f"configuration/{name}.py", CONFIGURATION) for name in ("setting", "values", "merging")),
    *((f"configuration/{name}.py", CONFIGURATION) for name in ("addresses", "shown")),
    ("configuration/table", CONFIGURATION),
    ("callers/rules.py", ("ollamaproxy.errors",)),
    *((f"callers/{name}.py", CALLERS) for name in ("caller", "credentials", "key_lines", "gates")),
    (
        "wire",
        ("ollamaproxy.errors", "ollamaproxy.wire.", "python_multipart.", "zstandard"),
    ),
    ("models", ("ollamaproxy.errors", "ollamaproxy.wire.", "ollamaproxy.models.")),
    ("hidden.py", ()),
    (
        "network",
        (
            *("ipaddress", "urllib.parse"),
            *("ollamaproxy.errors", "ollamaproxy.hidden.", "ollamaproxy.network."),
        ),
    ),
    *(
        (
            part,
            (
                "ipaddress",
                "textwrap",
                "ollamaproxy.doctor.diagnoses.",
                "ollamaproxy.doctor.facts",
                "ollamaproxy.doctor.findings",
                "ollamaproxy.errors",
                "ollamaproxy.models.",
                "ollamaproxy.server.browsers",
                "ollamaproxy.translate.",
                "ollamaproxy.wire.",
            ),
        )
        for part in (
            "doctor/diagnoses",
            "doctor/facts.py",
            "doctor/findings.py",
            "doctor/report.py",
        )
    ),
    ("server/head.py", ("http",)),
    ("server/browsers.py", ("ipaddress",)),
    ("server/client_address.py", ("ipaddress", "ollamaproxy.errors")),
    ("callers/errand.py", (*CALLERS, "ollamaproxy.wire.")),
    *((f"logs/{name}.py", LOGS) for name in ("record", "printable", "text_line", "json_lines")),
    *(
        (f"{name.partition('.')[2].replace('.', '/')}.py", (*OBSERVING, *FOR_OBSERVING))
        for name in OBSERVING
    ),
    ("admin/visitors.py", ("ollamaproxy.server.browsers",)),
    (
        "translate",
        (
            "ollamaproxy.errors",
            "ollamaproxy.wire.",
            "ollamaproxy.models.",
            "ollamaproxy.translate.",
        ),
    ),
)

#: Ways to the world outside that need no import, or hide behind a harmless one.
DOORS = frozenset({"open", "print", "input", "exec", "eval", "__import__", "breakpoint"})
CLOCKS = frozenset({"now", "utcnow", "today"})


def files(part: str) -> list[Path]:
    """Return the files of a module or a package of the project."""
    path = PACKAGE / part
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Yield the full name of every module that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                yield "." * node.level + module
            elif module.startswith("ollamaproxy") and module.count(".") < 2:
                # ``from ollamaproxy.wire import sse`` and ``from ollamaproxy import wire``
                known = module == "ollamaproxy.errors"
                yield from [module] if known else (f"{module}.{a.name}" for a in node.names)
            else:
                yield module


def is_allowed(module: str, besides: tuple[str, ...]) -> bool:
    """Return whether a module is harmless or among the prefixes (with a dot) and names."""
    return module in HARMLESS or any(
        module.startswith(name) if name.endswith(".") else module == name for name in besides
    )


class Purity(Case):
    def test_imports(self) -> None:
        """The core imports harmless modules and its own parts, and each part only lower ones."""
        for part, besides in PARTS:
            for path in files(part):
                for module in imported(path.read_text("utf-8")):
                    self.assertTrue(
                        is_allowed(module, besides),
                        f"{path.relative_to(PACKAGE)} must not import {module}",
                    )

    def test_doors(self) -> None:
        """The core opens no file, prints nothing and asks no calendar."""
        for part, _ in PARTS:
            for path in files(part):
                for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                    where = f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                        self.assertNotIn(node.func.id, DOORS, where)
                    elif isinstance(node, ast.Attribute):
                        self.assertNotIn(node.attr, CLOCKS, where)

    def test_there_are_files(self) -> None:
        """The tests above look at the core, not at folders that have moved."""
        for part, least in (
            *((part, 1) for part, _ in PARTS),
            *(("wire", 8), ("models", 3), ("translate", 8)),
        ):
            self.assertGreaterEqual(len(files(part)), least, part)


class TheTestItself(Case):
    def test_finds_imports(self) -> None:
        """An import is found in every form and place."""
        for source, modules in (
            ("import os, json.encoder as j", ["os", "json.encoder"]),
            ("from time import monotonic", ["time"]),
            ("def f():\n    import socket", ["socket"]),
            ("if True:\n    from os.path import join", ["os.path"]),
            ("from . import x", ["."]),
            ("from ..daemon import x", ["..daemon"]),
            ("from ollamaproxy import daemon, wire", ["ollamaproxy.daemon", "ollamaproxy.wire"]),
            ("from ollamaproxy.wire import sse", ["ollamaproxy.wire.sse"]),
            ("from ollamaproxy.wire.sse import E", ["ollamaproxy.wire.sse"]),
            ("from ollamaproxy.errors import E", ["ollamaproxy.errors"]),
            ("from ollamaproxy.clocks import E", ["ollamaproxy.clocks.E"]),
        ):
            self.assertEqual(list(imported(source)), modules, source)

    def test_refuses(self) -> None:
        """What is neither harmless nor allowed is refused, also beside similar names."""
        wire = dict(PARTS)["wire"]
        for module, allowed in (
            ("json", True),
            ("ollamaproxy.errors", True),
            ("ollamaproxy.wire.sse", True),
            ("ollamaproxy.translate.replies", False),
            ("ollamaproxy.errors2", False),
            ("ollamaproxy.wired", False),
            ("ollamaproxy.settings", False),
            ("hyperlink", False),
            ("twisted.web", False),
            (".", False),
            *((name, False) for name in ("time", "os", "os.path", "socket", "logging", "random")),
        ):
            self.assertEqual(is_allowed(module, wire), allowed, module)
