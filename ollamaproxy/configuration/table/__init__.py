"""
The table of all settings.

``--help``, the environment variables, the keys of a file, ``--print-config``, the
sample file and the reference page all come from it: a new setting is a row
here and a field in :mod:`ollamaproxy.settings`.
"""

from typing import Final

from ollamaproxy.configuration.setting import Section
from ollamaproxy.configuration.table.callers import CALLERS
from ollamaproxy.configuration.table.gateway import GATEWAY
from ollamaproxy.configuration.table.limits import LIMITS
from ollamaproxy.configuration.table.listening import LISTENING
from ollamaproxy.configuration.table.logs import LOGS
from ollamaproxy.configuration.table.models import MODELS
from ollamaproxy.configuration.table.network import NETWORK

SECTIONS: Final = (
    Section("The gateway", GATEWAY),
    Section("The way to the gateway", NETWORK),
    Section("Listening", LISTENING),
    Section("Who may call", CALLERS),
    Section("Models", MODELS),
    Section("Limits and deadlines", LIMITS),
    Section("Logs", LOGS),
)

SETTINGS: Final = tuple(setting for section in SECTIONS for setting in section.settings)
