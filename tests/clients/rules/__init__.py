"""
What clients ask and what they need: a table of rules, for those that cannot be run here, too.

``table/`` has a row for each thing that a client does: the request just as the
client sends it, and what the client cannot do without in the answer.  The words
for that are in ``values.py`` (of a JSON value), ``answers.py`` and ``heads.py``.
``test_rules.py`` sends all of them to the daemon in front of a real LiteLLM.
"""
