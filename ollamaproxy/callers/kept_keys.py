"""The keys of a file, as they were when it was last good."""

from collections.abc import Sequence

from twisted.logger import Logger

from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.key_lines import KeyEntry
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings import Secret


class KeptKeys:
    """The keys that are known now."""

    _log = Logger()

    def __init__(self, file: KeyFile) -> None:
        """
        Read them.

        Raises:
            InvalidSetting: There are none to be had.
        """
        self._file = file
        self._ring = file.read()

    def find(self, key: Secret) -> KeyEntry | None:
        """Return what is known of a key, or ``None``, in constant time."""
        return self._ring.find(key)

    def reload(self) -> None:
        """
        Read the file anew; if it is bad, say so and keep what is known.

        Requests that are being answered go on, also with a key that is gone.
        """
        try:
            self._ring = self._file.read()
        except InvalidSetting as error:
            self._log.warn("the known keys are kept: {reason}", reason=str(error))
            return
        self._log.info(
            "{count} keys read from {file}", count=len(self._ring.entries), file=self._file
        )
        for warning in self.warnings():
            # Not "warning": an event with that key is one of Python's warnings to Twisted.
            self._log.warn("{doubt}", doubt=warning)

    def warnings(self) -> Sequence[str]:
        """Return what the operator should think about."""
        warnings = []
        if not self._ring.entries:
            warnings.append(f"keys file {self._file} has no keys, so nobody may call")
        if self._file.is_exposed:
            warnings.append(
                f"keys file {self._file} can be read or changed by other users of this machine; "
                "chmod 600 keeps it to its owner"
            )
        return warnings
