"""Pictures by matplotlib, an extra: the same figures give the same bytes."""

from pathlib import Path
from typing import Any

from benchmarks.shared.errors import BenchmarkError


def new_figure(width: float, height: float) -> Any:
    """A figure of so many inches.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise BenchmarkError("to draw needs matplotlib: python -m pip install -e '.[plots]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write a figure as an SVG file whose text stays text."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.name}):
        figure.savefig(path, metadata={"Date": None})
