"""
The daemon between a gateway and clients that do their worst.

What they do is in tables: :mod:`tests.evil.faults` (the gateway),
:mod:`tests.evil.corpus` (malformed requests), :mod:`tests.evil.bodies` (JSON)
and :mod:`tests.evil.browsers` (pages).  A new case is a new row.  A row that the
daemon does not pass yet stands in :mod:`tests.evil.known`, with the reason.
"""
