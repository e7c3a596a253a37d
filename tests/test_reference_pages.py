"""What docs/api.md and docs/checkpoints.md list is what there is."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import charrnn
from charrnn.session import Session
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.training import events

DOCS = Path(__file__).parent.parent / "docs"
API, CHECKPOINTS = ((DOCS / name).read_text() for name in ("api.md", "checkpoints.md"))
OWNERS = {"charrnn": charrnn, "model": charrnn.Model, "session": Session}
SHOWN = re.findall(r"^(?:## |\| )?`(charrnn|model|session)\.(\w+)(\([^`]*\))`", API, re.MULTILINE)


def parameters_of(text):
    """Names and defaults of a signature as written, and whether it names them all."""
    whole = ", ..." not in text
    definition = ast.parse(f"def f{text.replace(', ...', '')}: pass").body[0]
    signature = {}
    exec(compile(ast.Module([definition], []), "page", "exec"), signature)  # a signature of our own page
    return inspect.signature(signature["f"]).parameters, whole


def test_calls_are_shown():
    assert len(SHOWN) >= 9
    assert {"train", "load"} <= {name for owner, name, _ in SHOWN if owner == "charrnn"}


@pytest.mark.parametrize(("owner", "name", "shown"), SHOWN, ids=[f"{owner}.{name}" for owner, name, _ in SHOWN])
def test_a_call_has_the_parameters_that_are_shown(owner, name, shown):
    real = dict(inspect.signature(getattr(OWNERS[owner], name)).parameters)
    real.pop("self", None)
    parameters, whole = parameters_of(shown)
    assert list(parameters)[: len(real)] == list(real)[: len(parameters)]
    assert len(parameters) == len(real) or not whole
    for parameter in parameters.values():
        assert (parameter.kind, parameter.default) == (real[parameter.name].kind, real[parameter.name].default)


def test_the_events_shown_are_all_that_there_are():
    table = API.split("| event | when |")[1].split("\n\n")[0]
    shown = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert shown == {name for name in dir(events) if name in shown or is_event(getattr(events, name))}


def is_event(thing):
    return thing in getattr(events.Event, "__args__", ())


def shown_tensors():
    """Patterns of the names in the table of tensors, which shortens names that share a beginning."""
    table = CHECKPOINTS.split("| tensor | shape | |")[1].split("\n\n")[0]
    for cell in re.findall(r"^\| (.+?) \|", table, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        for name in [first, *(other if "." in other else re.sub(r"_i_", other, first) for other in others)]:
            yield re.escape(name).replace(r"\{l\}", r"\d+").replace(r"\*", ".+")


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm-peephole", "num_layers": 2, "learn_initial_state": True, "skip_connections": True},
        {"cell": "leaky", "tie_embedding": True, "optimizer": "sgd"},
        {"cell": "gru", "embedding_size": 0, "optimizer": "rmsprop"},
    ],
    ids=lambda options: options["cell"],
)
def test_every_tensor_of_a_checkpoint_is_in_the_table(options, corpus, runs):
    for _ in charrnn.train(corpus, checkpoints=runs, hidden_size=8, steps=3, eval_every=2, preview=False, **options):
        pass
    [path] = runs.glob("*/last.safetensors")
    patterns = list(shown_tensors())
    names = load_checkpoint(path).tensors
    assert {name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)} == set()
    assert len(names) > 5
