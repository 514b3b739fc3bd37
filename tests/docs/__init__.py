"""
The documentation: every command and program in it is run as it is shown.

A sentence names only commands that some block shows.

``pages.py`` finds the blocks, ``commands.py`` what is to be run of them,
``replaced.py`` has a table of what is put in place of a company's gateway and
the like, and ``not_run.py`` of what a test cannot run, with the reasons.
"""
