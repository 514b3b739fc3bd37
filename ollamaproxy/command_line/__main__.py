"""``python -m ollamaproxy.command_line``: prints the manual page, in reStructuredText."""

from ollamaproxy.command_line.manual import manual_page

if __name__ == "__main__":
    print(manual_page())  # noqa: T201 - that is what was asked for
