"""What a bill of materials says, as JSON values in CycloneDX's names."""

from collections.abc import Mapping
from typing import Any, Final

NAME: Final = "ollamaproxy"


def with_subject(bill: Mapping[str, Any], sha256: str) -> dict[str, Any]:
    """
    Return a bill that says what it is a bill of.

    cyclonedx-py lists the program among its own materials, with the path of
    the wheel on this machine. It is the subject, known by the wheel's digest.

    Args:
        bill: What ``cyclonedx-py environment`` prints.
        sha256: The wheel's digest, in hexadecimal.
    """
    [program] = [row for row in bill["components"] if row["name"] == NAME]
    subject = {
        **{name: value for name, value in program.items() if name != "externalReferences"},
        "type": "application",
        "purl": f"pkg:pypi/{NAME}@{program['version']}",
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }
    return {
        **bill,
        "metadata": {**bill["metadata"], "component": subject},
        "components": [row for row in bill["components"] if row is not program],
    }


def materials(bill: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the name and the version of everything that is installed with the program."""
    return [(row["name"], row["version"]) for row in bill["components"]]
