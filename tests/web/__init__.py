"""The whole proxy in memory: no sockets, and time passes only when a test says so."""
