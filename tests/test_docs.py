"""README and docs say what is true. ``python tests/test_docs.py`` writes docs/commands.md anew."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import charrnn
from charrnn.cli.shared.group import group

ROOT = Path(__file__).parent.parent
PACKAGE = Path(charrnn.__file__).parent
README = (ROOT / "README.md").read_text()
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text()
COMMANDS = ROOT / "docs" / "commands.md"
WIDTH = 100


def help_of(*words):
    size = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    result = CliRunner().invoke(group, [*words, "--help"], prog_name="charrnn", **size)
    assert result.exit_code == 0, result.output
    return result.output


def commands_page():
    names = group.list_commands(click.Context(group))
    parts = ["# Commands", "", "What `--help` prints.", ""]
    for words in ([], *([name] for name in names)):
        parts += [f"## `{' '.join(['charrnn', *words])}`", "", "```text", help_of(*words).rstrip(), "```", ""]
    return "\n".join(parts).rstrip() + "\n"


def test_every_help_shown_is_the_real_one():
    assert COMMANDS.read_text() == commands_page()


def shell_commands():
    """The lines of README for a checkout."""
    return re.findall(r"^python3 -m venv .*", README, re.MULTILINE)


def copy_of_the_checkout(folder):
    # Hidden folders are those of tools, which may write there meanwhile.
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "checkpoints", "corpora", "results")
    shutil.copytree(ROOT, folder, ignore=ignored)


def run(line, folder):
    """Run a line of README in ``folder`` with this environment's programs in the place of a new one's."""
    if sys.platform == "win32":
        pytest.skip("the line is for a POSIX shell")
    programs = Path(sys.executable).parent
    line = re.sub(r"python3 -m venv .venv && .venv/bin/pip install -q .*? && ", "", line)
    line = line.replace(".venv/bin/", f"{programs}/")
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "checkout"
    copy_of_the_checkout(folder)
    return folder


def test_readme_fits_on_three_screens_and_begins_with_what_comes_out():
    assert len(README.splitlines()) <= 150
    install, two_commands = README.index("pip install charrnn-cpu\n"), README.index("$ charrnn train")
    assert install < two_commands < README.index("![") < README.index("\n## ")


def test_readme_has_two_commands_for_a_checkout():
    first, second = shell_commands()
    for line in (first, second):
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")
    assert "--minutes 2 " in first
    assert second in (ROOT / ".ci" / "run").read_text()


def test_the_first_command_trains_and_samples(checkout):
    line = shell_commands()[0].replace("--minutes 2 ", "--steps 3 --hidden-size 8 ")
    line = line.replace("corpus english ", "corpus english --size 50k ")
    result = run(line, checkout)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("The ")
    assert (checkout / "checkpoints" / "english" / "best.safetensors").exists()


def test_the_second_command_finds_the_tests(checkout):
    result = run(shell_commands()[1] + " --collect-only tests/text", checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\d+ tests collected", result.stdout)


@pytest.fixture
def scripts(tmp_path):
    """A folder with texts, and the blocks of the page on batch runs that are about shell scripts, by their language."""
    for name in ("book", "first", "second"):
        (tmp_path / f"{name}.txt").write_text("Four score and seven years ago\n" * 60)
    page = SWEEPS.split("## In shell scripts")[1]
    return tmp_path, {name: re.findall(rf"```{name}\n(.*?)```", page, re.DOTALL) for name in ("sh", "make")}


def test_recipes_for_shell_scripts_work(scripts):
    folder, blocks = scripts
    with_jq, with_xargs = blocks["sh"]
    if shutil.which("jq"):
        result = run(with_jq, folder)
        assert 0 < float(result.stdout) < 8, result.stderr
    result = run(with_xargs, folder)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (folder / "checkpoints").glob("size-*")} == {"size-8", "size-16"}


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_the_makefile_trains_what_is_missing(scripts):
    folder, blocks = scripts
    [makefile] = blocks["make"]
    (folder / "Makefile").write_text(makefile)
    assert run("make", folder).returncode == 0
    assert (folder / "checkpoints" / "second" / "best.safetensors").is_file()
    assert "Nothing to be done" in run("make", folder).stdout


def test_the_sweeps_shown_are_fit(tmp_path):
    from charrnn.cli.sweep import train_options
    from charrnn.sweeps.spec import read_spec

    first, spec, search = re.findall(r"```toml\n(.*?)```", SWEEPS, re.DOTALL)
    path = tmp_path / "sizes.toml"
    (tmp_path / "book.txt").write_text("Four score and seven years ago\n")
    path.write_text(first)
    assert len(read_spec(path, train_options(), tmp_path).runs) == 3
    path.write_text(spec)
    assert len(read_spec(path, train_options(), tmp_path).runs) == 30
    pytest.importorskip("optuna", reason="Optuna is an extra")
    path.write_text(search)
    assert read_spec(path, train_options(), tmp_path).search.trials == 30


def test_the_first_sweep_shown_works(tmp_path):
    [spec, *_] = re.findall(r"```toml\n(.*?)```", SWEEPS, re.DOTALL)
    (tmp_path / "sizes.toml").write_text(spec.replace("steps = 500", "steps = 3"))
    [content] = re.findall(r"```console\n(.*?)```", SWEEPS, re.DOTALL)
    for command in re.findall(r"^\$ (.*)", content, re.MULTILINE):
        result = run(command.replace("--size 300k", "--size 50k"), tmp_path)
        assert result.returncode == 0, f"{command}: {result.stderr}"
    assert len(result.stdout.splitlines()) == 4


def test_the_commands_of_sweeps_work(tmp_path):
    for name in ("book", "other"):
        (tmp_path / f"{name}.txt").write_text("Four score and seven years ago\n" * 60)
    spec = 'corpus = "book.txt"\n[fixed]\nsteps = 3\n[grid]\nhidden-size = [128]\nrng-seed = [0, 1]\n'
    (tmp_path / "sizes.toml").write_text(spec)
    before = SWEEPS.split("## On a Dask cluster")[0]
    lines = [line for block in re.findall(r"```sh\n(.*?)```", before, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 7
    for line in lines:
        result = run(line.replace("--steps 5000", "--steps 5"), tmp_path)
        assert result.returncode == 0, f"{line}: {result.stderr}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(tmp_path, shell):
    [line] = re.findall(rf"```{shell}\n(.*)\n```", SWEEPS)
    told = f"_CHARRNN_COMPLETE={shell}_source charrnn"
    assert line == (f"{told} | source" if shell == "fish" else f'eval "$({told})"')  # as it is copied
    last = "--ret" if shell == "fish" else "2"  # fish gives the word, the others its number
    variables = f"COMP_WORDS='charrnn sweep --ret' COMP_CWORD={last} _CHARRNN_COMPLETE={shell}_complete"
    result = run(f"{variables} charrnn", tmp_path)
    assert "--retry-failed" in result.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_once_it_is_told(tmp_path):
    [line] = re.findall(r"```bash\n(.*)\n```", SWEEPS)
    script = f"{line}; COMP_WORDS=(charrnn swe); COMP_CWORD=1; _charrnn_completion charrnn swe charrnn"
    result = run(f"bash --norc -c '{script}; echo ${{COMPREPLY[@]}}'", tmp_path)
    assert result.stdout.split() == ["sweep", "sweep-table"], result.stderr


def place_of(link, page):
    """Where a link leads; the package may be installed elsewhere."""
    path = Path(os.path.normpath(page.parent / link))
    return PACKAGE / path.relative_to(ROOT / "charrnn") if path.is_relative_to(ROOT / "charrnn") else path


def test_links_lead_somewhere():
    pages = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("benchmarks/*.md"))]
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            assert link.startswith("https://") or place_of(link, page).exists(), f"{page.name}: {link}"


def anchors(page):
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_to_headings_lead_to_headings():
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("benchmarks/*.md"))]:
        for link, fragment in re.findall(r"\]\(([^):]*)#([^)]+)\)", page.read_text()):
            target = page.parent / link if link else page
            assert fragment in anchors(target.read_text()), f"{page.name}: {link}#{fragment}"


if __name__ == "__main__":
    COMMANDS.write_text(commands_page())
