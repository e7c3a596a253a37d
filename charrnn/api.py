"""The Python API. Functions and methods have the names of the commands and do the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.arguments import MOST_THREADS, check_path, check_whole
from charrnn.errors import CharrnnError, ConfigError, CorpusError, VocabularyError
from charrnn.kinds.config import ModelConfig
from charrnn.kinds.contract import AnswerLists
from charrnn.kinds.header import model_of
from charrnn.layers.parameters import Parameters
from charrnn.sampling.batch import SampleBatch, Samples, seed_for
from charrnn.sampling.growth import DrawnPiece
from charrnn.sampling.labelled import LabelledBatch
from charrnn.sampling.logprobs import logprobs_of
from charrnn.sampling.prefixes import PrefixReader
from charrnn.sampling.streams import ModelSampler
from charrnn.scoring.defaults import SEPARATOR, Adaptation
from charrnn.scoring.exact_match import ExactMatch, score_exact_match
from charrnn.scoring.novelty import SHORTEST, Novelty, novelties
from charrnn.scoring.pieces import as_read, score_pieces
from charrnn.scoring.score import ScoredText, joined
from charrnn.scoring.streams import Reader
from charrnn.session import Session
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.run import find_checkpoint
from charrnn.storage.trained_on import all_rows, trained_on
from charrnn.text.documents import read_documents, to_beginning
from charrnn.text.examples import MalformedRowError
from charrnn.text.sources import ENCODING, Piece, read_pieces
from charrnn.text.surrogates import CODE_UNIT
from charrnn.text.symbols import as_symbols, to_sought, to_symbols, without_additions
from charrnn.text.vocabulary import Vocabulary
from charrnn.workers import Workers, available_threads

if TYPE_CHECKING:
    from charrnn.following import FollowedRun
    from charrnn.kinds.contract import LanguageModel, Predictor
    from charrnn.kinds.evaluation import Evaluation
    from charrnn.kinds.portable import Portable
    from charrnn.training.dynamic import Adapting


def train(*corpus: str | Path, progress: bool = False, **options: Any) -> "FollowedRun":
    """Train a model and save checkpoints; yields the events of ``charrnn.training.events``.

    Args:
        corpus: files, folders, or "-" for standard input.
        progress: whether to show a progress bar: a widget in a notebook, a line on stderr elsewhere.
        options: those of ``charrnn train``, with underscores: ``name``, ``checkpoints``, ``init_from``, ``resume``,
            ``overwrite``, ``threads``, ``save_every``, ``keep``, ``encoding``, ``as_bytes``, ``documents``,
            ``min_count``, ``plan``, ``preview``, and all fields of ``ModelConfig`` and ``TrainingSettings``:
            ``hidden_size=128, minutes=2``.

    Raises:
        CharrnnError: The text, an option, the run's folder or the checkpoint cannot be used.
    """
    from charrnn.following import FollowedRun
    from charrnn.starting import open_job  # sampling starts faster without it

    return FollowedRun(open_job(_names(corpus), **options), progress=progress)


def load(
    target: str | Path | None = None,
    *,
    checkpoints: str | Path = "checkpoints",
    threads: int | None = None,
    precision: str | None = None,
) -> "Model":
    """Load a trained model.

    Args:
        target: a checkpoint file, a run's folder or name; None takes the newest run.
        checkpoints: folder that holds the runs.
        threads: number of threads for scoring; all cores if not given.
        precision: "float32", "float64" or "bf16"; if not given, the precision of the training, with float32 in place of
            bf16 on a CPU that cannot multiply bfloat16.

    Raises:
        RunError: There is no such run.
        CheckpointError: The file is not a checkpoint of charrnn, or is damaged.
        ConfigError: The precision is unknown.
    """
    wanted = None if target is None else str(check_path("a model", target))
    path = find_checkpoint(wanted, check_path("checkpoints", checkpoints), mixed=None)
    return Model.load(path, threads=threads, precision=precision)


def novelty(
    text: str | bytes,
    *corpus: str | Path,
    encoding: str | None = None,
    documents: str = "",
    shortest: int = SHORTEST,
) -> Novelty:
    """Measure how much of a text is copied from a corpus, and find the longest copied passages.

    See ``charrnn.scoring.novelty``.

    Args:
        text: the drawn text, without its seed; bytes are compared with the corpus's bytes.
        corpus: files, folders, or "-" for standard input; of any size.
        encoding: the corpus's encoding; UTF-8 if not given.
        documents: how the corpus is split into documents, such as ``model.vocabulary.documents``. If given, ``text``
            includes its seed, and the result tells whether it is a document of the corpus.
        shortest: characters of the shortest passage that counts as copied.

    Raises:
        CorpusError: A file cannot be read or decoded.
        ConfigError: An option is out of range, or there is no corpus.
    """
    if not corpus:
        raise ConfigError("nothing to compare the text with: give a file, a folder, or - for standard input")
    unit = "byte" if isinstance(text, bytes) else "character"
    symbols = to_symbols(text, unit)
    pieces = read_documents(_names(corpus), documents, encoding=encoding or ENCODING, unit=unit)
    wanted = [symbols if documents else None]
    return novelties([symbols], (piece.text for piece in pieces), documents=wanted, shortest=shortest)[0]


def _model_of(
    kind: type["Model"],
    config: ModelConfig,
    vocabulary: Vocabulary,
    tensors: Any,
    threads: int,
    adaptation: Adaptation | None = None,
) -> "Model":
    """Build a model from the parts that ``Model.__reduce__`` returns."""
    return kind(config.kind.load(config, tensors, Workers(threads)), vocabulary, adaptation)


def _names(sources: Sequence[str | Path]) -> list[str]:
    """Convert paths to strings; the strings "" and "-" stay as they are."""
    for source in sources:
        check_path("a text's file", source)
    return [str(source) for source in sources]


def _in_its_line(error: CharrnnError, lines: Sequence[str], answer: Callable[[Sequence[str]], object]) -> CharrnnError:
    """An error of ``answer(lines)``, with the number of the line, from 1, in its message if there are several lines."""
    for number, line in enumerate(lines if len(lines) > 1 else [], 1):
        try:
            answer([line])
        except CharrnnError as own:
            return type(own)(f"line {number}: {own}")
    return error


class Model:
    """A trained model.

    Attributes:
        config: the model's shape.
        vocabulary: the model's characters.
        adaptation: how the model learns from a text that it reads, if it is to.
    """

    def __init__(self, network: "LanguageModel", vocabulary: Vocabulary, adaptation: Adaptation | None = None) -> None:
        self.config: ModelConfig = network.config
        self.vocabulary = vocabulary
        self.adaptation = adaptation or Adaptation()
        self._network = network
        self._path: Path | None = None
        """The checkpoint, if the model was loaded from one."""
        self._prefixes = PrefixReader(network)

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None, precision: str | None = None) -> "Model":
        """Load the model of a checkpoint file; see ``charrnn.load``."""
        threads = available_threads() if threads is None else check_whole("threads", threads, 1, MOST_THREADS)
        checkpoint = load_checkpoint(check_path("a checkpoint", path))
        config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
        config = replace(config, precision=precision) if precision else config.trainable()
        model = cls(config.kind.load(config, checkpoint.tensors, Workers(threads)), vocabulary)
        model.adaptation = Adaptation.of(checkpoint.header)
        model._path = Path(path)
        return model

    def __repr__(self) -> str:
        """Describe the model in one line: its kind and size, and its vocabulary."""
        return f"<{type(self).__name__}: {self.config.title}, vocabulary of {len(self.vocabulary):,}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Return a function and its arguments, from which pickle rebuilds the model."""
        network = self._network
        own = (self.config, self.vocabulary, network.to_tensors(), network.workers.threads, self.adaptation)
        return _model_of, (type(self), *own)

    @property
    def parameters(self) -> Parameters:
        """The model's tensors.

        Raises:
            ConfigError: The model has counts and no tensors, as an n-gram model.
        """
        parameters: Parameters | None = getattr(self._network, "parameters", None)
        if parameters is None:
            model, learned = self.config.model, self.config.kind.learned
            raise ConfigError(f"a model {model} has {learned} and no parameters: choose another model")
        return parameters

    def symbols(self, text: str | bytes) -> str:
        """Convert a text to the model's symbols; a model of bytes has one for each byte, ``chr(byte)``."""
        return as_symbols(text, self.vocabulary)

    def stream(
        self, seed: str | bytes = "", *, rng_seed: int | None = None, unknown: str = "error", **settings: Any
    ) -> Iterator[str]:
        """Draw characters that continue ``seed``, as they come.

        Args:
            seed: the prefix. Without one, the model reads a newline (or its first character) before it draws. A model
                of documents draws one document that begins with the seed; a newline or separator that ends the seed is
                dropped.
            rng_seed: seed of the random generator; random if not given.
            unknown: what to do about characters of the seed that the model does not know: "error", "skip", or
                "replace" by the closest known one.
            settings: the fields of ``SamplingSettings``: ``length``, ``temperature``, ``top_k``, ``top_p``, ``min_p``,
                ``stop``.

        Raises:
            VocabularyError: The seed holds a character that the model does not know.
            ConfigError: A setting is out of range.
        """
        session = self.session(rng_seed=rng_seed)
        session.read(seed, unknown=unknown)
        return session.stream(**settings)

    def sample(
        self, seed: str | bytes = "", *, rng_seed: int | None = None, unknown: str = "error", **settings: Any
    ) -> str:
        """Draw characters and return ``seed`` with them; see ``stream``.

        The bytes of a model of bytes are decoded as UTF-8, with the replacement character for invalid ones.
        """
        (sample,) = self.batch(seed, rng_seed=rng_seed, unknown=unknown).samples(**settings)
        return sample.text

    def samples(
        self,
        seed: str | bytes = "",
        *,
        num_samples: int = 1,
        rng_seed: int | None = None,
        unknown: str = "error",
        **settings: Any,
    ) -> Samples:
        """Draw several texts as one batch; each equals the text drawn alone with its ``rng_seed``. See ``stream``."""
        batch = self.batch(seed, num_samples=num_samples, rng_seed=rng_seed, unknown=unknown)
        return Samples(batch.samples(**settings))

    def batch(
        self,
        seed: str | bytes = "",
        *,
        num_samples: int = 1,
        rng_seed: int | None = None,
        unknown: str = "error",
    ) -> SampleBatch:
        """Prepare several texts that begin with ``seed``; see ``samples``.

        A model that is conditioned on labels also draws each text's label, unless ``given`` has fixed it.
        """
        prefix, drawn_by = to_beginning(seed, self.vocabulary, unknown), seed_for(rng_seed)
        kind = self.config.kind
        if not kind.labelled:
            return SampleBatch(self._sampler, self.vocabulary, prefix, drawn_by, num_samples, self._prefixes)
        label_for = partial(kind.label_for, self._network)
        return LabelledBatch(label_for, self._sampler_of, self.vocabulary, prefix, drawn_by, num_samples)

    def remember(self, most_bytes: int) -> None:
        """Keep the states of texts that ``batch`` reads.

        A later text that begins like one of them is read only from where they differ, which is faster. What is drawn
        stays the same. Of a model that draws labels, nothing is kept.

        Args:
            most_bytes: most memory to take; the texts that were not used for the longest time are forgotten.
        """
        self._prefixes = PrefixReader(self._network, check_whole("most_bytes", most_bytes, 0))

    def session(self, *, rng_seed: int | None = None) -> Session:
        """Begin a text that can be read, drawn and saved in turns."""
        return Session(self._sampler, self.vocabulary, seed_for(rng_seed))

    @cached_property
    def _sampler(self) -> ModelSampler:
        sampler: ModelSampler = self.config.kind.sampler(self._network)
        return sampler

    def given(self, label: str) -> "Model":
        """Return the model for one label, which draws and scores that label's texts like any language model.

        Raises:
            ConfigError: the model is not conditioned on labels, or has not learned this one.
        """
        return type(self)(self.config.kind.given(self._network, label), self.vocabulary)

    def portable(self) -> "Portable":
        """Describe the model to the engine in JavaScript of ``charrnn.pages``.

        Raises:
            ConfigError: models of this kind do not run there.
        """
        return self.config.kind.portable(self._network)

    def _sampler_of(self, label: str) -> ModelSampler:
        return self.given(label)._sampler

    def predict(self, lines: Sequence[str], *, unknown: str = "error") -> list[str]:
        """Return the most probable answer to each line; see ``answers``."""
        return [best.text for (best, *_) in self.answers(lines, unknown=unknown)]

    def answers(
        self,
        lines: Sequence[str],
        *,
        top: int = 1,
        unknown: str = "error",
        beam: int | None = None,
        known: Any = None,
    ) -> AnswerLists:
        """Return the most probable answers to each line and their probabilities, in falling order.

        Args:
            lines: the lines, without line ends.
            top: number of answers to return for each line.
            unknown: what to do about characters that the model has never seen: "error", "skip", or "replace" by the
                closest one it knows.
            beam: number of hypotheses that beam search keeps, for models that search for answers.
            known: the rows whose answers come first, for models that learn pairs; True for those of the model's run.

        Raises:
            VocabularyError: a line holds a character that the model has never seen.
            ConfigError: the model writes text and does not answer, or has no ``beam`` or ``known``.
        """
        if isinstance(lines, str | bytes):
            raise ConfigError(f"lines must be a list of texts, not {lines!r:.40}: put it into a list")
        given = known if not isinstance(known, bool) else self._known_rows if known else None
        how: dict[str, Any] = {name: each for name, each in (("beam", beam), ("known", given)) if each is not None}
        predictor = self._predictor
        if others := [name for name in how if name not in self.config.kind.asked]:
            raise ConfigError(f"a model for task {self.config.task} has no {others[0]}: leave it out")
        if beam is not None:
            check_whole("beam", beam, 1)
        how |= {"top": check_whole("top", top, 1), "unknown": unknown}
        try:
            return AnswerLists(lines, predictor.predict(lines, **how))
        except (CorpusError, VocabularyError) as error:
            raise _in_its_line(error, lines, partial(predictor.predict, **how)) from None

    @cached_property
    def _known_rows(self) -> Any:
        """The rows of the model's run, those to validate with included."""
        rows = all_rows(self._path) if self._path else None
        if rows is None:
            raise ConfigError("known needs the text that the model's run has learned, which is gone: leave it out")
        return rows

    def _trained_on(self, training: Any) -> Any:
        """Return ``training``, or if it is None that of the model's run; None if that is gone."""
        return trained_on(self._path) if training is None and self._path else training

    @cached_property
    def _predictor(self) -> "Predictor":
        return self.config.kind.predictor(self._network, self.vocabulary)

    def forecast(self, horizon: int = 1, text: str | None = None, *, training: Any = None) -> list[float]:
        """Forecast the numbers that continue a series; see ``charrnn.kinds.kind.Kind.forecast``.

        Args:
            horizon: number of values to forecast.
            text: a table of the series, or of the rows after ``training``; None to continue from the end of
                ``training``.
            training: the data that the model was trained on; those of its run if not given.

        Raises:
            ConfigError: the model does not forecast, or numbers that it needs are missing.
            CorpusError: the table is malformed.
        """
        horizon = check_whole("horizon", horizon, 1)
        return self.config.kind.forecast(self._network, horizon, text, self._trained_on(training))

    def evaluate(self, *sources: str | Path, encoding: str | None = None, training: Any = None) -> "Evaluation":
        """Evaluate the model's predictions, and for comparison those of simple baselines.

        Args:
            sources: files, folders, or "-" for standard input, in the form that the model was trained on.
            encoding: the text's encoding; UTF-8 if not given.
            training: the data that the model was trained on, to which the baselines are fitted; those of its run if
                not given.

        Raises:
            CorpusError: a file cannot be read or decoded, or holds no such data.
            ConfigError: the model writes text and does not answer.
        """
        names, kind = _names(sources), self.config.kind
        pieces = read_documents(
            names,
            kind.reading,
            encoding=encoding or ENCODING,
            unit=self.vocabulary.unit,
            label_column=kind.label_column(self.config.to_dict()),
        )
        text = "".join(piece.text for piece in pieces)
        try:
            return kind.evaluate(self._network, self.vocabulary, text, self._trained_on(training))
        except MalformedRowError as error:
            raise error.located(names, encoding or ENCODING) from None

    def score(
        self,
        text: str | bytes,
        *,
        one_pass: bool = False,
        unknown: str = "error",
        dynamic: bool = False,
        dynamic_rate: float | None = None,
    ) -> ScoredText:
        """Measure how well the model predicts a text of at least two characters, in all and by character.

        For a model of documents, the result's text holds END at the end of each document.

        Args:
            text: the text.
            one_pass: read a long text in one pass too, which is slower; see ``charrnn.scoring``.
            unknown: what to do about characters that the model does not know: "error", "skip", or "replace" by the
                closest known ones. Skipped and replaced characters are not counted.
            dynamic: train a copy of the model on the text while it is read; see ``charrnn.training.dynamic``.
            dynamic_rate: the learning rate of ``dynamic``; that of ``adaptation`` if not given.

        Raises:
            VocabularyError: The text holds a character that the model does not know.
            CorpusError: The text is too short.
            ConfigError: An option is out of range.
        """
        piece = Piece("", 0, self.symbols(text))
        reader = self._reader(one_pass, dynamic, dynamic_rate)
        return joined(list(score_pieces(reader, self.vocabulary, [piece], unknown=unknown)))

    def logprobs(self, text: str | bytes, *, top: int = 0, unknown: str = "error") -> DrawnPiece:
        """Predict each character of a text from those before it; see ``charrnn.sampling.logprobs``.

        Args:
            text: the text, of at least one character.
            top: how many of the most probable characters to report in the place of each.
            unknown: what to do about characters that the model does not know: "error", "skip", or "replace" by the
                closest known ones.

        Raises:
            VocabularyError: The text holds a character that the model does not know.
            CorpusError: The text is empty.
            ConfigError: The model does not predict characters.
        """
        symbols = to_beginning(text, self.vocabulary, unknown)
        if not symbols:
            raise CorpusError("a text must have at least one character to be predicted, not none: give a longer one")
        most = min(check_whole("top", top, 0), len(self.vocabulary))
        return logprobs_of(self._sampler.network, self.vocabulary, symbols, most)

    def score_files(
        self,
        *sources: str | Path,
        encoding: str | None = None,
        one_pass: bool = False,
        unknown: str = "error",
        dynamic: bool = False,
        dynamic_rate: float | None = None,
    ) -> Iterator[ScoredText]:
        """Score files as one text; yields pieces, whose scores can be added, so that memory does not grow with it.

        Args:
            sources: files, folders, or "-" for standard input.
            encoding: the text's encoding; UTF-8 if not given.
            one_pass: see ``score``.
            unknown: see ``score``.
            dynamic: see ``score``.
            dynamic_rate: see ``score``.

        Raises:
            CorpusError: A file cannot be read or decoded, or there are fewer than two characters in all.
            VocabularyError: The text holds a character that the model does not know.
            ConfigError: An option is out of range.
        """
        reader = self._reader(one_pass, dynamic, dynamic_rate)
        return score_pieces(reader, self.vocabulary, self._pieces(sources, encoding), unknown=unknown)

    def score_exact_match(
        self, *sources: str | Path, encoding: str | None = None, separator: str = SEPARATOR
    ) -> ExactMatch:
        """Count the lines whose answer the model predicts exactly; see ``charrnn.scoring.exact_match``.

        Args:
            sources: files, folders, or "-" for standard input; each line is a question, its separator and its answer.
            encoding: the text's encoding; UTF-8 if not given.
            separator: the text between a question and its answer.

        Raises:
            CorpusError: A file cannot be read or decoded, a line lacks the separator, or there is no line.
            VocabularyError: The text holds a character that the model does not know.
        """
        separator = to_sought("a separator", separator, self.vocabulary.unit)
        return score_exact_match(self._network, self.vocabulary, self._pieces(sources, encoding), separator=separator)

    def score_answers(self, *sources: str | Path, encoding: str | None = None, mark: str = SEPARATOR) -> ExactMatch:
        """Former name of ``score_exact_match``."""
        return self.score_exact_match(*sources, encoding=encoding, separator=mark)

    def _pieces(self, sources: Sequence[str | Path], encoding: str | None) -> Iterator[Piece]:
        unit = self.vocabulary.unit
        pieces = read_pieces(_names(sources), encoding=encoding or ENCODING, as_bytes=unit == "byte")
        if unit == CODE_UNIT:
            pieces = (replace(piece, text=to_symbols(piece.text, unit)) for piece in pieces)
        return without_additions(pieces, self.vocabulary)

    def _reader(self, one_pass: bool, dynamic: bool, dynamic_rate: float | None) -> Reader:
        if not dynamic and dynamic_rate is not None:
            raise ConfigError("dynamic_rate requires dynamic=True: give both, or leave it out")
        if not dynamic:
            reader: Reader = self.config.kind.reader(self._network, one_pass=one_pass)
            return reader
        from charrnn.training.dynamic import DynamicReader

        return DynamicReader(self._adapting(dynamic_rate))

    def _adapting(self, rate: float | None) -> "Adapting":
        adapting: Adapting = self.config.kind.adapting(
            self._network, self.adaptation if rate is None else self.adaptation._replace(rate=rate)
        )
        return adapting

    def adapted(
        self, *sources: str | Path, encoding: str | None = None, unknown: str = "error", rate: float | None = None
    ) -> "Model":
        """Return a copy that has learned from a text while it read it once; see ``charrnn.training.dynamic``.

        Args:
            sources: files, folders, or "-" for standard input.
            encoding: the text's encoding; UTF-8 if not given.
            unknown: what to do about characters that the model does not know: "error", "skip", or "replace".
            rate: the learning rate; that of ``adaptation`` if not given.

        Raises:
            CorpusError: A file cannot be read or decoded.
            VocabularyError: The text holds a character that the model does not know.
            ConfigError: The model cannot adapt, or an option is out of range.
            TrainingError: The model diverged.
        """
        from charrnn.training.dynamic import DynamicReader

        adapting = self._adapting(rate)
        reader = DynamicReader(adapting)
        for block in as_read(self.vocabulary, self._pieces(sources, encoding), unknown):
            reader.read(block.ids)
        adapting.settle()
        return type(self)(adapting.network, self.vocabulary, self.adaptation)
