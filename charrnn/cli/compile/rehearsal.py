"""A process that compiles for another one: it rehearses an example of the work, and compiles what that needs.

``python -m charrnn.cli.compile.rehearsal`` reads the example from a line of its standard input, and ends when that
ends.
"""

import json
import os
import sys
import threading
from contextlib import suppress
from typing import Any

MOST_SECONDS = 30.0
"""Longest rehearsal: what needs the numbers of kernels that did not run might not end."""


def rehearse_and_compile() -> None:
    """Rehearse, and compile."""
    example = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit = threading.Timer(MOST_SECONDS, os._exit, [1])
    limit.daemon = True
    limit.start()
    with suppress(Exception):  # the numbers of kernels that did not run may make no sense; what came before counts
        rehearse(**example)
    limit.cancel()
    from charrnn.kernels.side_by_side import compile_needed

    compile_needed()
    os._exit(0)


def _end_with_parent() -> None:
    while os.read(0, 1 << 10):
        pass
    os._exit(0)


def rehearse(
    checkpoint: str = "", precision: str | None = None, header: dict[str, Any] | None = None, corpus: str = ""
) -> None:
    """Use the model of a checkpoint, or train one.

    Args:
        checkpoint: the checkpoint's file, to sample or predict with its model.
        precision: the precision to do that in.
        header: a checkpoint's header with the config, vocabulary and settings of a run, to train.
        corpus: the file with the run's text.
    """
    if header:
        _train(header, corpus)
        return
    from charrnn.api import Model

    model = Model.load(checkpoint, threads=1, precision=precision)
    if model.config.kind.answers:
        model.answers(["a"])
    else:
        model.sample(length=2)


def _train(header: dict[str, Any], corpus: str) -> None:
    from pathlib import Path

    from charrnn.kinds.header import config_of
    from charrnn.storage.corpus import stored_corpus
    from charrnn.training.settings import settings_of
    from charrnn.training.speed import training_speed

    config, settings = config_of(header), settings_of(header["settings"])
    text = stored_corpus(Path(corpus))
    train, _ = config.kind.data(text, config.to_dict()).split(settings.val_fraction)
    training_speed(config, config.kind.fit(settings, train)[0], text.vocabulary, train, threads=1, seconds=0)


if __name__ == "__main__":
    rehearse_and_compile()
