"""What to try in the first minute."""


def instructions(url: str, page_url: str | None = None) -> str:
    """
    Return what ``ollamaproxy --demo`` prints when it is ready.

    Args:
        url: Where the daemon listens, such as ``http://127.0.0.1:11434``.
        page_url: Where its status page is, if there is one.
    """
    watch = "" if page_url is None else f"Watch it at work in a browser: {page_url}\n\n"
    return f"""This is a demonstration: no gateway and no model, only made-up answers.

Chat with it from another terminal:

  curl -N {url}/api/generate -d '{{"model": "demo-chat", "prompt": "Hello!"}}'

Or from your IDE: enter {url} as the address of Ollama.
In JetBrains IDEs that is Settings > Tools > AI Assistant > Providers & API keys
> Third-party AI providers > Ollama.

{watch}With your company's gateway: ollamaproxy --base-url https://GATEWAY --api-key KEY
Stop with Ctrl-C.
"""
