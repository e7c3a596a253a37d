"""Lookup of cells, optimizers, kinds of models and export targets (parts) by name, here and in other packages.

A cell is a file in ``charrnn/cells``, an optimizer a file in ``charrnn/optimizers``, a kind of model a folder in
``charrnn/models``, an export target a file or folder in ``charrnn/exports``; ``a_b.py`` is called a-b. Another package
names its modules in the entry points ``charrnn.cells``, ``charrnn.optimizers``, ``charrnn.models`` and
``charrnn.exports``. A module defines its part as CELL, OPTIMIZER, KIND or TARGET.
"""

import ast
import re
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError

PACKAGE_FOLDER = Path(__file__).parent

NOT_PARTS = {"__init__", "contract", "time_loop", "optimizer"}


@cache
def modules_in(folder: str) -> dict[str, str]:
    """Return the name of each part's module, by the part's name: for a folder here, and for other packages."""
    paths = (PACKAGE_FOLDER / folder).iterdir()
    ours = {
        path.stem.replace("_", "-"): f"charrnn.{folder}.{path.stem}"
        for path in sorted(paths)
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and folder != "models")
        if path.stem not in NOT_PARTS
    }
    return {**_modules_of_others(f"charrnn.{folder}"), **ours}


def _modules_of_others(group: str) -> dict[str, str]:
    if not _others_have(group):
        return {}
    from importlib.metadata import entry_points  # slower to import than everything else that --help needs

    return {point.name: point.module for point in entry_points(group=group)}


@cache
def _others_have(group: str) -> bool:
    """Whether an installed package declares entry points of that group."""
    for folder in map(Path, dict.fromkeys(sys.path)):
        for path in folder.glob("*-info/entry_points.txt"):
            try:
                if group.encode() in path.read_bytes():
                    return True
            except OSError:  # the package is being installed or removed
                continue
    return False


def is_ours(module: str) -> bool:
    """Whether a module belongs to this package."""
    return module.startswith("charrnn.")


def names_in(folder: str) -> list[str]:
    """Return the names of a folder's parts."""
    return sorted(modules_in(folder))


@cache
def find(folder: str, role: str, name: str) -> Any:
    """Import the part with that name.

    Raises:
        ConfigError: There is no such part, or its module does not define it.
    """
    modules = modules_in(folder)
    if name not in modules:
        raise ConfigError(f"unknown {role} {name!r}: choose one of {', '.join(names_in(folder))}")
    try:
        part = getattr(import_module(modules[name]), role.upper(), None)
    except Exception as error:
        if is_ours(modules[name]):
            raise
        told = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"cannot load {role} {name} from {modules[name]}: {told}; mend or remove that package"
        ) from error
    if part is None:
        raise ConfigError(f"{modules[name]} must define {role.upper()}, and does not: correct that package")
    return part


@cache
def literal_in(folder: str, name: str, variable: str) -> Any:
    """Read the literal that a part's module assigns to a variable, without importing it; None if there is none.

    So the help can list the options of all parts without importing them, which takes longer.
    """
    module = modules_in(folder)[name]
    try:
        return _literal_of(module, variable)
    except (ImportError, OSError, SyntaxError, ValueError):
        if is_ours(module):
            raise
    return None  # an error in another package's part is reported when that part is used


def _literal_of(module: str, variable: str) -> Any:
    """Read the literal that a module assigns to a variable, or imports under that name."""
    spec = find_spec(module)
    text = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    if variable not in text:
        return None
    # Parsing a whole module takes milliseconds, so the usual form of an assignment is looked for first: alone in its
    # module, it ends before the next line that begins with neither a space nor a closing bracket.
    values = re.findall(rf"^{variable} = (.*(?:\n(?![^\s)\]}}#]).*)*)", text, re.MULTILINE)
    if len(values) == 1:
        try:
            return ast.literal_eval(values[0])
        except (SyntaxError, ValueError):
            pass  # not in the usual form
    imported = re.findall(rf"^from (\S+) import [^(\n]*\b{variable}\b", text, re.MULTILINE)
    if len(imported) == 1 and not values:
        return _literal_of(imported[0], variable)
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module and variable in [one.name for one in node.names]:
            return _literal_of(node.module, variable)
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if [getattr(target, "id", "") for target in targets] == [variable]:
            return ast.literal_eval(getattr(node, "value", None) or "None")
    return None
