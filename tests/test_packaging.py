"""The distribution: its name, its one version, what it holds, and what CI and the docs say of it."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import charrnn

ROOT = Path(__file__).parent.parent
PACKAGE = Path(charrnn.__file__).parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]
build_meta.build_sdist(target)
build_meta.build_wheel(target)
"""

OF_TOOLS = (
    ".git",
    ".venv",
    ".nox",
    ".*_cache",
    ".hypothesis",
    "__pycache__",
    "*.egg-info",
    "build",
    "dist",
    "node_modules",
)
MADE_HERE = {"corpora/text.txt", "checkpoints/run/last.safetensors", "benchmarks/results/train.json"}


def files_below(*folders, root=ROOT):
    paths = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    names = {path.relative_to(root).as_posix() for path in paths if "__pycache__" not in path.parts}
    return {name for name in names if not name.startswith("benchmarks/results/")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the sdist and the wheel of this checkout."""
    if PACKAGE.parent != ROOT:
        pytest.skip("the package is installed elsewhere")
    source, target = tmp_path_factory.mktemp("source") / "checkout", tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*OF_TOOLS, "corpora", "checkpoints"))
    for name in {"corpora/README.md", "checkpoints/README.md", *MADE_HERE}:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    command = [sys.executable, "-c", BUILD, target]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_version_stands_in_one_file(built):
    names = {path.name for path in built.iterdir()}
    version = charrnn.__version__
    assert names == {f"charrnn_cpu-{version}.tar.gz", f"charrnn_cpu-{version}-py3-none-any.whl"}
    for page in ("pyproject.toml", "CITATION.cff"):
        assert not re.search(r"^version *[:=] *\S*\d", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE), page


def test_the_sdist_holds_what_the_tests_need_and_nothing_that_was_made_here(built):
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    wanted = files_below("charrnn", "tests", "benchmarks", "docs", ".github")
    wanted |= {path.name for pattern in ("*.md", "*.py", "*.toml", "*.cff", "LICENSE") for path in ROOT.glob(pattern)}
    wanted |= {".ci/run", ".pre-commit-config.yaml", "corpora/README.md", "checkpoints/README.md"}
    assert wanted <= names
    assert not [name for name in names if name in MADE_HERE or "__pycache__" in name]


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built):
    [path] = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_below("charrnn")


def pages():
    """What users and contributors read, and messages: pairs of a path and its text."""
    folders = (PACKAGE, ROOT / "benchmarks", ROOT / "docs", ROOT / ".github")
    paths = [path for folder in folders for path in folder.rglob("*")] + [*ROOT.iterdir()]
    readable = {".py", ".md", ".yml"}
    return [(path, path.read_text(encoding="utf-8")) for path in paths if path.suffix in readable and path.is_file()]


@pytest.mark.parametrize(
    "wrong",
    [
        r"pip install [^\n`&|;]*\bcharrnn(?!-cpu)\b",
        r"\bcharrnn\[(dask|optuna|plots|benchmark|test)",
        r"""dependencies = \[.*["']charrnn(?!-cpu)""",
        r"upgrade charrnn(?!-cpu)",
    ],
)
def test_no_hint_installs_the_other_project_called_charrnn(wrong):
    for path, text in pages():
        assert not (found := re.search(wrong, text)), f"{path}: {found}"


def test_every_extra_in_a_hint_is_there():
    named = {extra for _, text in pages() for extra in re.findall(r"charrnn-cpu\[(\w+)\]", text)}
    assert named >= {"dask", "optuna", "plots"}
    for extra in named:
        assert re.search(rf"^{extra} = \[", PYPROJECT, re.MULTILINE), extra


def test_ci_tests_the_pythons_of_the_classifiers():
    claimed = re.findall(r"Python :: (3\.\d+)", PYPROJECT)
    assert re.findall(r'requires-python = ">=(.*?)"', PYPROJECT) == claimed[:1]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert [re.findall(r"3\.\d+", pythons) for pythons in re.findall(r"python: \[(.*)\]", workflow)] == [claimed]


def test_a_package_is_built_with_the_repositorys_address(tmp_path):
    for name in ("pyproject.toml", "README.md", ".github/address.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    address = "https://forge.example/us/charrnn"
    subprocess.run([sys.executable, tmp_path / ".github" / "address.py", address], check=True)
    project = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    assert project.endswith(f'Issues = "{address}/issues"\n')
    assert project.count("[project.urls]") == 1
    links = re.findall(r"\]\(([^)]*)\)", (tmp_path / "README.md").read_text(encoding="utf-8"))
    assert links
    assert all(link.startswith(("https://", "#")) for link in links)
    assert f"{address}/raw/main/docs/heat.svg" in links
