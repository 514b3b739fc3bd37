"""Who a request comes from."""

from typing import Final

from attrs import frozen

from ollamaproxy.settings.secret import Secret
from ollamaproxy.translate.refusals import WhoseKey


@frozen(kw_only=True)
class Caller:
    """
    Who a request comes from, and with which key the gateway is asked for it.

    Attributes:
        name: For logs, and for the gateway if it is told; printable ASCII
            without blanks, at most 64 characters, empty if there is none.
        gateway_key: Goes to the gateway; ``None`` is the daemon's own, or none.
        whose: Who has chosen that key, and so has to hear that it is refused.
    """

    name: str = ""
    gateway_key: Secret | None = None
    whose: WhoseKey = WhoseKey.DAEMONS


#: Anybody: nothing is known, and the daemon's own key is used.
NOBODY: Final = Caller()
