"""The coreutils programs that the command line can be."""

from __future__ import annotations

__all__ = ["PROGRAMS"]

#: The programs, and the algorithm of each.
PROGRAMS = {
    "b2sum": "blake2b",
    "cksum": "crc",
    "md5sum": "md5",
    "sha1sum": "sha1",
    "sha224sum": "sha224",
    "sha256sum": "sha256",
    "sha384sum": "sha384",
    "sha512sum": "sha512",
}
