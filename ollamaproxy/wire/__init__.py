"""
Bytes to values and back: the formats on both wires.

Pure: nothing here imports Twisted, reads a clock, logs or does I/O.
"""
