"""Corpora from what every machine has: nothing is downloaded.

``english`` and ``python`` are texts that people wrote; ``addition``, ``parity`` and ``brackets`` are problems whose
answers can be checked, and which a recurrent network can solve at any length: each line is a question, =, and its
answer.
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
"""Characters of a corpus of lines."""

NOT_STDLIB = {"site-packages", "dist-packages", "sitecustomize.py", "test", "tests", "idle_test", "__pycache__"}
"""Names below the standard library's folder that are not its own, or are its tests."""

TEXTS = ("english", "python")
"""Corpora that are cut at a size, and whose parts a seed shuffles; the others are lines that a seed draws."""

BRACKETS = {"(": ")", "[": "]", "{": "}"}

LONGEST = {"addition": 4_000, "parity": 1_000_000, "brackets": 1_000_000}
"""Greatest length of a question. Python does not write numbers of more than 4,300 digits."""

GOES_ON = 0.8
"""Chance that a question of parity or brackets is longer by one."""

Lengths = tuple[int, int]
"""The least and the greatest."""

MakeLine = Callable[[random.Random, Lengths], str]


def generate(name: str, size: int | None = None, rng_seed: int = 0, lengths: Lengths | None = None) -> Iterator[str]:
    """The pieces of corpus ``name``; the same for the same arguments.

    Args:
        name: one of ``GENERATORS``.
        size: the most characters. ``TEXTS`` are cut there, or end earlier if there is no more; the others end with
            the last whole line that fits, and have at least one line. Without it, all of ``TEXTS``, and
            ``DEFAULT_SIZE`` of the others.
        rng_seed: at least 0. For ``TEXTS``, 0 keeps their order, any other shuffles their topics and files.
        lengths: of the questions: digits of a number, bits, brackets. Without them, 1 to 3, 20 and 30.

    Raises:
        ConfigError: the name is unknown, or a number is too small or too large.
        CorpusError: Python comes without its documentation and source here.
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
    """Paragraphs of the running Python's documentation: the topics of ``help``, then the library's docstrings."""
    parts: list[str | Path] = [*_topics(), *_library()]
    if not parts:
        raise CorpusError("no documentation of Python's own was found: choose another corpus")
    if rng_seed:
        random.Random(rng_seed).shuffle(parts)
    return _cut(_distinct(chain.from_iterable(map(_documentation, parts))), size)


def _topics() -> Iterable[str]:
    """The topics of ``help``, which some distributions of Python leave out."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return ()
    return topics.values()


def _documentation(part: str | Path) -> Iterable[str]:
    """The texts of a part: a topic is one, a file has its docstrings."""
    return [part] if isinstance(part, str) else chain.from_iterable(map(docstrings, _sources([part])))


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    """The paragraphs of prose in ``texts``, each with an empty line behind it, and each only once."""
    seen: set[str] = set()
    for text in texts:
        for paragraph in paragraphs(text):
            if paragraph not in seen:
                seen.add(paragraph)
                yield paragraph + "\n\n"


def _python(size: int | None, rng_seed: int, _: Lengths | None) -> Iterator[str]:
    """The source of the running Python's standard library, without its tests."""
    files = _library()
    if not files:
        folder = sysconfig.get_path("stdlib")
        raise CorpusError(f"no .py files of Python's own were found in {folder}: choose another corpus")
    if rng_seed:
        random.Random(rng_seed).shuffle(files)
    return _cut(_sources(files), size)


def _library() -> list[Path]:
    """The standard library's files, without its tests, sorted by their paths."""
    folder = Path(sysconfig.get_path("stdlib"))
    try:
        return [path for path in files_below(folder, skip=NOT_STDLIB.__contains__) if path.suffix == ".py"]
    except OSError as error:
        raise CorpusError(f"cannot read {error.filename}: {error.strerror}; choose another corpus") from None


def _sources(files: Iterable[Path]) -> Iterator[str]:
    r"""The text of each of ``files``, with "\n" newlines; files in an encoding other than UTF-8 are left out."""
    for path in files:
        try:
            yield path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise CorpusError(f"cannot read {path}: {error.strerror}; choose another corpus") from None


def _cut(pieces: Iterable[str], size: int | None) -> Iterator[str]:
    """The first ``size`` characters of ``pieces``."""
    if size is None:
        yield from pieces
        return
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _lines(draw: MakeLine, usual: Lengths, size: int | None, rng_seed: int, lengths: Lengths | None) -> Iterator[str]:
    """Lines as ``draw`` makes them: as many as fit into ``size`` characters, and at least one."""
    rng = random.Random(rng_seed)
    room = DEFAULT_SIZE if size is None else size
    line = draw(rng, lengths or usual) + "\n"
    yield line
    room -= len(line)
    while len(line := draw(rng, lengths or usual) + "\n") <= room:
        yield line
        room -= len(line)


def _addition(rng: random.Random, lengths: Lengths) -> str:
    """A sum, such as 12+345=357; the lengths are those of the numbers."""
    left, right = _number(rng, rng.randint(*lengths)), _number(rng, rng.randint(*lengths))
    return f"{left}+{right}={left + right}"


def _number(rng: random.Random, digits: int) -> int:
    """A number of so many digits."""
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def _parity(rng: random.Random, lengths: Lengths) -> str:
    """Bits and, after =, whether the number of ones is odd, such as 0110100=1."""
    length = _length(rng, lengths)
    bits = f"{rng.getrandbits(length):0{length}b}"
    return f"{bits}={bits.count('1') % 2}"


def _length(rng: random.Random, lengths: Lengths) -> int:
    """A length whose end cannot be foreseen, up to the greatest: a model need not count to predict it.

    One that counts, because all lengths are equally likely, fails as soon as it has to count on.
    """
    length, greatest = lengths
    while length < greatest and rng.random() < GOES_ON:
        length += 1
    return length


def _brackets(rng: random.Random, lengths: Lengths) -> str:
    """Brackets and, after =, what closes those that are open, such as ([]{(=)})."""
    text, closers = "", ""
    for _ in range(_length(rng, lengths)):
        if not closers or rng.random() < 0.5:
            opener = rng.choice("([{")
            text, closers = text + opener, BRACKETS[opener] + closers
        else:
            text, closers = text + closers[0], closers[1:]
    return f"{text}={closers}"


GENERATORS: dict[str, Callable[[int | None, int, Lengths | None], Iterator[str]]] = {
    "english": _english,
    "python": _python,
    "addition": partial(_lines, _addition, (1, 3)),
    "parity": partial(_lines, _parity, (1, 20)),
    "brackets": partial(_lines, _brackets, (1, 30)),
}
"""From the size (characters, or None), the random generator's seed and the lengths to the pieces of a corpus."""
