"""What a page tells of a model: its name, how it was trained, and what it wrote on the way."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charrnn.api import Model
from charrnn.storage.checkpoint import load_header
from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata

MOST_POINTS = 300
"""Points of a curve."""

MOST_SAMPLES = 6
"""Samples on the way."""

LEFT_OUT = frozenset({"labels", "label_counts", "classes", "targets", "features", "vocab_size", "end_symbol"})
"""Options in a config that are lists, or said elsewhere."""


def story_of(model: Model, path: Path | None) -> dict[str, Any]:
    """JSON values: ``name``, ``title``, ``facts`` and ``settings`` as pairs, ``plan``, ``curves``, ``samples``."""
    config, metric = model.config, model.config.kind.metrics[0]
    header = load_header(path) if path else {}
    run = Run(path.parent) if path else None
    records = read_metrics(run.metrics) if run else []
    metadata = RunMetadata.read(run.metadata) if run else None
    own = {name: value for name, value in config.to_dict().items() if name not in LEFT_OUT}
    return {
        "name": Run.name_of(path) if path else "a model",
        "title": config.title
        if config.kind.forecasts
        else f"{config.title}, {len(model.vocabulary.characters):,} {model.vocabulary.unit}s",
        "facts": [list(pair) for pair in facts_of(model, header, metadata)],
        "plan": list(metadata.plan) if metadata else [],
        "settings": [[name, str(value)] for name, value in {**own, **header.get("settings", {})}.items()],
        "curves": {"title": metric.title, "points": points_of(records, metric.name)},
        "samples": samples_of(read_metrics(run.samples)) if run else [],
    }


def facts_of(model: Model, header: Mapping[str, Any], metadata: RunMetadata | None) -> Iterator[tuple[str, str]]:
    """What somebody who looks at a model asks first."""
    kind = model.config.kind
    yield "model", model.config.title
    yield kind.learned, f"{header.get('parameters') or model.parameters.count:,}"
    characters = header.get("corpus", {}).get("characters")
    if not kind.forecasts:  # a series is numbers
        yield f"{model.vocabulary.unit}s that it knows", f"{len(model.vocabulary.characters):,}"
    if characters and not kind.forecasts:
        yield "characters of its text", f"{characters:,}"
    progress = header.get("progress", {})
    if steps := progress.get("step"):
        yield "training steps", f"{steps:,}"
    if epochs := header.get("epoch"):
        yield "passes over the text", f"{epochs:.2f}"
    if metadata and metadata.seconds:
        yield "training time", f"{metadata.seconds / 60:.1f} minutes" if metadata.seconds >= 60 else "under a minute"
    best = progress.get(f"best_val_{kind.metrics[0].name}")
    if best is not None:
        yield f"best {kind.metrics[0].title} in validation", f"{best:.4f}"


def points_of(records: list[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """The metric at some evaluations, evenly spread, with the last one."""
    every = -(-len(records) // MOST_POINTS) or 1
    chosen = records[(len(records) - 1) % every :: every]
    return [
        {"step": record["step"], "train": record.get(f"train_{metric}"), "val": record.get(f"val_{metric}")}
        for record in chosen
        if "step" in record
    ]


def samples_of(records: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Some samples of the training, evenly spread, with the first and the last one."""
    last = len(records) - 1
    chosen = sorted({round(place * last / (MOST_SAMPLES - 1)) for place in range(MOST_SAMPLES)}) if records else []
    return [{"when": f"after {records[at]['step']:,} steps", "text": records[at]["text"]} for at in chosen]
