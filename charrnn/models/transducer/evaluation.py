"""Measure the answers to pairs, beside two baselines: a copy of the input, and a look-up in the training pairs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.kinds.evaluation import Evaluation
from charrnn.models.transducer.answers import Question, frequencies, question_of, right_answers
from charrnn.models.transducer.data import Pairs, symbols_of
from charrnn.text.examples import examples_in
from charrnn.text.vocabulary import Vocabulary

Words = tuple[str, ...]
"""The symbols of an answer."""

LENGTHS = ((1, 4), (5, 8), (9, 12), (13, 20), (21, 4096))
"""Ranges of the input's length in characters; errors are shown for each range."""


def evaluate_pairs(network: Any, vocabulary: Vocabulary, text: str, training: Pairs | None) -> Evaluation:
    """Measure word and symbol error by question, beside baselines; see ``charrnn.kinds.kind.Kind.evaluate``.

    If a question has several right answers, the nearest one counts.
    """
    config = network.config
    rows = examples_in(text, config.columns)
    right, lines = right_answers(rows, config.symbols), {}
    for row in rows:
        lines[question_of(row)] = f"{row.given}\t{row.features}" if row.features and config.features else row.given
    found = config.kind.predictor(network, vocabulary).predict(list(lines.values()), unknown="replace")
    answers: dict[str, list[Words]] = {"model": [tuple(symbols_of(best.text, config.symbols)) for best, *_ in found]}
    answers["copy"] = [
        tuple(given.replace(" ", "")) if config.symbols == "space" else tuple(given) for given, _ in right
    ]
    if training:
        told = frequencies(training)
        answers["training pairs"] = [
            tuple(symbols_of(told[question].most_common(1)[0][0], config.symbols)) if question in told else copied
            for question, copied in zip(right, answers["copy"], strict=True)
        ]
    return Evaluation(
        f"{len(rows):,} rows of {len(right):,} different questions",
        {"word_error": "word error", "symbol_error": "symbol error"},
        {name: errors(right, each) for name, each in answers.items()},
        {"length": list(errors_by_length(right, answers["model"]))},
    )


def errors(right: dict[Question, set[Words]], answers: Sequence[Words]) -> dict[str, float]:
    """Word error and symbol error of the answers to all questions.

    Word error is the share of wrong answers. Symbol error is the number of edits to the nearest right answers, divided
    by the number of their symbols.
    """
    edits, symbols, wrong = 0, 0, 0
    for wanted, answer in zip(right.values(), answers, strict=True):
        least, length = min((edit_distance(answer, each), len(each)) for each in wanted)
        edits, symbols, wrong = edits + least, symbols + length, wrong + (least > 0)
    return {"word_error": wrong / len(right), "symbol_error": edits / symbols}


def errors_by_length(right: dict[Question, set[Words]], answers: Sequence[Words]) -> list[tuple[Any, ...]]:
    """A table of the errors by length of the input; its first row is the heading."""
    table: list[tuple[Any, ...]] = [("characters given", "questions", "word error", "symbol error")]
    for least, most in LENGTHS:
        places = [at for at, (given, _) in enumerate(right) if least <= len(given) <= most]
        if places:
            questions = list(right)
            some = {questions[at]: right[questions[at]] for at in places}
            figures = errors(some, [answers[at] for at in places])
            shown = (f"{figures['word_error']:.4f}", f"{figures['symbol_error']:.4f}")
            table.append((f"{least} to {most}", len(places), *shown))
    return table


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Least number of insertions, deletions and substitutions from one sequence to the other (Levenshtein 1966)."""
    places = np.arange(len(other) + 1)
    before = places
    for row, symbol in enumerate(one, 1):
        exchanged = before[:-1] + np.array([symbol != each for each in other], np.int64)
        best = np.concatenate([[row], np.minimum(exchanged, before[1:] + 1)])
        before = np.minimum.accumulate(best - places) + places  # insertions: the running minimum from the left
    return int(before[-1])
