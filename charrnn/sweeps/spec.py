"""What a sweep trains, read from a TOML file and checked before anything starts.

    name = "sizes"               # of the sweep; the file's stem if not given
    corpus = "book.txt"          # a path from the file's folder, or a list of paths that make one text

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

    [[run]]                      # one run, by hand
    hidden-size = 512

Each of the three adds runs. A run is named by the options that its own part gives it, so that runs keep their names
when others are added.
"""

import hashlib
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from charrnn.errors import CharrnnError
from charrnn.storage.run import is_plain
from charrnn.sweeps.draw import draws
from charrnn.sweeps.toml import Document, Place

CORPUS, NAME = "corpus", "name"
FIXED, GRID, RANDOM, RUN = PARTS = ("fixed", "grid", "random", "run")

LONGEST_NAME = 200
"""Characters; most file systems take 255 bytes."""


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be trained.

    Attributes:
        name: of its folder in the sweep's.
        sources: absolute paths of its text.
        options: of ``train`` by their long names without dashes; what is not here has its default.
        swept: those of them that make it differ from others, as the table shows them; the text under "corpus".
    """

    name: str
    sources: tuple[str, ...]
    options: dict[str, Any]
    swept: dict[str, Any]


@dataclass(frozen=True)
class Option:
    """An option of ``train``.

    Attributes:
        number: int or float for an option whose value is one; None for any other.
        check: raises a CharrnnError if a value is unfit.
    """

    number: type[int] | type[float] | None
    check: Callable[[Any], None]


@dataclass(frozen=True)
class Spec:
    """A sweep: its name and its runs, in the order in which they are trained."""

    name: str
    runs: tuple[PlannedRun, ...]


def read_spec(path: Path, options: Mapping[str, Option]) -> Spec:
    """Read a sweep's file.

    Args:
        path: of the file.
        options: those that a run may be given, by their long names without dashes.

    Raises:
        ConfigError: something in it is unknown, missing or unfit; the message tells the line.
    """
    return _Reader(Document(path), options).spec()


class _Reader:
    """Turns a document into a sweep."""

    def __init__(self, document: Document, options: Mapping[str, Option]) -> None:
        self._document, self._values, self._options = document, document.values, options
        self._texts: dict[str, tuple[str, ...]] = {}

    def spec(self) -> Spec:
        self._check_parts()
        name = self._values.get(NAME, self._document.path.stem)
        if not isinstance(name, str) or not is_plain(name):
            raise self._document.error((NAME,), f"a sweep's name must be a plain folder name, not {name!r}")
        fixed = self._values.get(FIXED, {})
        for key, value in fixed.items():
            self._check((FIXED, key), key, value)
        if CORPUS in self._values:
            fixed = {CORPUS: self._values[CORPUS], **fixed}
            self._check((CORPUS,), CORPUS, fixed[CORPUS])
        runs: dict[str, PlannedRun] = {}
        for place, given, by_hand in self._points():
            run = self._planned(place, {**fixed, **given}, given, by_hand)
            if run != runs.setdefault(run.name, run):
                raise self._document.error(place, f"two different runs would be called {run.name!r}; give one a name")
        if not runs:
            raise self._document.error((), "no run to train; give a [grid], [random] trials or a [[run]]")
        return Spec(name, tuple(runs.values()))

    def _check_parts(self) -> None:
        for key, value in self._values.items():
            if key in (NAME, CORPUS):
                continue
            if key not in PARTS:
                hint = (
                    "options of every run go below [fixed]"
                    if key in self._options
                    else f"known are {', '.join((NAME, CORPUS, *PARTS))}"
                )
                raise self._document.error((key,), f"unknown key {key!r}; {hint}")
            tables = value if key == RUN and isinstance(value, list) else [value]
            if isinstance(value, list) != (key == RUN) or not all(isinstance(table, dict) for table in tables):
                raise self._document.error(
                    (key,), f"{key} must be written as {'[[run]]' if key == RUN else f'[{key}]'}"
                )

    def _points(self) -> Iterator[tuple[Place, dict[str, Any], str | None]]:
        """Where each run comes from, the options that are its own, and a name by hand."""
        grid = self._values.get(GRID, {})
        for key, values in grid.items():
            self._check_list((GRID, key), key, values)
        if grid:
            for point in itertools.product(*grid.values()):
                yield (GRID,), dict(zip(grid, point, strict=True)), None
        if RANDOM in self._values:
            for drawn in self._random(self._values[RANDOM]):
                yield (RANDOM,), drawn, None
        for index, given in enumerate(self._values.get(RUN, [])):
            own = {key: value for key, value in given.items() if key != NAME}
            for key, value in own.items():
                self._check((RUN, index, key), key, value)
            if NAME in given and not (isinstance(given[NAME], str) and is_plain(given[NAME])):
                raise self._document.error((RUN, index, NAME), "a run's name must be a plain folder name")
            if not given:
                raise self._document.error((RUN, index), "a [[run]] needs an option of its own, or a name")
            yield (RUN, index), own, given.get(NAME)

    def _random(self, part: dict[str, Any]) -> Iterator[dict[str, Any]]:
        counts = {"trials": part.get("trials"), "seed": part.get("seed", 0)}
        for key, count in counts.items():
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                place = (RANDOM, key) if key in part else (RANDOM,)
                raise self._document.error(place, f"{key} of [random] must be a whole number, not {count!r}")
        choices = {key: value for key, value in part.items() if key not in counts}
        for key, choice in choices.items():
            place = (RANDOM, key)
            if isinstance(choice, dict):
                self._check_range(place, key, choice)
            else:
                self._check_list(place, key, choice)
        whole = {key for key in choices if key in self._options and self._options[key].number is int}
        return draws(choices, whole, **counts)

    def _check_range(self, place: Place, key: str, choice: dict[str, Any]) -> None:
        self._check_known(place, key)
        low, high, log = choice.get("min"), choice.get("max"), choice.get("log", False)
        fit = (
            key != CORPUS
            and self._options[key].number
            and choice.keys() <= {"min", "max", "log"}
            and _is_number(low)
            and _is_number(high)
            and isinstance(log, bool)
            and (0 if log else -math.inf) < low <= high
        )
        if not fit:
            raise self._document.error(
                place, f"{key} must be a list of choices, or of numbers {{min = …, max = …}}, with log = true above 0"
            )
        for end in (low, high):
            self._check(place, key, end)

    def _check_list(self, place: Place, key: str, values: Any) -> None:
        self._check_known(place, key)
        if not isinstance(values, list) or not values:
            raise self._document.error(place, f"{key} must be a list of values, not {values!r}")
        for value in values:
            self._check(place, key, value)

    def _check_known(self, place: Place, key: str) -> None:
        if key != CORPUS and key not in self._options:
            import difflib

            close = difflib.get_close_matches(key, [*self._options, CORPUS], n=1)
            hint = f"did you mean {close[0]!r}?" if close else "any option of charrnn train by its long name is known"
            raise self._document.error(place, f"unknown option {key!r}; {hint}")

    def _check(self, place: Place, key: str, value: Any) -> None:
        self._check_known(place, key)
        if key == CORPUS:
            paths = [value] if isinstance(value, str) else value
            if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
                raise self._document.error(place, f"corpus must be a path or a list of paths, not {value!r}")
            for path in paths:
                if not (self._document.path.parent / path).exists():
                    raise self._document.error(place, f"cannot read {path}: there is no such file or folder")
            return
        try:
            self._options[key].check(value)
        except CharrnnError as error:
            raise self._document.error(place, str(error)) from None

    def _planned(self, place: Place, given: dict[str, Any], own: Mapping[str, Any], by_hand: str | None) -> PlannedRun:
        if CORPUS not in given:
            raise self._document.error(place, "no text to train on; give a corpus at the top of the file")
        options = {key: value for key, value in given.items() if key != CORPUS}
        swept = {key: _text_label(value) if key == CORPUS else value for key, value in own.items()}
        return PlannedRun(by_hand or run_name(swept), self._sources(given[CORPUS]), options, swept)

    def _sources(self, value: str | list[str]) -> tuple[str, ...]:
        key = str(value)
        if key not in self._texts:
            paths = [value] if isinstance(value, str) else value
            self._texts[key] = tuple(str((self._document.path.parent / path).resolve()) for path in paths)
        return self._texts[key]


def run_name(swept: Mapping[str, Any]) -> str:
    """A folder's name that tells the options, such as hidden-size=128,rng-seed=0."""
    name = re.sub(r"[^\w.+=,-]", "-", ",".join(f"{key}={label(value)}" for key, value in swept.items()))
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def label(value: Any) -> str:
    """A value as TOML writes it, a text without its quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text_label(value: str | list[str]) -> str:
    """A text's name in the table: its path without the suffix."""
    paths = [value] if isinstance(value, str) else value
    return "+".join(str(Path(path).with_suffix("")) for path in paths)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
