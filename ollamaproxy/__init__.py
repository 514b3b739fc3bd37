"""An Ollama server in every detail, answered by an OpenAI-compatible gateway."""

__version__ = "1.0.0"
