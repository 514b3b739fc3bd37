"""``python -m ollamaproxy``: the same as the console script."""

from ollamaproxy.command import main

if __name__ == "__main__":
    main()
