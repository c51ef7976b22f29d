"""The parts of a run that verify: what is verified, and by whom."""

from __future__ import annotations

from typing import NamedTuple, Optional

__all__ = ["CURVE", "PARTS", "REAL", "SMALL_FILES", "Part"]

#: How many of the files of the corpus ``small`` are verified, but for the curve.
SMALL_FILES = 50_000

#: The numbers of files of the curve. The last are more than the corpus has: there are several
#: links to each.
CURVE = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 1_000_000)

#: The corpus that is not made, but is what Debian's packages installed.
REAL = "real"

#: Those that stand for the fastest there is, whatever the corpus.
_FAST_PEERS = ("sums", "xargs", "openssl", "hashlib", "picca", "uutils-sums")


class Part(NamedTuple):
    """One table: a corpus, an algorithm, and the keys of the contenders.

    Attributes:
        key: what ``--only`` takes.
        title: the table's.
        corpus: the key of the corpus, or :data:`REAL`.
        algorithm: the digests'.
        contenders: those that the machine lacks are left out.
        first: how many files of the corpus; all by default.
        cold: whether the page cache is emptied before each run.
        needs: the contender without which there is nothing to compare.
    """

    key: str
    title: str
    corpus: str
    algorithm: str
    contenders: tuple[str, ...]
    first: Optional[int] = None
    cold: bool = False
    needs: Optional[str] = None


PARTS = (
    Part(
        "small",
        "Small files: 50,000 of 4 KiB, SHA-1",
        "small",
        "sha1",
        ("engine", "avx2", "python", "results", "command", *_FAST_PEERS, "rhash", "hashdeep", "go"),
        first=SMALL_FILES,
    ),
    Part(
        "small-sha256",
        "Small files: 50,000 of 4 KiB, SHA-256",
        "small",
        "sha256",
        ("engine", "shani", *_FAST_PEERS),
        first=SMALL_FILES,
    ),
    Part(
        "cold",
        "Small files that are not in the page cache: 50,000 of 4 KiB, SHA-1",
        "small",
        "sha1",
        ("engine", "sums", "xargs", "xargs-many", "hashlib-many", "picca"),
        first=SMALL_FILES,
        cold=True,
    ),
    Part(
        "medium",
        "Medium files: 2,000 of 512 KiB, SHA-1",
        "medium",
        "sha1",
        ("engine", "avx2", "python", "command", *_FAST_PEERS, "rhash", "hashdeep", "go"),
    ),
    Part(
        "medium-sha256",
        "Medium files: 2,000 of 512 KiB, SHA-256",
        "medium",
        "sha256",
        ("engine", "shani", *_FAST_PEERS),
    ),
    Part(
        "medium-sha512",
        "Medium files: 2,000 of 512 KiB, SHA-512",
        "medium",
        "sha512",
        ("engine", "avx2", *_FAST_PEERS),
    ),
    Part(
        "medium-md5",
        "Medium files: 2,000 of 512 KiB, MD5",
        "medium",
        "md5",
        ("engine", "avx2", *_FAST_PEERS),
    ),
    Part(
        "medium-blake3",
        "Medium files: 2,000 of 512 KiB, BLAKE3",
        "medium",
        "blake3",
        ("engine", "b3sum"),
        needs="b3sum",
    ),
    Part(
        "skewed",
        "Skewed: one file of 1 GiB and 5,000 of 16 KiB, SHA-1",
        "skewed",
        "sha1",
        ("engine", *_FAST_PEERS),
    ),
    Part(
        "pair",
        "A huge pair: 2 files of 1 GiB, SHA-1",
        "pair",
        "sha1",
        ("engine", *_FAST_PEERS),
    ),
    Part(
        "one",
        "One huge file: 2 GiB, SHA-1",
        "one",
        "sha1",
        ("engine", "sums", "openssl", "hashlib", "picca", "uutils-sums"),
    ),
    Part(
        "real",
        "Real: every file that Debian's packages installed, MD5",
        REAL,
        "md5",
        ("engine", "avx2", "python", *_FAST_PEERS),
    ),
)
