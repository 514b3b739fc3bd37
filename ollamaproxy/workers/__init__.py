"""More than one process: a supervisor that listens, and workers that answer."""
