"""``python -m ollamaproxy.configuration``: prints the reference page of all settings."""

from ollamaproxy.configuration.shown import reference_page

if __name__ == "__main__":
    print(reference_page())  # noqa: T201 - that is what was asked for
