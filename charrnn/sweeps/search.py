"""Search by Optuna, which chooses the options of each trial by the results of earlier ones and ends poor trials early.

study.log, in the sweep's folder, is Optuna's journal of the study. Each trial is a run. The random generator of a
trial's sampler depends only on the study's seed and the trial's number, so that a resumed study makes the same
choices as an uninterrupted one.
"""

import contextlib
import math
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError, RunError
from charrnn.kinds.metric import Metric
from charrnn.storage.atomic import writing
from charrnn.sweeps.draw import draws, rounded
from charrnn.sweeps.planned_run import PlannedRun

MARKS = 20
"""Number of marks: the steps into which each trial is divided for pruners.

They are equal fractions of a run, so that trials with different limits can be compared."""

EXHAUSTIVE = ("BruteForceSampler", "GridSampler")
"""Samplers that are not allowed: they try every combination, as a [grid] does, and end a study by themselves."""

MOST_TRIED = 1000
"""Most random trials that precede the trial on which a sampler or a pruner is tested."""

DEFAULT_PARTS = {"sampler": "TPESampler", "pruner": "MedianPruner"}


@dataclass(frozen=True)
class Search:
    """The plan of a search.

    Attributes:
        trials: number of trials.
        seed: seed from which all samplers' seeds follow.
        sampler: function that returns a sampler for a seed.
        pruner: function that returns a pruner.
        choices: for each option a list or a range; see ``charrnn.sweeps.draw.draws``.
        whole: the options that take whole numbers.
        metric: the metric of the trials.
        plan: function that returns the run for a trial's number and options.
    """

    trials: int
    seed: int
    sampler: "partial[Any]"
    pruner: "partial[Any]"
    choices: Mapping[str, Any]
    whole: frozenset[str]
    metric: Metric
    plan: Callable[[int, Mapping[str, Any]], PlannedRun]

    def drawn(self, known: int) -> list[PlannedRun]:
        """Draw random runs in place of all trials but the first ``known``, to estimate their time."""
        trials = list(draws(self.choices, self.whole, trials=self.trials, seed=self.seed))
        return [self.plan(number, trials[number]) for number in range(known, self.trials)]


def find_part(kind: str, wanted: Any) -> "partial[Any]":
    """Return a function that creates a sampler or a pruner of Optuna.

    Args:
        kind: "sampler" or "pruner".
        wanted: the name of its class, or a table of the name and its arguments.

    Raises:
        ConfigError: Optuna is not installed, or refuses the name or the arguments.
    """
    classes = getattr(_optuna(), f"{kind}s")
    names = (name for name in dir(classes) if name.endswith(kind.title()) and not name.startswith("Base"))
    known = [name for name in names if name not in EXHAUSTIVE]
    given = {"name": wanted} if isinstance(wanted, str) else wanted
    if not isinstance(given, dict) or given.get("name") not in known:
        raise ConfigError(
            f"{kind} must be one of {', '.join(known)}, or a table of its name and arguments, not {wanted!r}"
        )
    arguments = {key: value for key, value in given.items() if key != "name"}
    if "seed" in arguments:
        raise ConfigError(f"the seed of {given['name']} is that of [optuna]: write seed = {arguments['seed']!r} there")
    if "wrapped_pruner" in arguments:
        arguments["wrapped_pruner"] = find_part("pruner", arguments["wrapped_pruner"])()
    make = partial(getattr(classes, given["name"]), **arguments)
    with _refusal(kind, given["name"]):
        make(**({"seed": 0} if kind == "sampler" else {}))
    return make


def try_out(kind: str, search: Search) -> None:
    """Test a search's sampler or pruner on one trial that follows random ones.

    Args:
        kind: "sampler" or "pruner".
        search: the search.

    Raises:
        ConfigError: The sampler or pruner fails.
    """
    optuna = _optuna()
    choices = {key: _distribution(choice, key in search.whole) for key, choice in search.choices.items()}
    make = search.sampler if kind == "sampler" else search.pruner
    with _refusal(kind, make.func.__name__):
        if kind == "sampler":
            study = optuna.create_study(sampler=make(seed=search.seed))
        else:
            study = optuna.create_study(sampler=optuna.samplers.RandomSampler(search.seed), pruner=make())
        drawn = draws(search.choices, search.whole, trials=min(search.trials, MOST_TRIED), seed=search.seed)
        marks = range(1, MARKS + 1)
        for number, params in enumerate(drawn):
            values = {mark: 1.0 + number / mark for mark in marks}
            study.add_trial(
                optuna.create_trial(
                    params=params, distributions=choices, value=values[MARKS], intermediate_values=values
                )
            )
        trial = study.ask(choices)
        for mark in marks:
            trial.report(1.0, mark)
            trial.should_prune()
        study.tell(trial, 1.0)


@contextlib.contextmanager
def _refusal(kind: str, name: str) -> Iterator[None]:
    """Turn any error of Optuna, about arguments or missing packages, into a ConfigError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        lacking = next((e.name for e in (error, error.__cause__) if isinstance(e, ImportError) and e.name), None)
        if lacking:
            raise ConfigError(f"{kind} {name} needs a package: install it with pip install {lacking}") from None
        why = " ".join(str(error).split())
        raise ConfigError(f"cannot use {kind} {name}: {why}; correct its arguments") from None


class Study:
    """The trials of a search; each is a run that counts as running until ``tell`` is called.

    Args:
        search: the search.
        path: path of the journal, to which no other process may write.

    Raises:
        ConfigError: The study in the journal has other choices, or Optuna is not installed.
        RunError: The journal is damaged, or cannot be written.
    """

    def __init__(self, search: Search, path: Path) -> None:
        optuna = _optuna()
        self._search, self._path = search, path
        self._trial, self._states = optuna.trial.Trial, optuna.trial.TrialState
        self._choices = {key: _distribution(choice, key in search.whole) for key, choice in search.choices.items()}
        with writing(path):
            _cut_unfinished_line(path)
            try:
                self._study = optuna.create_study(
                    storage=_journal(path),
                    study_name="sweep",
                    pruner=search.pruner(),
                    load_if_exists=True,
                    direction="maximize" if search.metric.higher_is_better else "minimize",
                )
            except (KeyError, TypeError, ValueError) as error:
                raise RunError(f"{path} is damaged: remove it, or give the sweep another name") from error
        self._check_choices(optuna.distributions.check_distribution_compatibility)
        self._trials: dict[str, _Trial] = {}
        self._take_up()

    def runs(self) -> list[PlannedRun]:
        """The runs of all trials so far, in order."""
        return [self._planned(number, frozen) for number, frozen in enumerate(self._known())]

    @property
    def total(self) -> int:
        """The final number of trials."""
        return max(self._search.trials, len(self._known()))

    def ask(self) -> PlannedRun | None:
        """Begin a new trial and return its run; None if there are enough trials."""
        number = len(self._known())
        if number >= self._search.trials:
            return None
        seed = random.Random(f"{self._search.seed} {number}").getrandbits(32)
        self._study.sampler = self._search.sampler(seed=seed)
        with writing(self._path):
            trial = self._study.ask(self._choices)
        run = self._planned(number, trial)
        self._trials[run.name] = _Trial(trial, self._search.metric)
        return run

    def awaits(self, run: str) -> bool:
        """Whether the run called ``run`` is a running trial."""
        return run in self._trials

    def evaluated(self, run: str, value: float | None, progress: float) -> bool:
        """Report a run's value at a progress from 0 to 1; return whether to end the run, True only once."""
        trial = self._trials.get(run)
        if trial is None or value is None:
            return False
        with writing(self._path):
            return trial.evaluated(value, min(MARKS, int(progress * MARKS)))

    def tell(self, run: str, state: str, best: float | None) -> None:
        """Report a run's result; a trial that was cut or has failed counts as running until the sweep resumes it."""
        if run not in self._trials or state not in ("done", "pruned"):
            return
        trial = self._trials.pop(run)
        with writing(self._path):
            if state == "pruned":
                self._study.tell(trial.trial, state=self._states.PRUNED)
            else:
                worst = -math.inf if self._search.metric.higher_is_better else math.inf
                self._study.tell(trial.trial, worst if best is None else best)

    def _known(self) -> list[Any]:
        """List the trials, except those interrupted before all their options were chosen."""
        trials = self._study.get_trials(deepcopy=False)
        return [frozen for frozen in trials if frozen.state != self._states.FAIL]

    def _take_up(self) -> None:
        """Resume the running trials of the journal."""
        for frozen in self._known():
            if frozen.state == self._states.RUNNING and not self._choices.keys() <= frozen.params.keys():
                self._study.tell(frozen.number, state=self._states.FAIL)
        for number, frozen in enumerate(self._known()):
            if frozen.state == self._states.RUNNING:
                trial = self._trial(self._study, frozen._trial_id)
                self._trials[self._planned(number, frozen).name] = _Trial(
                    trial, self._search.metric, frozen.last_step or 0
                )

    def _planned(self, number: int, trial: Any) -> PlannedRun:
        options = {}
        for key, value in trial.params.items():
            chosen = trial.distributions[key]
            is_range = isinstance(value, float) and hasattr(chosen, "low")
            options[key] = rounded(value, chosen.low, chosen.high) if is_range else value
        return self._search.plan(number, options)

    def _check_choices(self, check: Callable[[Any, Any], None]) -> None:
        for frozen in self._known():
            for key in self._choices.keys() & frozen.distributions.keys():
                try:
                    check(frozen.distributions[key], self._choices[key])
                except ValueError:
                    raise ConfigError(
                        f"the choices of {key} in [optuna] are not those of the study in {self._path}: "
                        "leave them as they were, or give the sweep another name"
                    ) from None


class _Trial:
    """A running trial, and the last mark that was reported."""

    def __init__(self, trial: Any, metric: Metric, mark: int = 0) -> None:
        self.trial, self._metric, self._mark = trial, metric, mark
        self._best: float | None = None
        self._pruned = False

    def evaluated(self, found: float, mark: int) -> bool:
        """Report the best value at each mark that was passed; return whether to end the trial."""
        if self._pruned:
            return False
        before, self._best = self._best, self._metric.best((self._best, found))
        for passed in range(self._mark + 1, mark + 1):
            value = self._best if passed == mark else before
            if value is not None:
                self.trial.report(value, passed)
        self._mark = max(self._mark, mark)
        self._pruned = mark < MARKS and bool(self.trial.should_prune())
        return self._pruned


class _NoLock:
    """A lock that does nothing: the sweep's lock protects the journal and, unlike Optuna's, ends with the process."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(path), lock_obj=_NoLock()))


def _cut_unfinished_line(path: Path) -> None:
    """Remove an unfinished last line, which a power cut leaves and to which Optuna would append."""
    if path.exists():
        with path.open("r+b") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)


def _distribution(choice: Any, whole: bool) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(choice, list):
        return CategoricalDistribution(choice)
    make = IntDistribution if whole else FloatDistribution
    return make(choice["min"], choice["max"], log=choice.get("log", False))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ConfigError("[optuna] needs Optuna: install it with pip install 'charrnn-cpu[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna
