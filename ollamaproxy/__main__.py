"""The console script, and ``python -m ollamaproxy``, which is the same."""

from ollamaproxy import collector


def main() -> None:
    """Run with this process's command line, environment and standard streams."""
    collector.rest()
    from ollamaproxy import command, reactor  # noqa: PLC0415 - that is where a start's time goes

    reactor.install()
    command.main()


if __name__ == "__main__":
    main()
