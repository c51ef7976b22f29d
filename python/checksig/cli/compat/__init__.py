"""The checksum programs of coreutils: their options, output, messages and exit codes.

Only the names are here, since every start of the command line asks for them;
:mod:`.program` is what runs.
"""

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
