"""Measure a model that restores, beside baselines, on a text that still contains what is to be restored."""

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.evaluation import Evaluation
from charrnn.models.restorer.answers import best_answers, to_stripped
from charrnn.models.restorer.measures import figures_of_answers, most_frequent_spelling, titles_of, words_right
from charrnn.models.restorer.network import Restorer
from charrnn.models.restorer.stripped import Answers, RestoredRows, Stripped
from charrnn.models.restorer.tasks import TASKS
from charrnn.text.vocabulary import Vocabulary


def evaluate_text(network: Restorer, vocabulary: Vocabulary, text: str, training: RestoredRows | None) -> Evaluation:
    """Strip a text, restore it, and compare it with the original; see ``charrnn.kinds.kind.Kind.evaluate``."""
    task = TASKS[network.config.task]
    answers = Answers(task, vocabulary, network.config.classes)
    stripped = Stripped.of(text.split("\n"), answers)
    data = RestoredRows(stripped, tuple(stripped.rows(task)), answers)
    if task.adds_noise and data.rows:
        data = data.noised()
        stripped = data.text
    if not data.rows:
        raise CorpusError(f"the text for task {task.name} must hold {task.wanted}, not nothing: use another text")
    best, _, _ = best_answers(network, data, ~stripped.doubtful)
    found = {"model": to_stripped(stripped, best), "unchanged": np.zeros_like(best)}
    if training and not task.stands_between:  # without spaces there are no words to look up
        spellings = most_frequent_spelling(training.noised() if task.adds_noise else training)
        found["most frequent"] = spellings(stripped)
    words = len(words_right(data, found["model"]))
    return Evaluation(
        f"{words:,} words with a letter, {int(stripped.doubtful.sum()):,} characters in doubt",
        titles_of(data),
        {name: figures_of_answers(data, numbers) for name, numbers in found.items()},
    )
