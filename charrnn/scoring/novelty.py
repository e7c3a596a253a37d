"""Find the passages, or a whole document, that a text has copied verbatim from a corpus.

The corpus is read once, in pieces, through the suffix automaton of the text. Time is linear in both lengths, and memory
in the text's length alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from charrnn.arguments import check_whole
from charrnn.kernels.automaton import NONE, ROOT, automaton_of, follow, grams_of, spread
from charrnn.text.vocabulary import END, Vocabulary

SHORTEST = 20
"""Characters of the shortest passage that counts as copied: a few words, more than usually recur by chance."""

MOST_PASSAGES = 5
"""How many passages are reported."""


@dataclass(frozen=True)
class Passage:
    """A maximal part of a text that the corpus holds.

    Attributes:
        start: the part's position in the text.
        text: the part, which is not empty.
    """

    start: int
    text: str


@dataclass(frozen=True)
class Novelty:
    """How much of a text is copied from a corpus.

    Attributes:
        characters: length of the text.
        copied: number of its characters in passages of at least ``shortest`` characters.
        passages: the longest distinct passages, longest first, which do not overlap.
        shortest: characters of the shortest passage that counts.
        document: whether the text is a whole document of the corpus; None if that was not asked.
    """

    characters: int
    copied: int
    passages: tuple[Passage, ...]
    shortest: int = SHORTEST
    document: bool | None = None

    @property
    def share(self) -> float:
        """The fraction of the text that is copied, 0 to 1; NaN for an empty text."""
        return self.copied / self.characters if self.characters else float("nan")


def novelties(
    texts: Sequence[str],
    corpus: Iterable[str],
    *,
    documents: Sequence[str | None] = (),
    shortest: int = SHORTEST,
) -> list[Novelty]:
    """Find what each of the texts has copied from the corpus.

    Args:
        texts: the texts whose passages are looked for in the corpus.
        corpus: the pieces of one text, in order, which are not kept; documents each end with END.
        documents: for each text the whole document to look for, such as the text with its seed; None for a text that is
            not a document. If not given, no documents are looked for.
        shortest: characters of the shortest passage that counts as copied.

    Raises:
        ConfigError: ``shortest`` is below 1.
    """
    shortest = check_whole("shortest", shortest, 1)
    vocabulary = Vocabulary.of("".join(texts) or "\n")
    between = np.array(
        [len(vocabulary)], np.int32
    )  # an id that the corpus lacks, so that nothing matches across two texts
    ids = np.concatenate([part for text in texts for part in (vocabulary.encode(text), between)])
    automaton, prefixes = automaton_of(ids)
    grams = grams_of(ids, shortest, automaton, prefixes)
    longest = np.zeros(len(automaton.length), np.int32)
    state, matched, before = ROOT, 0, np.full(shortest, NONE, np.int32)
    search = _DocumentSearch(documents)
    for piece in corpus:
        search.read(piece)
        read = np.concatenate([before, vocabulary.find(piece)])
        state, matched = follow(read, ids, grams, automaton, longest, state, matched)
        before = read[-shortest:]
    spread(automaton, longest, np.argsort(automaton.length, kind="stable"))
    ends = list(accumulate(len(text) + 1 for text in texts))
    shared = np.split(longest[prefixes], ends[:-1])
    return [
        _novelty(text, lengths[:-1], shortest, search.has_found(document))
        for text, lengths, document in zip(texts, shared, documents or [None] * len(texts), strict=True)
    ]


class _DocumentSearch:
    """A search for whole documents in a corpus that comes in pieces.

    It keeps no more of the corpus than the length of the longest document.
    """

    def __init__(self, sought: Iterable[str | None]) -> None:
        self._sought = {document for document in sought if document is not None}
        self._longest = max(map(len, self._sought), default=0)
        self._found: set[str] = set()
        self._begun = ""

    def read(self, piece: str) -> None:
        """Read the next piece of the corpus."""
        *ended, begun = (self._begun + piece).split(END)
        self._found |= self._sought.intersection(ended)
        self._begun = begun[: self._longest + 1]  # longer than any document, so it matches none

    def has_found(self, document: str | None) -> bool | None:
        """Whether the corpus holds a document; None if ``document`` is None."""
        return None if document is None else document in self._found


def _novelty(text: str, shared: npt.NDArray[np.int32], shortest: int, document: bool | None) -> Novelty:
    """Report on a text; the corpus holds the last ``shared[i]`` characters of the text up to position i."""
    shared = np.where(shared < shortest, 0, shared)
    ends = np.flatnonzero(
        (shared > 0) & (shared >= np.append(shared[1:], 0))
    )  # the match ends before the next character
    starts = ends + 1 - shared[ends]
    borders = np.zeros(len(text) + 1, np.int64)
    np.add.at(borders, starts, 1)
    np.add.at(borders, ends + 1, -1)
    copied = int((np.cumsum(borders) > 0).sum())
    passages: dict[str, int] = {}
    taken = np.zeros(len(text), np.bool_)
    for start, end in sorted(zip(starts.tolist(), ends.tolist(), strict=True), key=lambda span: span[0] - span[1]):
        passage = text[start : end + 1]
        if passage not in passages and not taken[start] and not taken[end]:
            passages[passage] = start
            taken[start : end + 1] = True
        if len(passages) == MOST_PASSAGES:
            break
    found = tuple(Passage(start, passage) for passage, start in passages.items())
    return Novelty(len(text), copied, found, shortest, document)
