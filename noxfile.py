"""What CI runs, for any machine: ``nox -l`` lists the sessions; words after ``--`` go to pytest."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["style", "tests", "package"]

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))  # its classifiers
PYTEST = ("pytest", "-q", "-n", "auto", "--dist", "loadfile")
DIST = Path("dist")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests in the checkout."""
    session.install("-e", ".[test]")
    session.run(*PYTEST, *session.posargs)


@nox.session(python="3.11")  # mypy fails on the stubs of NumPy for other Pythons
def style(session: nox.Session) -> None:
    """Run ruff and mypy and, where npm has installed them, eslint and prettier."""
    session.install("-e", ".[test]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    if Path("node_modules").is_dir():
        session.run("npm", "run", "lint", external=True)


@nox.session
def package(session: nox.Session) -> None:
    """Build ``dist``, check it, and run the sdist's tests against the installed wheel."""
    session.install("build", "twine")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    [sdist], [wheel] = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    session.run("twine", "check", "--strict", str(sdist), str(wheel))
    session.install(f"{wheel}[test]")
    unpacked = Path(session.create_tmp())
    shutil.rmtree(unpacked)
    shutil.unpack_archive(sdist, unpacked, filter="data")
    session.chdir(unpacked / sdist.name.removesuffix(".tar.gz"))
    shutil.rmtree("charrnn")  # or it would be tested in the wheel's place
    session.run(*PYTEST, *session.posargs)
