"""
The gateway's models as this daemon shows them: under which names, and which of them.

Knows values of ``wire``, and nothing of how the gateway was asked.  Pure.
"""
