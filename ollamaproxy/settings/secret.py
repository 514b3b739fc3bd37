"""The key with which the gateway is asked."""

from attrs import field, frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.hidden import Hidden


@frozen(repr=False)
class Secret(Hidden):
    """A key of the gateway's: one word of printable ASCII."""

    text: str = field()

    @text.validator
    def _check(self, _attribute: object, value: str) -> None:
        # RFC 9110 section 5.5 allows more, but a control character or a space
        # in a Bearer token (RFC 6750) is always a slip of copying.
        if not value or not all("!" <= character <= "~" for character in value):
            raise InvalidSetting(
                "a key must be one word of printable ASCII characters; "
                "it seems to hold a space, a line break or a special character"
            )

    def as_bearer(self) -> bytes:
        """Return the value of an ``Authorization`` header with the secret."""
        return b"Bearer " + self.text.encode("ascii")
