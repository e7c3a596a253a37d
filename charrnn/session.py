"""A text that can be read, drawn and saved in turns, and continued later as if it had never stopped."""

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
"""The first options in a fingerprint, in an order that must not change: saved states hold their models' fingerprints.

Of the other options, a fingerprint includes only those that differ from their defaults. So a new option leaves saved
states valid.
"""

MOVED = ("dropout", "recurrent_init")
"""Options that fingerprints in some older states include just before "precision"."""


class Session:
    """One text and the model's state after it.

    However a stream of characters ends, the session has then read exactly the characters that the stream yielded, and
    the stop text if one ended it. The next stream continues from there.
    """

    def __init__(self, sampler: ModelSampler, vocabulary: Vocabulary, rng_seed: int) -> None:
        self._sampler, self._vocabulary = sampler, vocabulary
        self._generators = generator(rng_seed)[np.newaxis]
        self._streams: Streams | None = None
        self._open: Given | None = None
        """The count of the characters that the open stream has yielded."""

    def reseed(self, rng_seed: int) -> None:
        """Seed the random generator for the text that follows.

        Raises:
            ConfigError: The seed is not a whole number.
        """
        generators = generator(check_whole("rng_seed", rng_seed))[np.newaxis]
        self._settle()
        self._generators = generators
        if self._streams:
            self._streams.now = self._streams.now._replace(generators=self._generators)

    def read(self, text: str | bytes, *, unknown: str = "error") -> str:
        """Read a text and return its symbols; if interrupted, nothing is read.

        Args:
            text: the text, perhaps empty; for a model of documents, a separator at the text's end is dropped.
            unknown: what to do about characters that the model does not know: "error", "skip" or "replace".

        Raises:
            VocabularyError: The text holds unknown characters, and ``unknown`` is "error".
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

        The stream ends when the session reads a text, is saved, or begins another stream.
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
        """Draw in steps, as ``charrnn.sampling.growth.grow`` does, for a consumer that may stop before the end.

        Args:
            settings: how to draw.
            portion: most characters of a step. The session reads a step at ``take`` or when the next one is requested.
                With 0, it reads all steps after the last one, or none.
            top: see ``grow``.
            interrupted: see ``grow``.
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
        """Read the last step of the open stream."""
        if self._open:
            self._open.take()

    @contextmanager
    def _given(self, settings: SamplingSettings) -> Iterator["Given"]:
        """Count the characters yielded in the ``with`` block; after it, the streams have read these and no more."""
        self._settle()
        given = self._open = Given(self._streams or self._beginning(""), settings)
        try:
            yield given
        finally:
            if self._open is given:
                self._settle()

    def _settle(self) -> None:
        """End the open stream and continue from the characters that it has yielded."""
        if self._open:
            self._open.end()
            if self._open.streams.now is not self._open.start:
                self._streams = self._open.streams
        self._open = None

    def save(self, path: str | Path) -> None:
        """Write the state to a file, or to the target of a link; create its folder if needed.

        Raises:
            RunError: The file cannot be written.
            ConfigError: ``path`` is not a path.
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
        """Continue from a saved state.

        Raises:
            CheckpointError: The file is not a saved state, or is that of another model.
            ConfigError: ``path`` is not a path.
        """
        try:
            checkpoint = load_checkpoint(check_path("a state", path))
        except CheckpointError as error:
            why, _, _ = str(error).rpartition("; ")  # without the advice, which is meant for models
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
    """Resolve a state's path, which may be a link, and create the file's folder.

    Raises:
        RunError: A file cannot be written there.
        ConfigError: ``path`` is not a path.
    """
    path = check_path("a state", path)
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise OSError(errno.EINVAL, "it is no file")
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, RuntimeError) as error:  # circular links raise RuntimeError before Python 3.13
        raise unwritable_state(path, error) from error
    return target


def unwritable_state(path: str | Path, error: BaseException) -> RunError:
    """Build the error for a state that cannot be written."""
    return RunError(f"cannot write the state {path}: {reason(error)}; choose another file")


class Given:
    """A count of the characters that a stream yields, so that the session can go back to the last one that was taken.

    Attributes:
        streams: the streams that draw.
        start: their state before the first of the characters.
        ended: whether the stream must not yield any more.
        characters: number of characters that were yielded and taken.
        offered: number of characters that were yielded but may not have been taken.
    """

    def __init__(self, streams: Streams, settings: SamplingSettings) -> None:
        self.streams, self._settings = streams, settings
        self.start = self._mark = self._counted = streams.now
        self.ended = self._settled = False
        self._drawn = self.characters = self.offered = 0

    def counted(self, steps: Iterator[Step]) -> Iterator[Step]:
        """Pass on the steps and count their characters."""
        for step in steps:
            self._drawn += step.drawn
            self._counted = self.streams.now
            yield step

    def take(self) -> None:
        """Count the offered characters as taken; if that is all that was drawn, ``end`` need not go back further."""
        self.characters += self.offered
        self.offered = 0
        if self._drawn == self.characters:
            self._mark, self._drawn, self.characters = self._counted, 0, 0

    def end(self) -> None:
        """Set the streams to just after the last taken character; if interrupted, this can be called again.

        If more was drawn, the streams go back and draw the taken characters again.
        """
        self.ended = True
        # When Python exits, it closes an open stream after it has unloaded compiled code.
        if self._settled or sys.is_finalizing():
            return
        if self._drawn != self.characters or self.streams.now is not self._counted:
            self.streams.now, self._drawn = self._mark, -1
            if self.characters:
                self.streams.draw(self.characters, self._settings.rules)
        self._settled = True


def fingerprints(network: LanguageModel, vocabulary: Vocabulary) -> tuple[str, str]:
    """Hash a model's config, characters and tensors: as written today, and as some older states have it."""
    defaults = {name: option.default for name, option in type(network.config).declared().items()}
    own = network.config.to_dict()
    newer = {
        name for name in own if name not in FINGERPRINT_DEFAULTS and name in defaults and own[name] == defaults[name]
    }
    fields = {**FINGERPRINT_DEFAULTS, **{name: value for name, value in own.items() if name not in newer}}
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
