"""What an operator decides about callers."""

import re
from enum import Enum
from typing import Final

from ollamaproxy.errors import InvalidSetting

#: RFC 9110's tokens.  With an x- in front it can be no header that HTTP itself goes by.
_X_HEADER: Final = re.compile(r"x-[a-z0-9!#$%&'*+.^_`|~-]{1,62}")

#: As LiteLLM splits the header at commas, and a name is one word of a line.
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,63}")


class ClientAuth(Enum):
    """
    Who may call.

    NONE: Everybody; what a client has of keys is ignored.
    KEYS: Whoever has a key of the keys file.
    PASSTHROUGH: Whoever has a key that the gateway takes.
    """

    NONE = "none"
    KEYS = "keys"
    PASSTHROUGH = "passthrough"


def parse_client_auth(text: str) -> ClientAuth:
    """
    Return what a word stands for.

    Raises:
        InvalidSetting: It is none of the three.
    """
    try:
        return ClientAuth(text.lower())
    except ValueError:
        raise InvalidSetting(f"{text!r} is not one of none, keys, passthrough") from None


def parse_end_user_header(text: str) -> str:
    """
    Return the name of a header, in lower case.

    Raises:
        InvalidSetting: It is none, does not begin with ``x-``, or is one that
            gateways take keys from.
    """
    name = text.lower()
    if not _X_HEADER.fullmatch(name) or name.endswith("-key"):
        raise InvalidSetting(
            f"{text!r} is not a name such as x-litellm-end-user-id: "
            "it must begin with x-, and must not be one for keys"
        )
    return name


def parse_tag(text: str) -> str:
    """
    Return a tag.

    Raises:
        InvalidSetting: It is not one word that can stand between commas.
    """
    if not _WORD.fullmatch(text):
        raise InvalidSetting(f"{text!r} is not a word of at most 64 letters, digits and ._:/@+=-")
    return text


def parse_caller_name(text: str) -> str:
    """
    Return the name of a caller: for logs, and for the gateway if it is told.

    Raises:
        InvalidSetting: It is not one short word; the text does not repeat it,
            for it may be a key in the wrong place.
    """
    if not _WORD.fullmatch(text):
        raise InvalidSetting(
            "a caller's name is a word of at most 64 letters, digits and ._:/@+=-, "
            "and begins with a letter or a digit"
        )
    return text
