"""
The daemon in front of a real LiteLLM, both as real processes.

Needs a virtualenv with LiteLLM, which ``make litellm`` makes; see
:mod:`tests.litellm.gateway`.
"""
