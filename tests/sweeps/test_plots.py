import re

import pytest

from charrnn.errors import ConfigError
from charrnn.sweeps.plots import draw_plot
from charrnn.sweeps.table import rows_of

pytest.importorskip("matplotlib", reason="matplotlib is an extra")


@pytest.mark.parametrize("against", ["time", "optimizer", "rng-seed"])
def test_a_picture_is_drawn(sweep_folder, against):
    assert draw_plot(sweep_folder, rows_of(sweep_folder), against).read_bytes().startswith(b"\x89PNG")


def test_curves_are_of_the_training_where_nothing_validates(sweep_folder, monkeypatch):
    from matplotlib.axes import Axes

    curves, plot = [], Axes.plot
    monkeypatch.setattr(Axes, "plot", lambda axes, x, y, **style: curves.append(y) or plot(axes, x, y, **style))
    for path in sweep_folder.folder.glob("*/metrics.jsonl"):
        path.write_text(re.sub(r'"val_bpc": [\d.]+', '"val_bpc": null', path.read_text()))
    draw_plot(sweep_folder, rows_of(sweep_folder), "time")
    assert curves == [[3, 3, 3]] * 4 + [[]]


def test_only_what_was_swept_can_be_drawn(sweep_folder):
    with pytest.raises(ConfigError, match="--plot must be one of time, optimizer, rng-seed, not 'steps'"):
        draw_plot(sweep_folder, rows_of(sweep_folder), "steps")
