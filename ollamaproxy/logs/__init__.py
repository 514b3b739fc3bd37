"""
What the daemon writes of its work: access lines and messages, as text or as JSON.

=====================  ===========================================================
``record.py``          what there is to say of a request that has ended
``text_line.py``       the access line
``json_lines.py``      the same and the daemon's messages as JSON
``access_log.py``      takes records and writes their lines
``daemon_log.py``      takes the daemon's messages and writes their lines
``files.py``           files that are opened anew when they have been rotated
``outputs.py``         which of these the operator wants
``unknowns.py``        what clients want and this server does not know
=====================  ===========================================================
"""
