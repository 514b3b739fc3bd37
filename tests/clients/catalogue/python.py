"""Packages for Python."""

from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import LITELLM, PYTHON_PACKAGES

NO_LIST: Final = "It does not list models."
NO_SHOW: Final = "It does not tell what a model can do."
NO_SUFFIX: Final = "It does not send a ``suffix``."

OLLAMA: Final = (
    Client(
        name="ollama-python",
        title="ollama (Python)",
        package="ollama",
        version="0.6.3",
        runtime=PYTHON_PACKAGES,
        program=("ollama_python.py",),
        settings='``ollama.Client(host="URL")``, or the variable ``OLLAMA_HOST``.',
    ),
    Client(
        name="ollama-python-async",
        title="ollama (Python), asynchronous",
        package="ollama",
        version="0.6.3",
        runtime=PYTHON_PACKAGES,
        program=("ollama_python_async.py",),
        settings='``ollama.AsyncClient(host="URL")``, or the variable ``OLLAMA_HOST``.',
    ),
)

FRAMEWORKS: Final = (
    Client(
        name="langchain-ollama",
        title="LangChain (Python), ChatOllama",
        package="langchain-ollama",
        version="1.1.0",
        runtime=PYTHON_PACKAGES,
        program=("langchain_python.py",),
        settings='``ChatOllama(base_url="URL", model="MODEL")``; ``OllamaEmbeddings`` likewise.',
        lacks={"list": NO_LIST, "show": NO_SHOW, "fill": NO_SUFFIX},
    ),
    Client(
        name="langchain-ollama-llm",
        title="LangChain (Python), OllamaLLM",
        package="langchain-ollama",
        version="1.1.0",
        runtime=PYTHON_PACKAGES,
        program=("langchain_llm_python.py",),
        settings='``OllamaLLM(base_url="URL", model="MODEL")``.',
        lacks={
            "list": NO_LIST,
            "show": NO_SHOW,
            "tools": "It takes a text and returns a text; ``ChatOllama`` has tools.",
            "structured": "It takes a text and returns a text; ``ChatOllama`` has schemas.",
            "image": "It takes a text and returns a text; ``ChatOllama`` has pictures.",
            "thinking": "It takes a text and returns a text; ``ChatOllama`` has thoughts.",
            "fill": NO_SUFFIX,
            "embeddings": "``OllamaEmbeddings`` does that.",
        },
    ),
    Client(
        name="llama-index-ollama",
        title="LlamaIndex",
        package="llama-index-llms-ollama",
        version="0.11.0",
        runtime=PYTHON_PACKAGES,
        program=("llama_index_python.py",),
        settings='``Ollama(base_url="URL", model="MODEL")``, and ``OllamaEmbedding`` likewise, '
        "of the package ``llama-index-embeddings-ollama``.",
        lacks={"list": NO_LIST, "fill": NO_SUFFIX},
    ),
    Client(
        name="litellm-ollama-chat",
        title="LiteLLM as a client, ollama_chat/",
        package="litellm",
        version="1.110.2",
        runtime=LITELLM,
        program=("litellm_python.py", "ollama_chat"),
        settings='``litellm.completion(model="ollama_chat/MODEL", api_base="URL")``, or the '
        "variable ``OLLAMA_API_BASE``.",
        lacks={"fill": NO_SUFFIX},
    ),
    Client(
        name="litellm-ollama",
        title="LiteLLM as a client, ollama/",
        package="litellm",
        version="1.110.2",
        runtime=LITELLM,
        program=("litellm_python.py", "ollama"),
        settings='``litellm.completion(model="ollama/MODEL", api_base="URL")``, or the '
        "variable ``OLLAMA_API_BASE``.",
        lacks={"fill": NO_SUFFIX},
        fails={
            "tools": Shortcoming(
                reason="Under this prefix it writes the tools into the prompt, and takes only an "
                "answer that is a call in JSON for one. Use ``ollama_chat/``.",
                sign="the calls: saw []",
            ),
        },
    ),
)

OTHER_PROTOCOLS: Final = (
    Client(
        name="openai-python",
        title="openai (Python)",
        package="openai",
        version="3.57.0",
        runtime=PYTHON_PACKAGES,
        program=("openai_python.py",),
        settings='``OpenAI(base_url="URL/v1", api_key="any")``.',
        lacks={"show": "OpenAI's protocol does not tell what a model can do."},
    ),
    Client(
        name="anthropic-python",
        title="anthropic (Python)",
        package="anthropic",
        version="2.14.0",
        runtime=PYTHON_PACKAGES,
        program=("anthropic_python.py",),
        settings='``Anthropic(base_url="URL", api_key="any")``.',
        lacks={
            "show": "What Ollama says at ``/v1/models`` is in OpenAI's form, which does not tell "
            "what a model can do.",
            "fill": "Anthropic's protocol has nothing for filling in.",
            "embeddings": "Anthropic's protocol has no embeddings.",
        },
    ),
)

PYTHON: Final = (*OLLAMA, *FRAMEWORKS, *OTHER_PROTOCOLS)
