"""A text that goes on: read, draw, save, and continue later as if never stopped."""

import errno
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.arguments import check_path, check_whole
from charrnn.errors import CheckpointError, RunError
from charrnn.kernels.draw import generator
from charrnn.kinds.contract import LanguageModel
from charrnn.sampling.batch import settings_for, with_start
from charrnn.sampling.growth import Step, grow
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import ModelSampler, Snapshot, Streams
from charrnn.storage.atomic import reason
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from charrnn.text.documents import to_beginning
from charrnn.text.vocabulary import Vocabulary

STATE_KIND = "sampling state"

FINGERPRINT_DEFAULTS: dict[str, Any] = {
    "vocab_size": 0,
    "model": "rnn",
    "cell": "lstm",
    "hidden_size": 512,
    "num_layers": 1,
    "embedding_size": -1,
    "tie_embedding": False,
    "dropout": 0.0,
    "recurrent_init": "uniform",
    "skip_connections": False,
    "learn_initial_state": False,
    "context_size": 10,
    "order": 8,
    "smoothing": "kneser-ney",
    "precision": "float32",
    "end_symbol": False,
}
"""What fingerprints begin with, in this order, whatever options there are: saved states name models by them."""

MOVED = ("dropout", "recurrent_init")
"""Some states were saved with these just before "precision"."""


class Session:
    """One text and the model's state after it.

    Whatever ends a stream of characters, the session has read exactly what the stream gave, and after a stop text that
    text too; the next stream goes on from there.
    """

    def __init__(self, sampler: ModelSampler, vocabulary: Vocabulary, rng_seed: int) -> None:
        self._sampler, self._vocabulary = sampler, vocabulary
        self._generators = generator(rng_seed)[np.newaxis]
        self._streams: Streams | None = None
        self._open: Given | None = None
        """Of the last stream."""

    def reseed(self, rng_seed: int) -> None:
        """Draw what follows with another random generator.

        Raises:
            ConfigError: the seed is not a whole number.
        """
        generators = generator(check_whole("rng_seed", rng_seed))[np.newaxis]
        self._settle()
        self._generators = generators
        if self._streams:
            self._streams.now = self._streams.now._replace(generators=self._generators)

    def read(self, text: str | bytes, *, unknown: str = "error") -> str:
        """Read a text; returns its symbols as they were read. Interrupted, it has read nothing.

        Args:
            text: may be empty; of a model of documents, what ends one is dropped at the text's end.
            unknown: what to do about characters that the model has never seen: "error", "skip" or "replace".

        Raises:
            VocabularyError: there are such, and ``unknown`` is "error".
        """
        symbols = to_beginning(text, self._vocabulary, unknown)
        self._settle()
        if symbols and self._streams:
            self._streams.read(self._vocabulary.encode(symbols))
        elif symbols:
            self._streams = self._beginning(symbols)
        return symbols

    def stream(self, **settings: Any) -> Iterator[str]:
        """Draw characters; the options are the fields of ``SamplingSettings``.

        The stream ends when the session goes on otherwise: when it reads, is saved, or another stream begins.
        """
        return self._characters(settings_for(self._vocabulary.unit, settings))

    def _characters(self, settings: SamplingSettings) -> Iterator[str]:
        with self._given(settings) as given:
            for step in given.counted(grow(given.streams, self._vocabulary, settings)):
                for symbol in step.piece.symbols:
                    given.characters += 1
                    yield symbol
                    if given.ended:
                        return
                given.offered += step.stop_length
                given.take()

    def steps(
        self,
        settings: SamplingSettings,
        *,
        portion: int,
        top: int = 0,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> Iterator[Step]:
        """As ``charrnn.sampling.growth.grow``, of this text, for a reader who may not take all.

        Args:
            settings: how to draw.
            portion: characters of a step, at most. The session has read a step when it is told to ``take`` it, or the
                next one is asked for; with 0, it has read all steps after the last one, or none.
            top: see there.
            interrupted: see there.
        """
        with self._given(settings) as given:
            steps = grow(given.streams, self._vocabulary, settings, top=top, interrupted=interrupted)
            for step in given.counted(steps):
                for part in step.parts(portion):
                    given.offered += len(part.piece.symbols) + part.stop_length
                    yield part
                    if given.ended:
                        return
                    if portion or part.stop_reason:
                        given.take()

    def take(self) -> None:
        """Read what the open stream has offered."""
        if self._open:
            self._open.take()

    @contextmanager
    def _given(self, settings: SamplingSettings) -> Iterator["Given"]:
        """Count what the body gives; at its end the streams have drawn that and no more."""
        self._settle()
        given = self._open = Given(self._streams or self._beginning(""), settings)
        try:
            yield given
        finally:
            if self._open is given:
                self._settle()

    def _settle(self) -> None:
        """End the stream that is still open, and go on from there if it has given anything."""
        if self._open:
            self._open.end()
            if self._open.streams.now is not self._open.start:
                self._streams = self._open.streams
        self._open = None

    def save(self, path: str | Path) -> None:
        """Write the state to a file, or to the one that a link names; its folder is made if need be.

        Raises:
            RunError: the file cannot be written.
            ConfigError: what is given is no path.
        """
        target = state_path(path)
        self._settle()
        tensors = self._snapshot_tensors((self._streams or self._beginning("")).now)
        header = {
            "kind": STATE_KIND,
            "model": fingerprints(self._sampler.network, self._vocabulary)[0],
            "begun": self._streams is not None,
        }
        try:
            save_checkpoint(target, Checkpoint(tensors, header))
        except RunError as error:
            raise unwritable_state(path, error.__cause__ or error) from error

    def restore(self, path: str | Path) -> None:
        """Go on where a saved state is.

        Raises:
            CheckpointError: the file is no such state, or that of another model.
            ConfigError: what is given is no path.
        """
        try:
            checkpoint = load_checkpoint(check_path("a state", path))
        except CheckpointError as error:
            why, _, _ = str(error).rpartition("; ")  # its advice is for models
            raise CheckpointError(f"no state to go on from: {why}; choose another file") from error
        if checkpoint.header.get("kind") != STATE_KIND:
            raise CheckpointError(f"{path} is not a saved state but a model: choose another file for the state")
        if checkpoint.header.get("model") not in fingerprints(self._sampler.network, self._vocabulary):
            raise CheckpointError(
                f"the state in {path} belongs to another model, or to this one in another precision or before it was "
                "trained further: sample from its own model, or choose another file for the state"
            )
        wanted = self._snapshot_tensors(Streams.beginning(self._sampler, np.zeros(1, np.int32), self._generators).now)
        tensors = checkpoint.tensors
        for name, array in wanted.items():
            if name not in tensors or (tensors[name].shape, tensors[name].dtype) != (array.shape, array.dtype):
                raise CheckpointError(f"the state in {path} has no {name} that fits: choose another file")
        if not 0 <= tensors["last"][0] < len(self._vocabulary):
            raise CheckpointError(f"the state in {path} ends with an invalid character: choose another file")
        network = self._sampler.network
        names, layers = network.state_names, range(len(network.initial_state(1)))
        state = [tuple(tensors[f"state_l{layer}.{name}"] for name in names) for layer in layers]
        network.check_state(state)
        self._settle()
        self._generators = tensors["generator"]
        self._streams = None
        if checkpoint.header.get("begun", True):
            self._streams = self._sampler.streams(Snapshot(state, tensors["last"], self._generators))

    def _snapshot_tensors(self, now: Snapshot) -> dict[str, Any]:
        tensors: dict[str, Any] = {"last": now.last, "generator": now.generators}
        names = self._sampler.network.state_names
        for layer, arrays in enumerate(now.state):
            tensors |= {f"state_l{layer}.{name}": a for name, a in zip(names, arrays, strict=True)}
        return tensors

    def _beginning(self, symbols: str) -> Streams:
        text = self._vocabulary.encode(with_start(symbols, self._vocabulary))
        return Streams.beginning(self._sampler, text, self._generators)


def state_path(path: str | Path) -> Path:
    """The file that a state's path names, perhaps by a link; its folder is made.

    Raises:
        RunError: a file cannot be written there.
        ConfigError: what is given is no path.
    """
    path = check_path("a state", path)
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise OSError(errno.EINVAL, "it is no file")
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, RuntimeError) as error:  # links that go in a circle are a RuntimeError before Python 3.13
        raise unwritable_state(path, error) from error
    return target


def unwritable_state(path: str | Path, error: BaseException) -> RunError:
    """The error of a state that cannot be written."""
    return RunError(f"cannot write the state {path}: {reason(error)}; choose another file")


class Given:
    """What a stream has given since the last moment at which that was all it had drawn.

    Attributes:
        streams: at work.
        start: where they began.
        ended: whether the stream must not give any more.
        characters: given.
        offered: of which it is not known yet whether they are given.
    """

    def __init__(self, streams: Streams, settings: SamplingSettings) -> None:
        self.streams, self._settings = streams, settings
        self.start = self._mark = self._counted = streams.now
        self.ended = self._settled = False
        self._drawn = self.characters = self.offered = 0

    def counted(self, steps: Iterator[Step]) -> Iterator[Step]:
        """Count what is drawn."""
        for step in steps:
            self._drawn += step.drawn
            self._counted = self.streams.now
            yield step

    def take(self) -> None:
        """What was offered is given; if that is all that was drawn, begin anew."""
        self.characters += self.offered
        self.offered = 0
        if self._drawn == self.characters:
            self._mark, self._drawn, self.characters = self._counted, 0, 0

    def end(self) -> None:
        """Go back to the mark and draw what was given, and no more; interrupted, it can be called again."""
        self.ended = True
        # When Python exits, an open stream is closed after compiled code is gone.
        if self._settled or sys.is_finalizing():
            return
        if self._drawn != self.characters or self.streams.now is not self._counted:
            self.streams.now, self._drawn = self._mark, -1
            if self.characters:
                self.streams.draw(self.characters, self._settings.rules)
        self._settled = True


def fingerprints(network: LanguageModel, vocabulary: Vocabulary) -> tuple[str, str]:
    """Name a model by its shape, its characters and all its numbers: as it is written, and as some states have it."""
    fields = {**FINGERPRINT_DEFAULTS, **network.config.to_dict()}
    others = [name for name in fields if name not in MOVED]
    at = others.index("precision")
    digests = []
    for names in (list(fields), [*others[:at], *MOVED, *others[at:]]):
        config = ", ".join(f"{name}={fields[name]!r}" for name in names)
        digests.append(hashlib.blake2b(f"(ModelConfig({config}), {vocabulary!r})".encode(), digest_size=16))
    for name, tensor in sorted(network.to_tensors().items()):
        for digest in digests:
            digest.update(name.encode() + tensor.tobytes())
    return digests[0].hexdigest(), digests[1].hexdigest()
