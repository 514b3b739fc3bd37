"""Programs for people, on the command line and in a browser."""

from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import AIDER, OPEN_WEBUI, PYTHON_PACKAGES

NO_FILL: Final = "It has nothing for filling in."

APPLICATIONS: Final = (
    Client(
        name="llm-ollama",
        title="llm with llm-ollama",
        package="llm-ollama",
        version="0.19.1",
        runtime=PYTHON_PACKAGES,
        program=("llm_python.py",),
        settings="The variable ``OLLAMA_HOST=URL``; then ``llm -m ollama/MODEL``.",
        lacks={"fill": NO_FILL},
        fails={
            "unknown": Shortcoming(
                reason="It looks for the name in the list, and asks for no model that is not "
                "there; its own words are ``Unknown model``.",
                sign="it is not said to be not found: saw \"Error: 'Unknown model: ",
            ),
        },
        # Each run of its program asks what every model can do, or reads a file for each.
        timeout_s=300.0,
    ),
    Client(
        name="aider",
        title="aider",
        package="aider-chat",
        version="0.86.2",
        runtime=AIDER,
        program=("aider_program.py",),
        settings="The variable ``OLLAMA_API_BASE=URL``; then ``aider --model ollama_chat/MODEL``, "
        "with ``:latest`` behind it if a model of OpenAI's has the same name. "
        'For pictures, a file ``.aider.model.metadata.json`` with ``{"ollama_chat/MODEL": '
        '{"supports_vision": true}}``.',
        lacks={
            "list": "It lists the models that LiteLLM knows, and does not ask the server.",
            "tools": "It has a model write its edits as text, and offers no tools.",
            "structured": "It has a model write its edits as text, and asks for no schema.",
            "fill": NO_FILL,
            "embeddings": "It has nothing for embeddings.",
        },
        timeout_s=300.0,
    ),
    Client(
        name="open-webui",
        title="Open WebUI",
        package="open-webui",
        version="0.12.4",
        runtime=OPEN_WEBUI,
        program=("open_webui_program.py",),
        settings="The variable ``OLLAMA_BASE_URL=URL``, or the same under *Admin Settings*, "
        "*Connections*, *Ollama API*.",
        lacks={"fill": NO_FILL},
        fails={
            "unknown": Shortcoming(
                reason="It looks for the name in its list of models, and asks for none that is not "
                "there; its own words are ``Model not found``.",
                sign="the model is not named",
            ),
            "broken": Shortcoming(
                reason="It drops the line with the error that ends a broken answer of Ollama's, "
                "and says ``stop``.",
                sign="the broken answer passes for a whole one",
            ),
        },
        timeout_s=300.0,
    ),
)
