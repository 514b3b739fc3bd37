"""
``ollamaproxy doctor``: why a set-up does not work, and what to change.

``probes`` find facts out, with the very connections that the daemon makes;
``diagnoses`` say what the facts mean, and are pure; ``examination`` goes from
one to the next; ``report`` writes it down.
"""
