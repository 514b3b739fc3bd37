"""Which resource answers which path."""

from typing import cast

from twisted.web.resource import IResource, Resource

from ollamaproxy.observing.names import Routes
from ollamaproxy.resources.about import Root, Version
from ollamaproxy.resources.account import (
    CloudTool,
    Keys,
    Me,
    Recommendations,
    SignOut,
    Status,
)
from ollamaproxy.resources.completions import Chat, Generate
from ollamaproxy.resources.embeddings import Embed, LegacyEmbeddings
from ollamaproxy.resources.exchange import Endpoint, Folder
from ollamaproxy.resources.forwarding import Forwarding, Messages, Responses
from ollamaproxy.resources.management import (
    Blobs,
    Pull,
    Refusal,
    refuse_copy,
    refuse_create,
    refuse_delete,
    refuse_push,
)
from ollamaproxy.resources.models import Running, Show, Tags
from ollamaproxy.resources.openai_models import OpenAIModels
from ollamaproxy.resources.transcriptions import Transcriptions
from ollamaproxy.resources.workings import Workings
from ollamaproxy.wire.forwarded import (
    CHAT_COMPLETIONS,
    COUNT_TOKENS,
    EMBEDDINGS,
    MESSAGES,
    RESPONSES,
    TEXT_COMPLETIONS,
    TRANSCRIPTIONS,
)


def make_tree(workings: Workings) -> IResource:
    """Return the resource for ``/``."""
    gate, settings = workings.gate, workings.settings
    api = _folder(
        {
            b"version": Version(settings.version),
            b"status": Status(gate),
            b"tags": Tags(workings),
            b"ps": Running(workings),
            b"show": Show(workings),
            b"chat": Chat(workings),
            b"generate": Generate(workings),
            b"embed": Embed(workings),
            b"embeddings": LegacyEmbeddings(workings),
            b"pull": Pull(workings),
            b"push": Refusal(gate, b"POST", refuse_push),
            b"create": Refusal(gate, b"POST", refuse_create),
            b"copy": Refusal(gate, b"POST", refuse_copy),
            b"delete": Refusal(gate, b"DELETE", refuse_delete),
            b"blobs": Blobs(gate),
            b"me": Me(gate),
            b"signout": SignOut(gate, b"POST"),
            b"user": _folder({b"keys": Keys(gate)}),
            b"experimental": _folder(
                {
                    b"web_search": CloudTool(gate, "web search"),
                    b"web_fetch": CloudTool(gate, "web fetch"),
                    b"model-recommendations": Recommendations(gate),
                }
            ),
        }
    )
    messages = Messages(MESSAGES, workings)
    messages.putChild(b"count_tokens", Messages(COUNT_TOKENS, workings))
    v1 = _folder(
        {
            b"models": OpenAIModels(workings),
            b"chat": _folder({b"completions": Forwarding(CHAT_COMPLETIONS, workings)}),
            b"completions": Forwarding(TEXT_COMPLETIONS, workings),
            b"embeddings": Forwarding(EMBEDDINGS, workings),
            b"responses": Responses(RESPONSES, workings),
            b"messages": messages,
            b"audio": _folder({b"transcriptions": Transcriptions(TRANSCRIPTIONS, workings)}),
        }
    )
    root = Root()
    root.putChild(b"api", api)
    root.putChild(b"v1", v1)
    _tell_routes(root, "/")
    return root


def _tell_routes(resource: Resource, path: str) -> None:
    """Let each endpoint know its path, for records."""
    if isinstance(resource, Endpoint):
        resource.route = path
    for name, child in resource.children.items():
        _tell_routes(child, f"{path.rstrip('/')}/{name.decode('ascii')}")


def routes_of(root: IResource) -> Routes:
    """Return the paths that a tree answers, to count requests by."""
    paths: list[str] = []
    parents: list[str] = []

    def walk(path: str, resource: Folder) -> None:
        if isinstance(resource, Endpoint):
            paths.append(path or "/")
        if type(resource).getChild is not Folder.getChild:
            parents.append(path)
        for name in resource.listNames():
            walk(f"{path}/{name.decode('ascii')}", resource.getStaticEntity(name))

    walk("", cast("Folder", root))
    return Routes(paths, parents)


def _folder(children: dict[bytes, IResource]) -> Folder:
    folder = Folder()
    for name, child in children.items():
        folder.putChild(name, child)
    return folder
