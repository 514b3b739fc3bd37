"""LlamaIndex's packages for Ollama."""

from base64 import b64decode
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ThinkingBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.llms.ollama import Ollama
from pydantic import BaseModel
from reporting import plan, report

URL = plan()["url"]


class Size(BaseModel):
    """The form that is asked for: here a schema is told as a class."""

    length: int
    width: int


def model_of(asked: Mapping[str, Any], **settings: Any) -> Ollama:
    return Ollama(model=asked["model"], base_url=URL, request_timeout=120.0, **settings)


def messages(asked: Mapping[str, Any]) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=asked["prompt"])]


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"context": model_of(asked).metadata.context_window}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": model_of(asked).chat(messages(asked)).message.content}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    chunks = model_of(asked).stream_chat(messages(asked))
    return {"pieces": [chunk.delta for chunk in chunks if chunk.delta]}


def tool(name: str, result: str) -> FunctionTool:
    def call(city: str) -> str:
        return result

    return FunctionTool.from_defaults(call, name=name, description=f"Tells of the {name}.")


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    offered = {name: tool(name, result) for name, result in asked["tools"].items()}
    model = model_of(asked)
    talk = messages(asked)
    reply = model.chat_with_tools(
        list(offered.values()), chat_history=talk, allow_parallel_tool_calls=True
    )
    calls = model.get_tool_calls_from_response(reply)
    talk.append(reply.message)
    for call in calls:
        result = offered[call.tool_name](**call.tool_kwargs)
        named = {"tool_call_id": call.tool_id, "name": call.tool_name}
        talk.append(ChatMessage(role="tool", content=result.content, additional_kwargs=named))
    ended = model.chat_with_tools(list(offered.values()), chat_history=talk)
    return {
        "calls": [[call.tool_name, call.tool_kwargs] for call in calls],
        "text": ended.message.content,
    }


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    size = model_of(asked).structured_predict(Size, PromptTemplate(asked["prompt"]))
    return {"value": size.model_dump()}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    blocks = [TextBlock(text=asked["prompt"]), ImageBlock(image=b64decode(asked["png"]))]
    message = ChatMessage(role="user", blocks=blocks)
    return {"text": model_of(asked).chat([message]).message.content}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = model_of(asked, thinking=True).chat(messages(asked)).message
    thoughts = [block.content for block in message.blocks if isinstance(block, ThinkingBlock)]
    return {"thinking": "".join(thoughts), "text": message.content}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    model = OllamaEmbedding(model_name=asked["model"], base_url=URL)
    return {"vectors": model.get_text_embedding_batch(asked["texts"])}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        stream(asked)
    except Exception as error:  # noqa: BLE001 - it documents none of its own
        return {"error": str(error)}
    return {"error": None}


report(
    version("llama-index-llms-ollama"),
    {
        "show": show,
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
