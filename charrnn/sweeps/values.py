"""Checks of the options in a sweep's file, whose errors give the line."""

import math
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from charrnn.errors import CharrnnError, ConfigError
from charrnn.kinds.config import ModelConfig
from charrnn.kinds.header import config_of
from charrnn.options import Option
from charrnn.storage.checkpoint import load_header
from charrnn.storage.run import find_checkpoint
from charrnn.sweeps.planned_run import ORIGIN
from charrnn.sweeps.toml import Document, Place
from charrnn.training.options import MODEL_OPTIONS, check_limits, check_options, check_value, interplay, only
from charrnn.training.resumption import inherited_config

CORPUS = "corpus"

OWN_OPTIONS = ("name", "checkpoints", "resume", "overwrite", "plan", "preview", "until-eof", "quiet", "json")
"""Options of ``train`` that only the sweep sets."""


class Values:
    """Checks of the values and choices of options in a document.

    Every method raises a ConfigError for an invalid value.

    Args:
        document: the sweep's file.
        options: the options that a run can have, by their long names without dashes.
        checkpoints: the folder with the runs that others can start from.
    """

    def __init__(self, document: Document, options: Mapping[str, Option], checkpoints: Path) -> None:
        self._document, self._options, self._checkpoints = document, options, checkpoints
        self._parameters = {key: option.name for key, option in options.items()}
        self._fit: set[Hashable] = set()
        self._origins: dict[str, tuple[Path, ModelConfig]] = {}

    def check(self, place: Place, key: str, value: Any) -> None:
        """Check one value of one option."""
        self._check_known(place, key)
        if key == CORPUS:
            self._check_corpus(place, value)
            return
        try:
            if key == ORIGIN:
                self.origin(value)
            else:
                check_value(self._options[key].name, value)
        except CharrnnError as error:
            raise self._document.error(place, str(error)) from None

    def check_together(self, place: Place, values: Mapping[str, Any]) -> None:
        """Check a run's options in combination; each has already been checked alone."""
        given = {self._parameters[key]: value for key, value in values.items() if key != CORPUS}
        origin = values.get(ORIGIN)
        key = frozenset(given.items()) if origin else interplay(given)
        if key in self._fit:
            return
        try:
            if origin:
                given = self._as_new(self.origin(origin)[1], given)
            check_options(**given)
            check_limits(given)
        except CharrnnError as error:
            raise self._document.error(place, str(error)) from None
        self._fit.add(key)

    def origin(self, value: Any) -> tuple[Path, ModelConfig]:
        """Find the checkpoint of ``init-from``, and its model's config."""
        if not isinstance(value, str):
            raise ConfigError(f"{ORIGIN} must be a run or a path, not {value!r}")
        if value not in self._origins:
            path = find_checkpoint(value, self._checkpoints, beside=self._document.path.parent).resolve()
            self._origins[value] = path, config_of(load_header(path))
        return self._origins[value]

    def _as_new(self, config: ModelConfig, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the model's options against ``config``, from whose weights the run starts; return the other options."""
        inherited_config(config, only(MODEL_OPTIONS, given))
        rest = given.keys() - MODEL_OPTIONS.keys() - {self._parameters[ORIGIN]}
        return {"model": config.model, **only(rest, given)}

    def check_list(self, place: Place, key: str, values: Any) -> None:
        """Check a list of values of one option."""
        self._check_known(place, key)
        if not isinstance(values, list) or not values:
            raise self._document.error(place, f"{key} must be a list of values, not {values!r}")
        for value in values:
            self.check(place, key, value)

    def choices(self, part: str, but: Iterable[str]) -> dict[str, Any]:
        """Check and return the lists and ranges in a part of the file, without the keys ``but``."""
        choices = {key: choice for key, choice in self._document.values[part].items() if key not in but}
        if not choices:
            raise self._document.error((part,), f"[{part}] has nothing to choose: give an option and its values")
        for key, choice in choices.items():
            if isinstance(choice, dict):
                self._check_range((part, key), key, choice)
            else:
                self.check_list((part, key), key, choice)
        return choices

    def count(self, part: str, key: str, default: int | None = None) -> int:
        """Read a whole number that is not an option's value."""
        values = self._document.values[part]
        count = values.get(key, default)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            place = (part, key) if key in values else (part,)
            raise self._document.error(place, f"{key} of [{part}] must be a whole number, not {count!r}")
        return count

    def whole(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the options that take whole numbers."""
        return frozenset(key for key in keys if key in self._options and self._options[key].kind is int)

    def _check_known(self, place: Place, key: str) -> None:
        if key != CORPUS and key not in self._options:
            import difflib

            close = difflib.get_close_matches(key, [*self._options, CORPUS], n=1)
            hint = f"did you mean {close[0]!r}?" if close else "use the long name of an option of charrnn train"
            wrong = (
                f"{key} is set by the sweep: leave it out" if key in OWN_OPTIONS else f"unknown option {key!r}: {hint}"
            )
            raise self._document.error(place, wrong)

    def _check_corpus(self, place: Place, value: Any) -> None:
        paths = [value] if isinstance(value, str) else value
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
            raise self._document.error(place, f"corpus must be a path or a list of paths, not {value!r}")
        for path in paths:
            if not (self._document.path.parent / path).exists():
                raise self._document.error(
                    place, f"cannot read {path}: there is no such file or folder; check the path"
                )

    def _check_range(self, place: Place, key: str, choice: dict[str, Any]) -> None:
        self._check_known(place, key)
        low, high, log = choice.get("min"), choice.get("max"), choice.get("log", False)
        fit = (
            key not in (CORPUS, ORIGIN)
            and self._options[key].kind in (int, float)
            and choice.keys() <= {"min", "max", "log"}
            and _is_number(low)
            and _is_number(high)
            and isinstance(log, bool)
            and (0 if log else -math.inf) < low <= high
        )
        if not fit:
            raise self._document.error(
                place,
                f"{key} must be a list of choices, or of numbers {{min = …, max = …}}, with log = true above 0, "
                f"not {choice!r}",
            )
        for end in (low, high):
            self.check(place, key, end)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
