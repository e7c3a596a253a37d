"""Files that commands write besides stdout."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from charrnn.cli.shared.signals import signals
from charrnn.errors import CorpusError
from charrnn.storage.atomic import abandon, reason, write_atomically


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
    except BrokenPipeError:  # the reader has closed the pipe
        raise
    except OSError as error:
        raise CorpusError(f"cannot write {output}: {reason(error)}; choose another {option}") from None
    return characters
