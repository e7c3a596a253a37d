"""The floors of the house: a part imports only from the floors below it. Keep this list and the map in
charrnn/__init__.py the same."""

import ast
import graphlib
import re
from pathlib import Path

import charrnn
from charrnn.kinds.config import kinds

PACKAGE = Path(charrnn.__file__).parent
FLOORS = [
    {"errors", "system"},
    {"arguments", "clock", "display", "machine", "markup"},
    {"options", "registry"},
    {"hyperparameters"},
    {"kernels", "text"},
    {"workers"},
    {"cells", "compiling", "optimizers"},
    {"layers"},
    {"kinds"},
    {"sampling", "scoring"},
    {"training", "storage"},
    {"models"},
    {"mixing", "member_runs"},
    {"job", "session"},
    {"starting", "following", "distributed"},
    {"api"},
    {"pages", "sweeps"},
    {"exports", "serving"},
    {"cli"},
    {"__main__"},
]
LEVEL = {part: level for level, parts in enumerate(FLOORS) for part in parts}


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor"
            names = [f"{node.module}.{alias.name}" if node.module == "charrnn" else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert "charrnn" not in names, f"{path}: importing the whole package hides the floor"
        for name in names:
            if name.split(".")[0] == "charrnn" and name != "charrnn":
                yield name.split(".")[1]


def sources():
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def test_every_part_has_a_floor():
    assert {part_of(path) for path in sources()} == set(LEVEL)


def test_parts_import_only_from_floors_below():
    allowed = {"__version__"}
    for path in sources():
        part = part_of(path)
        for other in set(imported_parts(path)) - {part} - allowed:
            assert LEVEL[other] < LEVEL[part], f"{path.relative_to(PACKAGE)} imports {other}"


def imported_modules(path):
    """The modules of ours that a file imports, also for its types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("charrnn."):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_modules_import_each_other_in_a_circle():
    names = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in sources()}
    graph = {name: set(imported_modules(path)) & set(names.values()) - {name} for path, name in names.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises a CycleError


ALLOWED = {
    *("CELL", "OPTIMIZER", "KIND", "TARGET", "ABOUT", "HYPERPARAMETERS"),
    *("command", "step", "step_back", "begin", "update", "files"),
}
"""Names that each file of a folder must define."""


def top_level_names(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def test_no_top_level_name_means_two_things():
    defined = {}
    for path in sources():
        for name in set(top_level_names(path)) - ALLOWED:
            if not name.startswith("_"):
                defined.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


def test_no_file_outside_a_kinds_own_compares_its_name():
    """The name of the kind or of its task; every other file asks the kind."""
    folders = {}
    for key, kind in kinds().items():
        for name in key:
            if name != "text":
                folders.setdefault(name, set()).add(type(kind).__module__.split(".")[2])
    for path in sources():
        part = path.relative_to(PACKAGE).parts
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Compare):
                continue
            compared = {value.value for value in ast.walk(node) if isinstance(value, ast.Constant)} & folders.keys()
            outside = {name for name in compared if part[0] != "models" or part[1] not in folders[name]}
            assert not outside, f"{path}:{node.lineno}"


def test_kinds_are_not_told_apart_by_their_classes():
    classes = {"Network", "TDNN", "NGram", "ContextModel", "LanguageParameters", "TDNNParameters", "Trainer"}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
                assert not classes & {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}, path


def test_printing_and_its_libraries_live_in_the_command_line():
    for path in sources():
        if part_of(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("sys", "stdout"), ("sys", "stderr")}, path
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                allowed = {"tqdm"} if part_of(path) == "following" else set()  # a bar for notebooks
                assert not {"click", "tqdm"} & {module.split(".")[0] for module in modules} - allowed, path


def test_only_the_registry_imports_by_name():
    for path in sources():
        if part_of(path) not in ("registry", "cli"):
            assert not re.search(r"import_module|__import__", path.read_text()), path


def test_numba_stays_in_what_is_compiled():
    for path in sources():
        if part_of(path) not in ("kernels", "cells", "optimizers"):
            assert not re.search(r"^\s*(from|import) (numba|llvmlite)", path.read_text(), re.MULTILINE), path


def test_the_map_names_every_part_lowest_first():
    parts = re.findall(r"^    (\w+)  ", charrnn.__doc__ or "", re.MULTILINE)
    assert sorted(parts) == sorted(LEVEL.keys() - {"__main__"})
    assert [LEVEL[part] for part in parts] == sorted(LEVEL[part] for part in parts)
