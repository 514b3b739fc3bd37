"""How fast and how frugal the daemon is: what ``make load`` and ``make soak`` run."""
