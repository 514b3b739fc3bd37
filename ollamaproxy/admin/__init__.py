"""
What the daemon tells its operator, on an address of its own: health, metrics, a status page.

:mod:`~ollamaproxy.admin.tree` says which path is which.
"""
