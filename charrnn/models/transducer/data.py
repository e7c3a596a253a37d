"""Pairs of texts as training data, and their conversion to ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.errors import CorpusError, VocabularyError
from charrnn.models.transducer.config import TransducerConfig
from charrnn.text.corpus import Corpus
from charrnn.text.examples import (
    LONGEST_SIDE,
    Example,
    Examples,
    MalformedRowError,
    classes_in,
    examples_of,
    split_examples,
)
from charrnn.text.symbols import as_symbols, known_symbols, to_text
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.row_batches import RowIds

END_OF_ANSWER = 0
"""The class that ends an answer; the decoder also reads it before the first symbol."""


@dataclass(frozen=True)
class Pairs(Examples):
    """Some rows; the length of this object is the number of symbols read and written for them, ends included.

    Attributes:
        symbols: what an answer consists of, "characters" or "space" for symbols separated by spaces.
    """

    symbols: str = TransducerConfig.symbols

    def __len__(self) -> int:
        return sum(
            len(row.given) + len(features_of(row.features)) + len(symbols_of(row.wanted, self.symbols)) + 2
            for row in self.rows
        )


class PairedRows:
    """The pairs of a corpus; a ``charrnn.kinds.contract.Data``.

    Args:
        corpus: a text with a pair on each line.
        options: options of the model.

    Raises:
        CorpusError: a line is malformed, or all lines have the same input.
    """

    def __init__(self, corpus: Corpus, options: Mapping[str, Any]) -> None:
        self._vocabulary = corpus.vocabulary
        self._symbols = options.get("symbols", TransducerConfig.symbols)
        self._targets, self._features = options.get("targets", ()), options.get("features", ())
        self._longest = options.get("longest", 0)
        self._rows = examples_of(corpus, options.get("columns", TransducerConfig.columns))
        for number, row in enumerate(self._rows):
            if not symbols_of(row.wanted, self._symbols):
                raise MalformedRowError(number, f"the column of what is wanted holds only spaces, {row.given!r}")
        if len({row.given for row in self._rows}) < 2:
            raise CorpusError("the rows must give at least two different texts, not one: give more rows")

    def fields(self) -> dict[str, Any]:
        """Fields of the config: vocabulary, symbols of answers, features; see ``Data``."""
        answers = [symbols_of(row.wanted, self._symbols) for row in self._rows]
        symbols, features = (symbol for answer in answers for symbol in answer), (row.features for row in self._rows)
        return {
            "vocab_size": len(self._vocabulary),
            "end_symbol": True,
            "targets": classes_in({*symbols}, self._targets),
            "features": classes_in({each for cell in features for each in features_of(cell)}, self._features),
            "longest": max(self._longest, *map(len, answers)),
        }

    def split(self, val_fraction: float) -> tuple[Pairs, Pairs]:
        """Split the rows; rows with the same input are in the same part. See ``Data``."""
        train, validation = (
            Pairs(part.rows, self._vocabulary, symbols=self._symbols)
            for part in split_examples(self._rows, self._vocabulary, val_fraction)
        )
        return train, validation

    def notes(self, train: Pairs, validation: Pairs, val_fraction: float) -> Iterator[str]:
        """Count the rows of each part, the symbols of answers and the features; see ``Data``."""
        fields = self.fields()
        counts = f"{len(train.rows):,} rows to train on, {len(validation.rows):,} to validate with"
        features = f", {len(fields['features'])} features" * bool(fields["features"])
        yield f"{counts}; {len(fields['targets'])} symbols in answers{features}"


def symbols_of(answer: str, symbols: str) -> Sequence[str]:
    """Split an answer into its symbols."""
    return answer.split() if symbols == "space" else answer


def features_of(cell: str) -> list[str]:
    """The features in a cell of the third column, which semicolons separate."""
    return [feature for feature in cell.split(";") if feature]


class Coder:
    """Converts rows to ids, and ids to answers.

    Args:
        config: the model's config.
        vocabulary: the model's characters.
    """

    def __init__(self, config: Any, vocabulary: Vocabulary) -> None:
        self._config, self._vocabulary = config, vocabulary
        self._classes = {symbol: number for number, symbol in enumerate(config.targets, 1)}
        self._features = {feature: config.vocab_size + at for at, feature in enumerate(config.features)}

    def given_ids(self, row: Example) -> RowIds:
        """Ids that the encoder reads: the features, the characters and the end."""
        features = [self._features[feature] for feature in features_of(row.features)]
        ends = [self._config.vocab_size - 1]
        return np.concatenate([features, self._vocabulary.encode(row.given), ends]).astype(np.int32)

    def wanted_ids(self, row: Example) -> RowIds:
        """Target ids of the decoder: the symbols of the answer and its end."""
        symbols = symbols_of(row.wanted, self._config.symbols)
        return np.array([*(self._classes[symbol] for symbol in symbols), END_OF_ANSWER], np.int32)

    def answer(self, ids: Sequence[int]) -> str:
        """The text of an answer, from the ids of its symbols without the end."""
        symbols = [self._config.targets[at - 1] for at in ids]
        if self._config.symbols == "space":
            return " ".join(to_text(symbol, self._vocabulary.unit) for symbol in symbols)
        return to_text("".join(symbols), self._vocabulary.unit)

    def question(self, line: str, unknown: str) -> Example:
        """Parse a line, which is an input, or an input, a tab and features; returns a row without a target.

        Raises:
            CorpusError: the line is too long, or has a tab where none is allowed.
            VocabularyError: the line has a character or feature that the model does not know, and ``unknown`` is
                "error".
        """
        given, *rest = as_symbols(line, self._vocabulary).split("\t")
        most = 1 if self._config.features else 0
        if len(rest) > most:
            form = "given TAB features" if most else "what is given alone, as the model knows no features"
            raise CorpusError(f"a line must be {form}, not one with {len(rest)} tabs: {line[:40]!r}")
        if len(given) > LONGEST_SIDE:
            raise CorpusError(f"a line must be at most {LONGEST_SIDE:,} characters, not {len(given):,}: cut it")
        if not given:
            raise CorpusError(f"a line must have something before its tab, not begin with it: {line[:40]!r}")
        features = [feature for feature in features_of(rest[0]) if self._knows(feature, unknown)] if rest else []
        return Example(known_symbols(given, self._vocabulary, unknown), "", ";".join(features))

    def _knows(self, feature: str, unknown: str) -> bool:
        if feature not in self._features and unknown == "error":
            some = ", ".join(self._config.features[:5]) + ", ..." * (len(self._config.features) > 5)
            raise VocabularyError(
                f"a feature must be one that the model has seen ({some}), not {feature!r}: correct it, or choose "
                "--unknown skip or replace"
            )
        return feature in self._features
