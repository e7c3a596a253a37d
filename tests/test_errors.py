"""Every row of the table in docs/errors.md, run as a user would, and the form of all messages in the source."""

import ast
import gzip
import json
import re
import shlex
import struct
import zipfile
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from charrnn import errors
from charrnn.cli.shared.group import group

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "errors.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| `charrnn (.+?)` \| (.+?) \| (\d+) \|$", PAGE, re.MULTILINE)
TEXT = "Four score and seven years ago\n" * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the table's commands need to fail."""
    folder = tmp_path_factory.mktemp("errors")
    (folder / "corpus.txt").write_text(TEXT)
    (folder / "changed.txt").write_text(TEXT + "Quartz\n")
    (folder / "empty.txt").write_text("")
    (folder / "one.txt").write_text("F")
    (folder / "emptyfolder").mkdir()
    (folder / "latin.txt").write_bytes("score\ncafé\n".encode("latin-1"))
    (folder / "nul.txt").write_bytes(b"abc\0def")
    (folder / "half.txt").write_bytes(rb"a \ud83d b")
    (folder / "wide.txt").write_bytes(TEXT.encode("utf-16-le"))
    (folder / "damaged.gz").write_bytes(gzip.compress(TEXT.encode())[:-20])
    for name, member in (("hidden.zip", ".hidden"), ("book.epub", "mimetype")):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(member, "text")
    (folder / "sizes.toml").write_text('corpus = "corpus.txt"\n\n[grid]\nhidden-size = [8]\n')
    (folder / "wrong.toml").write_text('corpus = "corpus.txt"\n\n[grid]\nhidden-size = [8, 0]\n')
    (folder / "endless.toml").write_text('corpus = "corpus.txt"\n\n[random]\ntrials = 1000000000\ndropout = [0.1]\n')
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    train = ["train", "corpus.txt", "--steps", "2", "--hidden-size", "8", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for options in ([], ["--documents", "line", "--checkpoints", "other"]):
            result = CliRunner().invoke(group, [*train, *options])
            assert result.exit_code == 0, result.output
    (folder / "other" / "corpus" / "last.safetensors").rename(folder / "lines.safetensors")
    last = folder / "checkpoints" / "corpus" / "last.safetensors"
    (folder / "cut.safetensors").write_bytes(last.read_bytes()[:3000])
    return folder


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_table_was_found():
    assert len(ROWS) == PAGE.count("| `charrnn ") > 20


@pytest.mark.parametrize(("case", "command", "message", "code"), ROWS, ids=[row[0] for row in ROWS])
def test_an_error_is_as_the_table_says(folder, monkeypatch, case, command, message, code):
    monkeypatch.chdir(folder)
    before = contents(folder)
    result = CliRunner().invoke(group, shlex.split(command), prog_name="charrnn")
    assert result.exit_code == int(code), result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    prefix = "Error: " if code == "2" else "charrnn: error: "
    assert re.fullmatch(prefix + pattern, lines[-1]), lines
    assert len(lines) == 1 or code == "2"
    assert contents(folder) == before


ERRORS = {name for name, value in vars(errors).items() if isinstance(value, type)} | {"UsageError", "BadParameter"}
"""Classes whose messages are read; those of click are sentences that end with a full stop."""

VALUE = re.compile(r".+ must .+, not .+")
ADVICE = (
    "add ask check choose continue copy correct count decode draw free get give install leave lower make mend pipe put "
    "raise re-encode read remove rename sample save see set start take train try type unpack unset upgrade use wait "
    "write"
)
"""The verbs with which an advice begins; "did you mean" is click's form of one."""

FAILURE = re.compile(rf".+: (.+; )?({ADVICE.replace(' ', '|')}|did you mean) .+")


class Sources:
    """The source of the package, in which the possible texts of a message are found without running it."""

    def __init__(self):
        self.trees = {path: ast.parse(path.read_text()) for path in sorted((ROOT / "charrnn").rglob("*.py"))}
        self._parents = {}
        self._returned = {}
        for node in (node for tree in self.trees.values() for node in ast.walk(tree)):
            self._parents |= dict.fromkeys(ast.iter_child_nodes(node), node)
            if isinstance(node, ast.FunctionDef):
                returns = [found.value for found in ast.walk(node) if isinstance(found, ast.Return) and found.value]
                self._returned.setdefault(node.name, []).extend(returns)

    def messages(self):
        """Where each message stands and what it says, as often as it has forms."""
        for path, tree in self.trees.items():
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
                is_located = (
                    called(call) == "error" and len(call.args) == 2
                )  # of a sweep's file: the place, the message
                if (called(call) in ERRORS or is_located) and not self._repeats_another(call):
                    for text in self.texts(call.args[is_located]):
                        is_sentence = called(call) in ("UsageError", "BadParameter")
                        assert text.endswith(".") == is_sentence, text
                        yield f"{path.relative_to(ROOT)}:{call.lineno}", text.removesuffix(".")

    def texts(self, node, depth=0):
        """The texts that an expression can be, with … for what only a run can tell."""

        def inner(node):
            return self.texts(node, depth + 1)

        found = []
        if depth > 8:
            return ["…"]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [node.value]
        elif isinstance(node, ast.FormattedValue) and node.conversion == -1 and not node.format_spec:
            found = inner(node.value)
        elif isinstance(node, ast.JoinedStr):
            found = ["".join(parts) for parts in product(*map(inner, node.values))]
        elif isinstance(node, ast.IfExp):
            found = inner(node.body) + inner(node.orelse)
        elif isinstance(node, ast.Call) and called(node) in ERRORS:
            found = inner(node.args[0])
        elif isinstance(node, ast.Call):
            found = [text for returned in self._returned.get(called(node), []) for text in inner(returned)]
        elif isinstance(node, ast.Name):
            found = [text for value in self._assigned(node) for text in inner(value)]
        return [text for text in found if text != "…"] or ["…"]

    def _assigned(self, name):
        """What the function around a name assigns to it."""
        if function := self._around(name, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and any(getattr(to, "id", None) == name.id for to in node.targets):
                    yield node.value

    def _repeats_another(self, call):
        """Whether the message holds that of an error of ours, or is given by callers whose own messages are read."""
        held = {node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)}
        function = self._around(call, ast.FunctionDef)
        parameters = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)} if function else set()
        if held & parameters & {"message", "advice"}:  # of Document.error and require_memory
            return True
        handler = self._around(call, ast.ExceptHandler)
        if handler is None or handler.type is None or handler.name not in held:
            return False
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        return all(getattr(kind, "attr", getattr(kind, "id", None)) in ERRORS for kind in caught)

    def _around(self, node, kind):
        while node is not None and not isinstance(node, kind):
            node = self._parents.get(node)
        return node


def called(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def test_a_message_says_what_must_be_or_what_failed_and_what_to_do():
    messages = list(Sources().messages())
    assert len(messages) > 200
    unfit = [
        f"{place}: {text}" for place, text in messages if not VALUE.fullmatch(text) and not FAILURE.fullmatch(text)
    ]
    assert not unfit, "\n".join(unfit)
