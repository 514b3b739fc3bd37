"""Where the settings come from: the command line, the environment, a file, or nowhere."""
