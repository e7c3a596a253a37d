"""Corpora that can be made on any machine without a download.

``english`` and ``python`` come with Python. ``addition``, ``parity`` and ``brackets`` are problems that a recurrent
network can solve at any length, with answers that can be checked: each line consists of a question, "=" and the answer.
"""

import random
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.folders import files_below
from charrnn.text.prose import docstrings, paragraphs

DEFAULT_SIZE = 1_000_000
"""Characters of a corpus of problems, by default."""

NOT_STDLIB = {"site-packages", "dist-packages", "sitecustomize.py", "test", "tests", "idle_test", "__pycache__"}
"""Files and folders below the standard library's folder that are other packages or tests."""

TEXTS = ("english", "python")
"""Corpora of existing text, whose order a seed shuffles; the other corpora consist of lines drawn at random."""

BRACKETS = {"(": ")", "[": "]", "{": "}"}

LONGEST = {"addition": 4_000, "parity": 1_000_000, "brackets": 1_000_000}
"""Largest length of a question. Python does not format numbers of more than 4,300 digits."""

GOES_ON = 0.8
"""Probability that a question of parity or brackets becomes longer by one."""

Lengths = tuple[int, int]
"""The smallest and the largest length."""

MakeLine = Callable[[random.Random, Lengths], str]


def generate(name: str, size: int | None = None, rng_seed: int = 0, lengths: Lengths | None = None) -> Iterator[str]:
    """Yield the pieces of the corpus ``name``; the same for the same arguments.

    Args:
        name: one of ``GENERATORS``.
        size: most characters. ``TEXTS`` are cut there. The others end with the last whole line that fits, and have at
            least one line. None means the whole of ``TEXTS``, and ``DEFAULT_SIZE`` for the others.
        rng_seed: at least 0. For ``TEXTS``, 0 keeps the order, and any other seed shuffles topics and files.
        lengths: smallest and largest length of the questions, in digits, bits or brackets; None means 1 to 3, 1 to 20
            and 1 to 30.

    Raises:
        ConfigError: The name is unknown, or a number is out of range.
        CorpusError: This Python has no documentation or no source files.
    """
    if name not in GENERATORS:
        raise ConfigError(f"a corpus must be one of {', '.join(GENERATORS)}, not {name!r}: choose one of them")
    if size is not None and size < 2:
        raise ConfigError(f"the size must be at least 2 characters, not {size}: choose a larger one")
    if rng_seed < 0:
        raise ConfigError(f"rng_seed must be at least 0, not {rng_seed}: choose a larger one")
    if lengths and name in TEXTS:
        raise ConfigError(f"--lengths is for problems, not for {name}: leave it out")
    if lengths and not 1 <= lengths[0] <= lengths[1]:
        raise ConfigError(f"the lengths must rise from at least 1, not {lengths[0]}-{lengths[1]}: give such as 1-20")
    if lengths and lengths[1] > (most := LONGEST[name]):
        raise ConfigError(f"the lengths of {name} must be at most {most:,}, not {lengths[1]}: give such as 1-20")
    return GENERATORS[name](size, rng_seed, lengths)


def _english(size: int | None, rng_seed: int, _: Lengths | None) -> Iterator[str]:
    """Yield paragraphs of the running Python's documentation: the topics of ``help``, then the library's docstrings."""
    parts: list[str | Path] = [*_topics(), *_library()]
    if not parts:
        raise CorpusError("no documentation of Python's own was found: choose another corpus")
    if rng_seed:
        random.Random(rng_seed).shuffle(parts)
    return _cut(_distinct(chain.from_iterable(map(_documentation, parts))), size)


def _topics() -> Iterable[str]:
    """Return the texts of the topics of ``help``; none where the distribution of Python lacks them."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return ()
    return topics.values()


def _documentation(part: str | Path) -> Iterable[str]:
    """Return the texts of a part: a topic itself, or a file's docstrings."""
    return [part] if isinstance(part, str) else chain.from_iterable(map(docstrings, _sources([part])))


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    """Yield the distinct paragraphs of prose in ``texts``, each followed by an empty line."""
    seen: set[str] = set()
    for text in texts:
        for paragraph in paragraphs(text):
            if paragraph not in seen:
                seen.add(paragraph)
                yield paragraph + "\n\n"


def _python(size: int | None, rng_seed: int, _: Lengths | None) -> Iterator[str]:
    """Yield the source of the running Python's standard library, without its tests."""
    files = _library()
    if not files:
        folder = sysconfig.get_path("stdlib")
        raise CorpusError(f"no .py files of Python's own were found in {folder}: choose another corpus")
    if rng_seed:
        random.Random(rng_seed).shuffle(files)
    return _cut(_sources(files), size)


def _library() -> list[Path]:
    """List the standard library's files, without its tests, sorted by path."""
    folder = Path(sysconfig.get_path("stdlib"))
    try:
        return [path for path in files_below(folder, skip=NOT_STDLIB.__contains__) if path.suffix == ".py"]
    except OSError as error:
        raise CorpusError(f"cannot read {error.filename}: {error.strerror}; choose another corpus") from None


def _sources(files: Iterable[Path]) -> Iterator[str]:
    r"""Yield the text of each file, with "\n" newlines; files that are not UTF-8 are omitted."""
    for path in files:
        try:
            yield path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise CorpusError(f"cannot read {path}: {error.strerror}; choose another corpus") from None


def _cut(pieces: Iterable[str], size: int | None) -> Iterator[str]:
    """Yield the first ``size`` characters of ``pieces``."""
    if size is None:
        yield from pieces
        return
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _lines(draw: MakeLine, usual: Lengths, size: int | None, rng_seed: int, lengths: Lengths | None) -> Iterator[str]:
    """Yield lines made by ``draw``: as many as fit into ``size`` characters, at least one."""
    rng = random.Random(rng_seed)
    room = DEFAULT_SIZE if size is None else size
    line = draw(rng, lengths or usual) + "\n"
    yield line
    room -= len(line)
    while len(line := draw(rng, lengths or usual) + "\n") <= room:
        yield line
        room -= len(line)


def _addition(rng: random.Random, lengths: Lengths) -> str:
    """Draw a sum, such as 12+345=357; the lengths are those of the numbers."""
    left, right = _number(rng, rng.randint(*lengths)), _number(rng, rng.randint(*lengths))
    return f"{left}+{right}={left + right}"


def _number(rng: random.Random, digits: int) -> int:
    """Draw a number of ``digits`` digits."""
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def _parity(rng: random.Random, lengths: Lengths) -> str:
    """Draw bits and, after =, whether the number of ones is odd, such as 0110100=1."""
    length = _length(rng, lengths)
    bits = f"{rng.getrandbits(length):0{length}b}"
    return f"{bits}={bits.count('1') % 2}"


def _length(rng: random.Random, lengths: Lengths) -> int:
    """Draw a length from a geometric distribution, cut at the largest length.

    With uniform lengths, a model would learn to count characters to predict the end, and would fail on longer
    questions.
    """
    length, greatest = lengths
    while length < greatest and rng.random() < GOES_ON:
        length += 1
    return length


def _brackets(rng: random.Random, lengths: Lengths) -> str:
    """Draw brackets and, after =, those that close the open ones, such as ([]{(=)})."""
    text: list[str] = []
    closers: list[str] = []
    for _ in range(_length(rng, lengths)):
        if not closers or rng.random() < 0.5:
            text.append(rng.choice("([{"))
            closers.append(BRACKETS[text[-1]])
        else:
            text.append(closers.pop())
    return f"{''.join(text)}={''.join(reversed(closers))}"


GENERATORS: dict[str, Callable[[int | None, int, Lengths | None], Iterator[str]]] = {
    "english": _english,
    "python": _python,
    "addition": partial(_lines, _addition, (1, 3)),
    "parity": partial(_lines, _parity, (1, 20)),
    "brackets": partial(_lines, _brackets, (1, 30)),
}
"""By name, the functions that yield a corpus in pieces, given size (characters, or None), random seed and lengths."""
