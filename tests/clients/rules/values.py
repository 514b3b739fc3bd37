"""
Rules for a JSON value, in words that read as a sentence of the page.

Where something is, is told by a path: ``message/content``, ``choices/0/delta``,
``models/*/name`` for each element, of which there must be one at least.  Keys
may hold dots, and ``<arch>`` stands for the value's own ``general.architecture``.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from attrs import frozen

from tests.clients.scenarios import equal, true


@frozen
class Rule:
    """
    Something that must hold of a JSON value.

    Attributes:
        says: In words, after "the line:" or the like; reStructuredText.  With a
            path, it is what comes behind that.
        check: Raises AssertionError if it does not hold.
        path: Of what it is said; ``None`` if ``says`` is the whole sentence.
    """

    says: str
    check: Callable[[Any], None]
    path: str | None = None


def sentence(rules: Sequence[Rule]) -> str:
    """Return what several rules say; neighbours that say the same of two paths are told as one."""
    parts = []
    for (says, alone), group in groupby(rules, lambda rule: (rule.says, rule.path is None)):
        paths = [f"``{rule.path}``" for rule in group]
        if alone:
            parts.append(says)
        elif len(paths) > 1 and says.startswith("is "):
            listed = f"{', '.join(paths[:-1])} and {paths[-1]}"
            parts.append(f"{listed} are each {says.removeprefix('is ')}")
        else:
            parts += [f"{path} {says}" for path in paths]
    return ", ".join(parts)


def found(value: Any, path: str) -> Iterator[Any]:
    """
    Yield what is at a path.

    Raises:
        AssertionError: Nothing is there.
    """
    first, _, rest = path.partition("/")
    if not first:
        yield value
        return
    if first == "*":
        true(isinstance(value, list) and value, f"no elements for {path}", value)
        inner = value
    elif isinstance(value, list):
        true(int(first) < len(value), f"no element {path}", value)
        inner = [value[int(first)]]
    else:
        true(isinstance(value, dict), f"no object for {path}", value)
        key = first.replace("<arch>", str(value.get("general.architecture")))
        true(key in value, f"no {path}", value)
        inner = [value[key]]
    for one in inner:
        yield from found(one, rest)


def _rule(path: str, says: str, holds: Callable[[Any], object]) -> Rule:
    """Return the rule that something holds of all that is at a path."""

    def check(value: Any) -> None:
        for one in found(value, path):
            true(holds(one), "it does not hold", one)

    return Rule(says, check, path)


def text(path: str) -> Rule:
    """A string, which may be empty."""
    return _rule(path, "is a string", lambda one: isinstance(one, str))


def words(path: str) -> Rule:
    """A string that is not empty."""
    return _rule(path, "is a string with something in it", lambda one: isinstance(one, str) and one)


def containing(path: str, part: str) -> Rule:
    """A string with another in it."""
    said = json.dumps(part)[1:-1]
    return _rule(path, f"contains ``{said}``", lambda one: part in one)


def without(path: str, part: str) -> Rule:
    """A string without another in it."""
    return _rule(path, f"does not contain ``{part}``", lambda one: part not in one)


def matching(path: str, pattern: str, says: str) -> Rule:
    """A string of a form; ``says`` tells it in words."""
    return _rule(path, says, lambda one: re.fullmatch(pattern, one))


def integer(path: str, at_least: int | None = None) -> Rule:
    """A whole number, and neither true nor 1.0."""
    more = "" if at_least is None else f", {at_least} or more"
    return _rule(
        path,
        f"is a whole number{more}",
        lambda one: type(one) is int and (at_least is None or one >= at_least),
    )


def positive(path: str) -> Rule:
    """A whole number above 0: somebody divides by it."""
    return _rule(path, "is a whole number above 0", lambda one: type(one) is int and one > 0)


def boolean(path: str) -> Rule:
    """True or false."""
    return _rule(path, "is true or false", lambda one: isinstance(one, bool))


def mapping(path: str) -> Rule:
    """An object."""
    return _rule(path, "is an object", lambda one: isinstance(one, dict))


def array(path: str) -> Rule:
    """A list, which may be empty."""
    return _rule(path, "is a list", lambda one: isinstance(one, list))


def date(path: str) -> Rule:
    """RFC 3339, with its zone."""

    def holds(one: Any) -> bool:
        # Python reads six digits at most; a server of Go's may write nine.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", one))
        return "T" in one and moment.tzinfo is not None

    return _rule(path, "is a date and time with a zone (RFC 3339)", holds)


def equals(path: str, wanted: object) -> Rule:
    """Just this, and of the same type."""
    said = json.dumps(wanted, ensure_ascii=False)
    return _rule(path, f"is ``{said}``", lambda one: json.dumps(one, ensure_ascii=False) == said)


def one_of(path: str, *wanted: str) -> Rule:
    """One of these."""
    said = " or ".join(f"``{one}``" for one in wanted)
    return _rule(path, f"is {said}", lambda one: one in wanted)


def holding(path: str, *wanted: str) -> Rule:
    """A list with all of these in it."""
    said = " and ".join(f"``{one}``" for one in wanted)
    return _rule(path, f"holds {said}", lambda one: not set(wanted) - set(one))


def only(path: str, *wanted: str) -> Rule:
    """A list, or the keys of an object, with nothing but these in it."""
    said = ", ".join(f"``{one}``" for one in wanted)
    return _rule(path, f"holds nothing but ({said})", lambda one: not set(one) - set(wanted))


def keys_in_order(path: str, *wanted: str) -> Rule:
    """An object with these keys and no others, in this order."""
    said = ", ".join(f"``{one}``" for one in wanted)
    return _rule(path, f"has the keys ({said}) in this order", lambda one: tuple(one) == wanted)


def version_at_least(path: str, least: str) -> Rule:
    """Numbers with dots between, and nothing else: ``1.2.3``."""
    numbers = [int(number) for number in least.split(".")]

    def holds(one: Any) -> bool:
        told = re.fullmatch(r"\d+\.\d+\.\d+", one)
        return told is not None and [int(number) for number in one.split(".")] >= numbers

    return _rule(path, f"is three numbers with dots between, {least} or newer", holds)


def absent(path: str) -> Rule:
    """No such key; its parent must be there."""
    parent, _, key = path.rpartition("/")

    def check(value: Any) -> None:
        for one in found(value, parent):
            true(key not in one, f"there is a {path}", one)

    return Rule(f"there is no ``{path}``", check)


def no_null() -> Rule:
    """No null at any depth: what there is nothing to say of is left out."""

    def check(value: Any) -> None:
        true(not _has_null(value), "there is a null", value)

    return Rule("null is nowhere", check)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


def all_different(path: str) -> Rule:
    """No two are the same."""

    def check(value: Any) -> None:
        seen = list(found(value, path))
        equal(len(set(seen)), len(seen), f"how many of {path} are different")

    return Rule(f"no two of ``{path}`` are the same", check)


def same(path: str, other: str) -> Rule:
    """What is at two paths is the same, one by one."""

    def check(value: Any) -> None:
        equal(list(found(value, path)), list(found(value, other)), f"{path} and {other}")

    return Rule(f"``{path}`` is the same as ``{other}``", check)


def one_key_with(path: str, part: str, wanted: int) -> Rule:
    """Of an object's keys one holds a word, and it says a number."""

    def check(value: Any) -> None:
        for one in found(value, path):
            equal([one[key] for key in one if part in key], [wanted], f"the {part} in {path}")

    return Rule(f"one key of ``{path}`` has ``{part}`` in it: {wanted}", check)


def listed(path: str, *wanted: str) -> Rule:
    """These are among what is at a path."""
    said = ", ".join(f"``{one}``" for one in wanted)

    def check(value: Any) -> None:
        equal(set(wanted) - set(found(value, path)), set(), f"missing in {path}")

    return Rule(f"{said} is among ``{path}``", check)
