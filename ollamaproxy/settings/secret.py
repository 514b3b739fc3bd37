"""A text that must never be printed."""

from attrs import field, frozen

from ollamaproxy.errors import InvalidSetting


@frozen(repr=False)
class Secret:
    """
    A text that must never be printed.

    Its ``repr`` and ``str`` are masked, so that it cannot slip into a log, an
    error or a traceback; the one place that needs the text asks for ``text``.
    """

    text: str = field()

    @text.validator
    def _check(self, _attribute: object, value: str) -> None:
        # RFC 9110 section 5.5 allows more, but a control character or a space
        # in a Bearer token (RFC 6750) is always a slip of copying.
        if not value or not all("!" <= character <= "~" for character in value):
            raise InvalidSetting(
                "the API key must be one word of printable ASCII characters; "
                "it seems to hold a space, a line break or a special character"
            )

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def as_bearer(self) -> bytes:
        """Return the value of an ``Authorization`` header with the secret."""
        return b"Bearer " + self.text.encode("ascii")

    def masked_in(self, text: str) -> str:
        """Return ``text`` with every appearance of the secret replaced by ``***``."""
        return text.replace(self.text, "***")
