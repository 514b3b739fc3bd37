"""
Certificates and keys out of PEM files, with every mistake in words for the operator.

All are cryptography's, for pyOpenSSL does not want its own any more.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ollamaproxy.errors import InvalidSetting

T = TypeVar("T")


def read_certificates(path: str) -> list[x509.Certificate]:
    """
    Return the certificates of a file, at least one, in their order.

    Raises:
        InvalidSetting: The file is not to be had, or holds none.
    """
    content = _content(path)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise InvalidSetting(f"{path} holds no certificate in PEM") from error


def read_private_key(path: str) -> PrivateKeyTypes:
    """
    Return the private key of a file.

    Raises:
        InvalidSetting: The file is not to be had, holds none, or the key has a password.
    """
    content = _content(path)
    try:
        return load_pem_private_key(content, password=None)
    except TypeError as error:
        raise InvalidSetting(
            f"the private key in {path} has a password; store it without one, "
            "for instance with: openssl pkey -in OLD -out NEW"
        ) from error
    except ValueError as error:
        raise InvalidSetting(f"{path} holds no private key in PEM") from error


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidSetting(f"cannot read {path}: {error.strerror}") from error


def read_for(setting: str, read: Callable[[str], T], path: str) -> T:
    """
    Return what is read of a file that a setting names.

    Raises:
        InvalidSetting: As ``read`` raises it, and about the setting.
    """
    try:
        return read(path)
    except InvalidSetting as error:
        raise InvalidSetting(str(error), setting) from error
