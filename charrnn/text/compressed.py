"""Decompress files piece by piece; they are recognised by their first bytes, not by their names."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from charrnn.errors import CorpusError

OPENERS: dict[bytes, Any] = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
"""The function that opens a file of one compressed text, by the file's first bytes."""

ZIP = b"PK\x03\x04", b"PK\x05\x06"
"""The first bytes of a zip archive, which may hold several texts, and of an empty one."""

AFTER_BZH = b"1AY&SY", b"\x17rE8P\x90"
"""The bytes that can follow the first four of a bz2 file: those of a block, or the end of an empty file."""

PACKAGES = {"mimetype", "[Content_Types].xml", "META-INF/MANIFEST.MF"}
"""Names of members by which archives that are documents or programs (EPUB, DOCX, JAR) are recognised."""

DAMAGE = (EOFError, OSError, RuntimeError, lzma.LZMAError, zipfile.BadZipFile, zlib.error)
"""Errors that these modules raise for unreadable content; RuntimeError also for encrypted files."""


def texts(file: Any, origin: str, size: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name and the pieces of each text in a file.

    An archive has one text for each member that is not hidden; any other file is one text.

    Args:
        file: the open file, at its beginning, with a ``peek`` method.
        origin: the file's name.
        size: most bytes of a piece.

    Raises:
        CorpusError: An archive cannot be read or holds no texts, or a text is damaged.
    """
    begins = file.peek(10)[:10]
    if begins.startswith(ZIP):
        yield from _members(file, origin, size)
        return
    openers: list[Any] = [opener for magic, opener in OPENERS.items() if begins.startswith(magic)]
    is_text = not openers or (openers[0] is bz2.open and begins[4:] not in AFTER_BZH)
    yield origin, _pieces(file if is_text else openers[0](file), origin, size)


def _members(file: Any, origin: str, size: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    if not file.seekable():
        raise CorpusError(f"cannot read {origin}: a zip archive must be a file, not a pipe; give what unzip -p prints")
    with _told_damage(origin):
        archive = zipfile.ZipFile(file)
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if PACKAGES.intersection(names):
        raise CorpusError(f"cannot read {origin} as text: it is a document of another program; save it as plain text")
    shown = sorted(name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.split("/")))
    if not shown:
        raise CorpusError(f"the archive {origin} holds no files (hidden ones do not count): put a text into it")
    for name in shown:
        with _told_damage(f"{origin}/{name}"):
            member = archive.open(name)
        with member:
            yield f"{origin}/{name}", _pieces(member, f"{origin}/{name}", size)


def _pieces(file: IO[bytes], origin: str, size: int) -> Iterator[bytes]:
    while True:
        with _told_damage(origin):
            data = file.read(size)
        if not data:
            return
        yield data


@contextmanager
def _told_damage(origin: str) -> Iterator[None]:
    """Replace errors that tell of damaged content by a CorpusError.

    Raises:
        CorpusError: The body raised an error for damaged content.
    """
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:  # an error of the file itself
            raise
        why = " ".join(str(error).split())
        raise CorpusError(f"cannot decompress {origin}: {why}; get the file again, or unpack it yourself") from None
