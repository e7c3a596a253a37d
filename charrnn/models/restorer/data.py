"""The lines of a plain text as training data for a task of restoring."""

from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.errors import CorpusError
from charrnn.models.restorer.stripped import Answers, RestoredRows, Stripped
from charrnn.models.restorer.task import Task
from charrnn.text.corpus import Corpus
from charrnn.text.examples import classes_in


class PlainText:
    """The stripped lines of a corpus, without what is to be restored; a ``charrnn.kinds.contract.Data``.

    Args:
        corpus: any text.
        task: what is to be restored.
        known: classes of the model to be trained, if it has learned before.

    Raises:
        CorpusError: the text has nothing to restore.
    """

    def __init__(self, corpus: Corpus, task: Task, known: Sequence[str] = ()) -> None:
        vocabulary = corpus.vocabulary
        lines = vocabulary.decode(corpus.ids[:]).split("\n")
        found = task.answers(lines, vocabulary.characters) - {""}
        classes = ("", *classes_in(found, [each for each in known if each]))
        self._answers = Answers(task, vocabulary, classes)
        if self._answers.nothing_to_learn:
            raise CorpusError(f"the text for task {task.name} must hold {task.wanted}, not none: use another text")
        text = Stripped.of(lines, self._answers)
        rows = tuple(text.rows(task))
        self._all = RestoredRows(text, rows, self._answers)

    def fields(self) -> dict[str, Any]:
        """Fields of the config: the size of the vocabulary, and the classes; see ``Data``."""
        return {"vocab_size": len(self._answers.vocabulary), "classes": self._answers.classes}

    def split(self, val_fraction: float) -> tuple[RestoredRows, RestoredRows]:
        """Take the last rows for validation, with the same errors each time if the task adds noise; see ``Data``."""
        count = len(self._all.rows)
        held_out = min(count - 1, max(1, round(count * val_fraction))) if val_fraction else 0
        train, validation = self._all.part(0, count - held_out), self._all.part(count - held_out, count)
        return train, validation.noised() if held_out and self._answers.task.adds_noise else validation

    def notes(self, train: RestoredRows, validation: RestoredRows, val_fraction: float) -> Iterator[str]:
        """Count the lines of each part and the classes; see ``Data``."""
        counts = f"{len(train.rows):,} lines to train on, {len(validation.rows):,} to validate with"
        yield f"{counts}; {len(self._answers.classes)} answers at a character"
        if val_fraction and not validation.rows:
            yield "the text is one line: there is no other to validate with"
