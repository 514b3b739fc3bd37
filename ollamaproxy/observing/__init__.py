"""
What the daemon has seen of its requests: counts for a monitoring system, and the last minutes.

Pure.  Each request is noted once, when it has ended; nothing is done per token.
What comes out is plain values, so that those of several processes can be sent
about and joined: :mod:`~ollamaproxy.observing.families` is the table of the
counts, :mod:`~ollamaproxy.observing.joining` makes one of several.
"""
