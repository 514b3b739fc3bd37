"""Find facts out, by the very ways that the daemon goes; what they mean is said elsewhere."""
