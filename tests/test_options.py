from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.options import check_options_of, declare, options_of


@dataclass(frozen=True)
class Meal:
    guests: int = declare(2, "How many eat.", "Data", least=1, most=12)
    salt: float = declare(0.5, "Grams.", "Data", above=0, below=3)
    sauce: str = declare("red", "Colour.", "Data", choices=lambda: ("red", "green"))
    hot: bool = declare(False, "Whether it is.", "Data", negatable=True)
    table: str | None = declare(None, "Its name.", "Saving", flag="at-table")
    folder: Path = declare("meals", "Where to.", "Saving")  # noqa: RUF009
    courses: int = declare(-1, "-1 chooses.", "Data", least=1)
    cook: str = "nobody asks for this one"

    def __post_init__(self):
        check_options_of(self, OPTIONS)


OPTIONS = options_of(Meal)


def test_what_is_declared_of_each_option():
    assert list(OPTIONS) == ["guests", "salt", "sauce", "hot", "table", "folder", "courses"]
    kinds = {name: (each.kind, each.flag, each.default) for name, each in OPTIONS.items()}
    assert kinds["guests"] == (int, "guests", 2)
    assert kinds["table"] == (str, "at-table", None)
    assert kinds["folder"] == (Path, "folder", "meals")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"guests": 0}, "guests must be a whole number of at least 1, not 0"),
        ({"guests": 13}, "guests must be a whole number of at most 12, not 13"),
        ({"guests": 2.0}, r"guests must be a whole number of at least 1, not 2\.0"),
        ({"guests": True}, "guests must be a whole number of at least 1, not True"),
        ({"salt": 0}, "salt must be above 0 and below 3, not 0$"),
        ({"salt": float("nan")}, "salt must be above 0 and below 3, not nan"),
        ({"salt": "much"}, "salt must be a number, not 'much'"),
        ({"salt": 10**400}, r"salt must be below 2\^63"),
        ({"sauce": "blue"}, "unknown sauce 'blue': choose one of red, green"),
        ({"sauce": 3}, "sauce must be a text, not 3"),
        ({"hot": 1}, "hot must be true or false, not 1"),
        ({"table": 5}, "table must be a text, not 5"),
        ({"folder": "a\0b"}, "folder must be a path"),
        ({"courses": 0}, "courses must be a whole number of at least 1, not 0"),
    ],
)
def test_an_unfit_value_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Meal(**values)


def test_equal_values_of_other_types_are_written_alike():
    meal = Meal(guests=np.int64(3), salt=2, table="window", folder="x", courses=-1)
    assert (meal.guests, meal.salt, meal.folder, meal.courses) == (3, 2.0, Path("x"), -1)
    assert [type(value) for value in (meal.guests, meal.salt)] == [int, float]
