"""What shells and the manual are told of the command line; all of it from the flags themselves."""
