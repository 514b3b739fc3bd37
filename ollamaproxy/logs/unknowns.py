"""
What clients want and this server does not know, each told once.

So an operator sees what a new tool needs.  Only names are told, never values:
those may be prompts or keys.
"""

from typing import Final

from twisted.logger import Logger

from ollamaproxy.logs.printable import shortened
from ollamaproxy.logs.record import AccessRecord

#: More are not remembered, nor told: clients can make up names.
MAX_UNKNOWNS: Final = 300

#: As much of a name, of a path and of what a client calls itself as is told.
_MAX_BYTES: Final = 80


class Unknowns:
    """Looks at each request that has ended for what was not known of it."""

    _log = Logger()

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def record(self, record: AccessRecord) -> None:
        """Tell what is new, if anything is."""
        if record.unknown_keys:
            client = _client(record)
            for key in record.unknown_keys:
                name = shortened(key, _MAX_BYTES)
                if self._is_new(record.route, name):
                    self._log.info(
                        "{route}: unknown key '{name}' ({client})",
                        route=record.route,
                        name=name,
                        client=client,
                    )
        elif record.outcome == "not_found":
            path = shortened(record.path, _MAX_BYTES)
            if self._is_new(path, ""):
                self._log.info(
                    "{client} asked for {path}, which this server does not know",
                    client=_client(record),
                    path=path,
                )

    def _is_new(self, place: str, name: str) -> bool:
        """Whether something has not been told and shall be; say so when that ends."""
        if (place, name) in self._told or len(self._told) >= MAX_UNKNOWNS:
            return False
        self._told.add((place, name))
        if len(self._told) == MAX_UNKNOWNS:
            self._log.info("no more unknown paths and keys are told: there were too many")
        return True


def _client(record: AccessRecord) -> str:
    """Return words for a client."""
    name = shortened(record.user_agent, _MAX_BYTES)
    return f"client '{name}'" if name else "a client without a name"
