"""LangChain's package for Ollama, for Python."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.tools import StructuredTool
from langchain_ollama import ChatOllama, OllamaEmbeddings
from reporting import plan, report

URL = plan()["url"]


def chat_model(asked: Mapping[str, Any], **settings: Any) -> ChatOllama:
    return ChatOllama(model=asked["model"], base_url=URL, **settings)


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # So it looks first whether the server has the model.
    model = chat_model(asked, validate_model_on_init=True)
    return {"text": model.invoke(asked["prompt"]).text}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    chunks = chat_model(asked).stream(asked["prompt"])
    return {"pieces": [chunk.text for chunk in chunks if chunk.text]}


def tool(name: str, result: str) -> StructuredTool:
    def call(city: str) -> str:
        return result

    return StructuredTool.from_function(call, name=name, description=f"Tells of the {name}.")


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    offered = {name: tool(name, result) for name, result in asked["tools"].items()}
    model = chat_model(asked).bind_tools(list(offered.values()))
    talk: list[Any] = [HumanMessage(asked["prompt"])]
    reply = model.invoke(talk)
    talk.append(reply)
    talk += [offered[call["name"]].invoke(call) for call in reply.tool_calls]
    return {
        "calls": [[call["name"], call["args"]] for call in reply.tool_calls],
        "text": model.invoke(talk).text,
    }


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    form = {"title": "Size", "description": "A size.", **asked["schema"]}
    return {"value": chat_model(asked).with_structured_output(form).invoke(asked["prompt"])}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    picture = {"type": "image", "base64": asked["png"], "mime_type": "image/png"}
    text = {"type": "text", "text": asked["prompt"]}
    return {"text": chat_model(asked).invoke([HumanMessage(content=[text, picture])]).text}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = chat_model(asked, reasoning=True).invoke(asked["prompt"])
    return {"thinking": message.additional_kwargs["reasoning_content"], "text": message.text}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    model = OllamaEmbeddings(model=asked["model"], base_url=URL)
    return {"vectors": model.embed_documents(asked["texts"])}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        stream(asked)
    except Exception as error:  # noqa: BLE001 - it documents none of its own
        return {"error": str(error)}
    return {"error": None}


report(
    version("langchain-ollama"),
    {
        "chat": chat,
        "stream": stream,
        "tools": tools,
        "structured": structured,
        "image": image,
        "thinking": thinking,
        "embeddings": embeddings,
        "unknown": failing,
        "broken": failing,
    },
)
