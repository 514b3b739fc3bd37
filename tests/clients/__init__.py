"""
Other people's clients in front of a real LiteLLM, with the daemon in between.

``catalogue`` lists the clients, ``scenarios`` what each is asked to do, and
``programs`` holds a small program for each client that does it: see
:mod:`tests.clients.running` for how they are told and what they answer.
``environments`` pins what they need, which ``make clients`` installs.

What came of it last is in ``results.json``, from which ``make compatibility``
makes the page ``docs/compatibility.rst``.
"""
