"""
Ollama's terms to OpenAI's and back.

Pure: nothing here imports Twisted, reads a clock, logs or does I/O; time
comes in as an argument.
"""
