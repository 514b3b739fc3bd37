"""An sdist's archive, the same to the byte whenever and by whomever it was made."""

import gzip
import io
import tarfile
from pathlib import Path


def normalized(member: tarfile.TarInfo, time_s: int) -> tarfile.TarInfo:
    """Return a member without its owner and umask, and at the given time."""
    executable = member.isdir() or member.mode & 0o100
    return member.replace(
        mtime=time_s,
        mode=0o755 if executable else 0o644,
        uid=0,
        gid=0,
        uname="",
        gname="",
    )


def rewrite(path: Path, target: Path, time_s: int) -> None:
    """
    Write an sdist anew, with nothing in it that depends on the machine.

    setuptools heeds ``SOURCE_DATE_EPOCH`` in wheels only: an sdist of its own
    tells when the files were copied, whose they are, and the umask.

    Args:
        path: The ``.tar.gz`` that setuptools made.
        target: Where to write; another file.
        time_s: The time that all files get, in seconds since 1970.
    """
    with (
        tarfile.open(path) as old,
        target.open("wb") as file,
        # Without a name: gzip would put the file's into its header.
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=time_s) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            content = old.extractfile(member) if member.isfile() else None
            body = io.BytesIO(content.read()) if content else None
            # What pax has written beside the header is times, in fractions of seconds.
            member.pax_headers = {}
            new.addfile(normalized(member, time_s), body)
