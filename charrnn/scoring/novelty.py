"""What a text has copied from a corpus, exactly: passages, character for character, or the whole of a document.

The corpus is read once, in pieces, through the suffix automaton of the text, so that time grows with both and memory
with the text alone, however much is copied.
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
"""Characters of a passage that counts as copied: a few words, more than usually recur by themselves."""

MOST_PASSAGES = 5
"""How many passages are told."""


@dataclass(frozen=True)
class Passage:
    """A part of a text that the corpus holds, and does not hold with one more character of the text at either end.

    Attributes:
        start: its place in the text.
        text: not empty.
    """

    start: int
    text: str


@dataclass(frozen=True)
class Novelty:
    """How much of a text is copied.

    Attributes:
        characters: of the text.
        copied: those of them that stand in a passage of at least ``shortest`` characters.
        passages: the longest of those, longest first and each but once; they do not overlap.
        shortest: characters of a passage that counts.
        document: whether the text is a whole document of the corpus; None where that was not asked.
    """

    characters: int
    copied: int
    passages: tuple[Passage, ...]
    shortest: int = SHORTEST
    document: bool | None = None

    @property
    def share(self) -> float:
        """The part that is copied, 0 to 1; NaN of an empty text."""
        return self.copied / self.characters if self.characters else float("nan")


def novelties(
    texts: Sequence[str],
    corpus: Iterable[str],
    *,
    documents: Sequence[str | None] = (),
    shortest: int = SHORTEST,
) -> list[Novelty]:
    """What each of the texts has copied from the corpus.

    Args:
        texts: whatever is looked for.
        corpus: the pieces of one text, in order; not held. Of documents, with END after each.
        documents: of each text the document that is looked for with it, perhaps with more before the text; None of a
            text that is none. Not given, no documents are looked for.
        shortest: characters of a passage that counts as copied.

    Raises:
        ConfigError: ``shortest`` is below 1.
    """
    shortest = check_whole("shortest", shortest, 1)
    vocabulary = Vocabulary.of("".join(texts) or "\n")
    between = np.array([len(vocabulary)], np.int32)  # no character of the corpus: nothing matches across two texts
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
    """Looks for whole documents in a corpus that comes in pieces; holds no more of it than they are long."""

    def __init__(self, sought: Iterable[str | None]) -> None:
        self._sought = {document for document in sought if document is not None}
        self._longest = max(map(len, self._sought), default=0)
        self._found: set[str] = set()
        self._begun = ""

    def read(self, piece: str) -> None:
        """Go on in the corpus."""
        *ended, begun = (self._begun + piece).split(END)
        self._found |= self._sought.intersection(ended)
        self._begun = begun[: self._longest + 1]  # one more than any: too long to be found

    def has_found(self, document: str | None) -> bool | None:
        """Whether a document was one of the corpus; None of none."""
        return None if document is None else document in self._found


def _novelty(text: str, shared: npt.NDArray[np.int32], shortest: int, document: bool | None) -> Novelty:
    """The report of a text, of which the last ``shared[i]`` characters up to place i are in the corpus."""
    shared = np.where(shared < shortest, 0, shared)
    ends = np.flatnonzero((shared > 0) & (shared >= np.append(shared[1:], 0)))  # the next character makes it no longer
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
