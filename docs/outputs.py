"""Run the commands of pages and write what they print below them.

    python docs/outputs.py README.md docs/tutorial.md

The commands of a page's ``console`` blocks run from top to bottom in one empty folder, and so do its ``python`` blocks
between them. A ``toml`` block that begins with a comment such as ``# cells.toml`` becomes that file. What
``charrnn eval --heat`` shows becomes the picture ``docs/heat.svg``.
"""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(console|python|toml)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
HEAT = ROOT / "docs" / "heat.svg"

LEFT_OUT = ("drawn from ", "compiling ")
"""How lines begin that are not shown: they tell where and on which machine the page was made."""

LONGEST = 9
"""Lines of output that are shown in full; of more, the middle is left out."""

WIDTH = 100
"""Characters of a line; longer ones are wrapped."""


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """The language and the content of each block of a page that is run."""
    yield from BLOCK.findall(page)


def commands(content: str) -> list[str]:
    """The commands of a ``console`` block, without what they print."""
    return [line[2:] for line in content.splitlines() if line.startswith("$ ")]


def run(command: str, folder: Path) -> tuple[str, str]:
    """Run a shell command in a folder; what it prints on standard output and on standard error.

    Raises:
        SystemExit: it fails.
    """
    programs = Path(sys.executable).parent
    variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "COLUMNS": str(WIDTH)}
    if "--heat" in command:
        variables["FORCE_COLOR"] = "1"  # as on a terminal
    result = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SystemExit(f"{command}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout, result.stderr


def run_block(language: str, content: str, folder: Path) -> None:
    """Run the content of a ``python`` block, or write the file of a ``toml`` block that has a name."""
    if language == "python":
        subprocess.run([sys.executable, "-c", content], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    elif name := re.match(r"# (\S+\.toml)\n", content):
        (folder / name.group(1)).write_text(content)


def shown(output: str) -> str:
    """What a page shows of an output: lines of at most ``WIDTH`` characters, and of many only the first and last."""
    told = [line for line in output.splitlines() if not line.startswith(LEFT_OUT)]
    lines = [part for line in told for part in textwrap.wrap(line, WIDTH) or [""]]
    while lines and not lines[0]:
        del lines[0]
    if len(lines) > LONGEST:
        lines = [*lines[: LONGEST // 2], "...", *lines[-(LONGEST // 2) :]]
    return "".join(line.rstrip() + "\n" for line in lines)


def picture(output: str) -> str:
    """Text on the background colours of a terminal, as SVG."""
    rows = []
    for row, line in enumerate(output.rstrip("\n").split("\n")):
        column, cells, text = 0, [], ""
        for code, part in re.findall(r"(?:^|\x1b\[([\d;]*)m)([^\x1b]*)", line):
            colour = code.partition("48;5;")[2]
            place = f'x="{10 + 8 * column}" y="{6 + 20 * row}" width="{8 * len(part)}" height="18"'
            cells += [f'<rect {place} fill="{_rgb(int(colour))}"/>'] if colour and part else []
            text, column = text + part, column + len(part)
        stretch = f'textLength="{8 * len(text)}" xml:space="preserve"'
        rows += [*cells, f'<text x="10" y="{20 + 20 * row}" {stretch}>{escape(text)}</text>'] if text else []
    height = 20 * (output.rstrip("\n").count("\n") + 1) + 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{8 * 80}" height="{height}"'
    head += ' font-family="monospace" font-size="13">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *rows, "</svg>", ""])


def _rgb(colour: int) -> str:
    """One of the 6 x 6 x 6 colours of terminals."""
    levels = (0, 95, 135, 175, 215, 255)
    red, rest = divmod(colour - 16, 36)
    return "#{:02x}{:02x}{:02x}".format(levels[red], *(levels[part] for part in divmod(rest, 6)))


def write_outputs(path: Path, folder: Path) -> None:
    """Run a page in a folder and write its outputs anew."""
    page = path.read_text()

    def again(match: re.Match[str]) -> str:
        language, content = match.groups()
        if language != "console":
            run_block(language, content, folder)
            return match.group()
        parts = []
        for command in commands(content):
            print(f"$ {command}", file=sys.stderr)
            out, err = run(command, folder)
            if "--heat" in command:
                HEAT.write_text(picture(out))
                out = ""
            parts.append(f"$ {command}\n{shown(out.rstrip() + chr(10) + err)}")
        return f"```console\n{''.join(parts)}```\n"

    path.write_text(BLOCK.sub(again, page))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with TemporaryDirectory() as made:
            write_outputs(ROOT / name, Path(made))
