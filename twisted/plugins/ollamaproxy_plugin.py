"""``twistd ollamaproxy``; tiny, because every twistd on the machine may import it."""

from twisted.application.service import ServiceMaker

service_maker = ServiceMaker(
    "ollamaproxy",
    "ollamaproxy.tap",
    "An Ollama server, answered by an OpenAI-compatible gateway.",
    "ollamaproxy",
)
