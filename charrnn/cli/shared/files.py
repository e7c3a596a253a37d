"""Files that commands write besides stdout."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from charrnn.cli.shared.signals import signals
from charrnn.errors import CorpusError
from charrnn.storage.atomic import abandon, reason, sync_folder, write_atomically
from charrnn.system import is_closed_pipe, move


def write_file(pieces: Iterable[str | bytes], output: Path, *, overwrite: bool, option: str) -> int:
    """Write ``pieces`` to the file ``output``, whole or not at all; return the number of characters or bytes.

    Args:
        pieces: the text, written as UTF-8, or bytes.
        output: the file; its folder is created if needed. Pieces go to a device or pipe, such as /dev/null, one by one.
        overwrite: whether an existing file may be replaced.
        option: the option that named the file, for error messages.

    Raises:
        CorpusError: The output exists already, is not a file, or cannot be written.
    """
    characters = 0

    def encoded() -> Iterator[bytes]:
        nonlocal characters
        for piece in pieces:
            characters += len(piece)
            yield piece if isinstance(piece, bytes) else piece.encode()

    try:
        if output.is_char_device() or output.is_fifo():
            with output.open("wb") as stream:
                stream.writelines(encoded())
            return characters
        if output.exists() and not overwrite:
            raise CorpusError(f"{output} exists already: choose another {option}, or replace it with --overwrite")
        if output.exists() and not output.is_file():
            raise CorpusError(f"the output must be a file, not {output}: choose another {option}")
        target = output.resolve()  # to write to a link's target, not replace the link
        target.parent.mkdir(parents=True, exist_ok=True)
        with signals.cleaning(lambda: abandon(target)):
            write_atomically(target, encoded())
    except OSError as error:
        if is_closed_pipe(error):
            raise
        raise CorpusError(f"cannot write {output}: {reason(error)}; choose another {option}") from None
    return characters


def write_folder(files: Mapping[str, bytes], output: Path, *, overwrite: bool, option: str) -> None:
    """Write files into a folder: a new folder appears whole or not at all, and so does each file of an existing one.

    Args:
        files: the files' contents by their names, which may begin with folders: ``folder/name``.
        output: the folder; the folders above it are created if needed.
        overwrite: whether files in an existing folder may be replaced. Other files there stay.
        option: the option that named the folder, for error messages.

    Raises:
        CorpusError: The folder exists already, is a file, or cannot be written.
    """
    try:
        if output.exists() and not output.is_dir():
            raise CorpusError(f"the output must be a folder, not {output}: choose another {option}")
        if output.is_dir() and any(output.iterdir()) and not overwrite:
            raise CorpusError(
                f"{output} exists already: choose another {option}, or replace files in it with --overwrite"
            )
        target = output.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and any(target.iterdir()):
            for name, content in files.items():
                _write_below(target, name, content)
            return
        made = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")

        def clean() -> None:
            shutil.rmtree(made, ignore_errors=True)

        made.mkdir()
        try:
            with signals.cleaning(clean):
                for name, content in files.items():
                    _write_below(made, name, content)
                if target.exists():  # an empty folder, over which Windows cannot rename
                    target.rmdir()
                move(made, target)
        finally:
            clean()
        sync_folder(target.parent)
    except OSError as error:
        raise CorpusError(f"cannot write {output}: {reason(error)}; choose another {option}") from None


def _write_below(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
