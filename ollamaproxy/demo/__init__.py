"""
A demonstration gateway: an OpenAI-compatible server of our own, which is no model.

It is there for a newcomer's first minute, when no gateway is at hand.  What it
says depends on nothing but the request, and it says plainly that it comes from
the demonstration.

:mod:`~ollamaproxy.demo.chat` and :mod:`~ollamaproxy.demo.embeddings` decide
what is said and are pure; :mod:`~ollamaproxy.demo.gateway` says it over HTTP,
in the form that LiteLLM uses.  None imports the proxy's own codecs: a mistake in those should show
up against the demonstration, not be shared with it.
"""
