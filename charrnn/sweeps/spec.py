"""Reading a sweep's TOML file, which is checked before anything is trained.

    name = "sizes"               # name of the sweep; the file's name without its suffix if not given
    corpus = "book.txt"          # a path relative to this file's folder, or a list of paths that form one text

    [fixed]                      # options of every run
    steps = 3000

    [grid]                       # every combination
    hidden-size = [128, 256]
    rng-seed = [0, 1, 2]

    [random]                     # trials drawn at random
    trials = 20
    seed = 1
    learning-rate = {min = 1e-4, max = 1e-2, log = true}
    dropout = {min = 0.0, max = 0.5}
    optimizer = ["adam", "rmsprop"]

    [optuna]                     # trials chosen by Optuna; same form as [random]
    trials = 20
    learning-rate = {min = 1e-4, max = 1e-2, log = true}

    [[run]]                      # one run, by hand
    hidden-size = 512

Each part adds runs. A run is named by the options that its own part sets, so that it keeps its name when other parts
are added.
"""

import hashlib
import itertools
import math
import os
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError
from charrnn.kinds.config import TEXT, ModelConfig, find_kind
from charrnn.options import Option
from charrnn.storage.run import PORTABLE, SWEEP_PLAN, is_plain
from charrnn.sweeps.draw import draws
from charrnn.sweeps.planned_run import ORIGIN, PlannedRun
from charrnn.sweeps.search import DEFAULT_PARTS, Search, find_part, try_out
from charrnn.sweeps.toml import Document, Place
from charrnn.sweeps.values import CORPUS, Values
from charrnn.system import fits_everywhere
from charrnn.text.corpus import keep_marks
from charrnn.training.settings import TrainingSettings

NAME, TRIAL, SEED = "name", "trial", "rng-seed"
FIXED, GRID, RANDOM, OPTUNA, RUN = PARTS = ("fixed", "grid", "random", "optuna", "run")

SWEEPS_FILES = (SWEEP_PLAN, "failures.json", "pruned.json", "study.log")
"""Names of a sweep's own files, which no run can have."""

MOST_RUNS = 100_000
"""Most runs of a sweep; planning that many takes seconds."""

MOST_ENDS = 10_000
"""Most combinations of choices and ends of ranges that are checked in advance; others may fail as trials."""

UNFIT_IN_NAME = re.compile(r"[^\w.+=,-]")
"""Characters that a run's name cannot hold."""

LONGEST_NAME, LONGEST_BYTES = 200, 246
"""Most characters and bytes of a run's name; longer names are cut, as file systems allow only 255 bytes."""


@dataclass(frozen=True)
class Spec:
    """A sweep: its name, its runs in the order of training, and a search that adds runs."""

    name: str
    runs: tuple[PlannedRun, ...]
    search: Search | None = None


def read_spec(
    path: Path, options: Mapping[str, Option], checkpoints: Path, defaults: Mapping[str, Any] | None = None
) -> Spec:
    """Read a sweep's file.

    Args:
        path: path of the file.
        options: the options that a run can have, by their long names without dashes.
        checkpoints: the folder with the runs that others can start from.
        defaults: checked values of options that the file does not set.

    Raises:
        ConfigError: Something in the file is unknown, missing or invalid; the message gives its line.
    """
    document = Document(path)
    return _Reader(document, Values(document, options, checkpoints), options, defaults or {}, checkpoints).spec()


class _Reader:
    """A reader that builds a sweep from a document."""

    def __init__(
        self,
        document: Document,
        checked: Values,
        options: Mapping[str, Option],
        defaults: Mapping[str, Any],
        checkpoints: Path,
    ) -> None:
        self._document, self._values, self._checked = document, document.values, checked
        self._options, self._defaults, self._folder = options, defaults, checkpoints
        self._texts: dict[str, tuple[str, ...]] = {}

    def spec(self) -> Spec:
        self._check_parts()
        name = self._values.get(NAME, self._document.path.stem)
        if not isinstance(name, str) or not is_plain(name):
            raise self._document.error((NAME,), f"a sweep's name must be a plain folder name, not {name!r}")
        self._folder /= name
        self._require_portable((NAME,), "a sweep's name", self._folder)
        fixed = self._values.get(FIXED, {})
        for key, value in fixed.items():
            self._checked.check((FIXED, key), key, value)
        fixed = {**self._defaults, **fixed}
        if CORPUS in self._values:
            fixed = {CORPUS: self._values[CORPUS], **fixed}
            self._checked.check((CORPUS,), CORPUS, fixed[CORPUS])
        self._check_number()
        runs: dict[Hashable, PlannedRun] = {}
        names: set[str] = set()
        for place, given, by_hand in self._points():
            options = {**fixed, **given}
            self._checked.check_together(place, options)
            run = self._planned(place, options, given, by_hand)
            trained = (run.sources, frozenset(with_seed(run.options).items()))
            if trained in runs:
                continue
            if run.name in names:
                raise self._document.error(place, f"two different runs would be called {run.name!r}: give one a name")
            runs[trained] = run
            names.add(run.name)
        search = self._search(fixed) if OPTUNA in self._values else None
        if not runs and not search:
            raise self._document.error((), "no run to train: give a [grid], [random] or [optuna] trials, or a [[run]]")
        return Spec(name, tuple(runs.values()), search)

    def _check_parts(self) -> None:
        for key, value in self._values.items():
            if key in (NAME, CORPUS):
                continue
            if key not in PARTS:
                hint = (
                    "write options of every run below [fixed]"
                    if key in self._options
                    else f"use one of {', '.join((NAME, CORPUS, *PARTS))}"
                )
                raise self._document.error((key,), f"unknown key {key!r}: {hint}")
            tables = value if key == RUN and isinstance(value, list) else [value]
            if isinstance(value, list) != (key == RUN) or not all(isinstance(table, dict) for table in tables):
                raise self._document.error(
                    (key,), f"{key} has the wrong form: write {'[[run]]' if key == RUN else f'[{key}]'}"
                )

    def _check_number(self) -> None:
        """Refuse too many runs before any is planned."""
        grid = self._values.get(GRID, {})
        for key, values in grid.items():
            self._checked.check_list((GRID, key), key, values)
        numbers = {part: self._counts(part)["trials"] for part in (RANDOM, OPTUNA) if part in self._values}
        numbers |= {GRID: math.prod(map(len, grid.values())) if grid else 0, RUN: len(self._values.get(RUN, []))}
        if (total := sum(numbers.values())) > MOST_RUNS:
            most = max(numbers, key=lambda part: numbers[part])
            advice = "leave out values, or draw some of them as [random] trials" if most == GRID else "ask for fewer"
            raise self._document.error((most,), f"a sweep must be at most {MOST_RUNS:,} runs, not {total:,}: {advice}")

    def _points(self) -> Iterator[tuple[Place, dict[str, Any], str | None]]:
        """Yield each run's place in the file, its own options, and its given name, if any."""
        if grid := self._values.get(GRID, {}):
            for point in itertools.product(*grid.values()):
                yield (GRID,), dict(zip(grid, point, strict=True)), None
        if RANDOM in self._values:
            for drawn in self._random():
                yield (RANDOM,), drawn, None
        for index, given in enumerate(self._values.get(RUN, [])):
            own = {key: value for key, value in given.items() if key != NAME}
            for key, value in own.items():
                self._checked.check((RUN, index, key), key, value)
            name = given.get(NAME, "plain")
            if not (isinstance(name, str) and is_plain(name)) or name in SWEEPS_FILES:
                raise self._document.error(
                    (RUN, index, NAME),
                    f"a run's name must be a plain folder name, and none of the sweep's own files, not {name!r}",
                )
            self._require_portable((RUN, index, NAME), "a run's name", self._folder / name)
            if not given:
                raise self._document.error((RUN, index), "a [[run]] is empty: give it an option or a name")
            yield (RUN, index), own, given.get(NAME)

    def _random(self) -> Iterator[dict[str, Any]]:
        counts = self._counts(RANDOM)
        choices = self._checked.choices(RANDOM, but=counts)
        return draws(choices, self._checked.whole(choices), **counts)

    def _counts(self, part: str) -> dict[str, Any]:
        return {"trials": self._checked.count(part, "trials"), "seed": self._checked.count(part, "seed", 0)}

    def _search(self, fixed: Mapping[str, Any]) -> Search:
        counts = self._counts(OPTUNA)
        parts: dict[str, Any] = {kind: self._part(kind) for kind in DEFAULT_PARTS}
        choices = self._checked.choices(OPTUNA, but=(*counts, *parts))
        texts = {str(value): value for value in choices.get(CORPUS, ())}  # Optuna has no choices that are lists
        if texts:
            choices[CORPUS] = list(texts)

        def plan(number: int, chosen: Mapping[str, Any]) -> PlannedRun:
            own = {**chosen, CORPUS: texts[chosen[CORPUS]]} if CORPUS in chosen else chosen
            return self._planned((OPTUNA,), {**fixed, **own}, own, trial=number)

        self._require_text((OPTUNA,), {**fixed, **choices})
        ends = [choice if isinstance(choice, list) else (choice["min"], choice["max"]) for choice in choices.values()]
        for point in itertools.islice(itertools.product(*ends), MOST_ENDS):
            self._checked.check_together((OPTUNA,), {**fixed, **dict(zip(choices, point, strict=True))})
        first = {key: end[0] for key, end in zip(choices, ends, strict=True)}
        given = {"task": TEXT, "model": ModelConfig.model, **fixed, **choices}
        named = ([each] if isinstance(each, str) else each for each in (given["task"], given["model"]))
        kinds = itertools.product(*named)
        if len({find_kind(model, task).metrics[0] for task, model in kinds}) > 1:
            raise self._document.error((OPTUNA, "model"), "model must be kinds of one metric: make a sweep of each")
        whole, metric = self._checked.whole(choices), plan(0, first).metric
        search = Search(**counts, **parts, choices=choices, whole=whole, metric=metric, plan=plan)
        for kind in parts:
            with self._told_of(kind):
                try_out(kind, search)
        return search

    def _part(self, kind: str) -> Any:
        with self._told_of(kind):
            return find_part(kind, self._values[OPTUNA].get(kind, DEFAULT_PARTS[kind]))

    @contextmanager
    def _told_of(self, kind: str) -> Iterator[None]:
        """Add the line to an error about the sampler or the pruner."""
        try:
            yield
        except ConfigError as error:
            place = (OPTUNA, kind) if kind in self._values[OPTUNA] else (OPTUNA,)
            raise self._document.error(place, str(error)) from None

    def _planned(
        self,
        place: Place,
        given: Mapping[str, Any],
        own: Mapping[str, Any],
        by_hand: str | None = None,
        trial: int | None = None,
    ) -> PlannedRun:
        self._require_text(place, given)
        options, swept = dict(given), dict(own)
        del options[CORPUS]
        if ORIGIN in options:
            options[ORIGIN] = str(self._checked.origin(options[ORIGIN])[0])
        if CORPUS in swept:
            swept[CORPUS] = _text_label(swept[CORPUS])
        name = by_hand or self._run_name(swept if trial is None else {TRIAL: trial, **swept})
        return PlannedRun(name, self._sources(given[CORPUS]), options, swept)

    def _run_name(self, swept: Mapping[str, Any]) -> str:
        """Return a run's name.

        Earlier versions dropped Unicode's combining marks and zero-width joiners from names. If a run with such a name
        exists, return that name.
        """
        name = run_name(swept)
        if name.isascii():
            return name
        before = run_name(swept, "-")
        return before if (self._folder / before).is_dir() else name

    def _require_portable(self, place: Place, what: str, folder: Path) -> None:
        """Check that other systems could have the folder, unless an earlier version has made it."""
        if not (fits_everywhere(folder.name) or os.path.isdir(folder)):  # noqa: PTH112 - too long a name is no folder
            raise self._document.error(place, f"{what} must be {PORTABLE}, not {folder.name!r}: choose another name")

    def _require_text(self, place: Place, given: Mapping[str, Any]) -> None:
        if CORPUS not in given:
            raise self._document.error(place, "no text to train on: give a corpus at the top of the file")

    def _sources(self, value: str | list[str]) -> tuple[str, ...]:
        key = str(value)
        if key not in self._texts:
            paths = [value] if isinstance(value, str) else value
            self._texts[key] = tuple(str((self._document.path.parent / path).resolve()) for path in paths)
        return self._texts[key]


def with_seed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Add the default seed to a run's options unless they set one."""
    return {SEED: TrainingSettings.rng_seed, **options}


def run_name(swept: Mapping[str, Any], unfit: str | Callable[[re.Match[str]], str] = keep_marks) -> str:
    """Name a run's folder after its options, such as hidden-size=128,rng-seed=0."""
    name = UNFIT_IN_NAME.sub(unfit, ",".join([f"{key}={label(value)}" for key, value in swept.items()]))
    cut = name[:LONGEST_NAME].encode()[:LONGEST_BYTES].decode(errors="ignore")
    if cut != name:
        return f"{cut}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{name[:-1]}-" if name.endswith(".") else name  # Windows has no folder whose name ends with a dot


def is_trial(name: str) -> bool:
    """Whether a run's name is that of a trial of a search."""
    return name.startswith(f"{TRIAL}=")


def label(value: Any) -> str:
    """Format a value as in TOML, but a text without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_label(value: str | list[str]) -> str:
    """Name a text in the table by its path without the suffix."""
    paths = [value] if isinstance(value, str) else value
    return "+".join(str(Path(path).with_suffix("")) for path in paths)
