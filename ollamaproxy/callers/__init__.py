"""
Who calls: the keys of clients, and what becomes of them.

All but ``key_file.py``, ``kept_keys.py`` and ``add_key.py`` is pure.
"""
