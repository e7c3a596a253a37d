import pytest

from charrnn.errors import ConfigError
from charrnn.sweeps.toml import Document

TEXT = '''name = "a"  # grid = 1

note = """
[grid]
hidden-size = 5
"""

[grid]
hidden-size = [
    8,
    16,
]
rng-seed = [0, 1]

[[run]]
dropout = 0.1

[[run]]
dropout = 0.2
random.x = 1
'''


@pytest.mark.parametrize("text", ["", "name = 'a'", TEXT])
def test_a_byte_order_mark_is_dropped(tmp_path, text):
    (tmp_path / "plain.toml").write_text(text, "utf-8")
    (tmp_path / "marked.toml").write_text(text, "utf-8-sig")
    assert Document(tmp_path / "marked.toml").values == Document(tmp_path / "plain.toml").values


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("name",), 1),
        (("note",), 3),
        (("grid",), 8),
        (("grid", "hidden-size"), 9),
        (("grid", "rng-seed"), 13),
        (("run",), 15),
        (("run", 0, "dropout"), 16),
        (("run", 1), 18),
        (("run", 1, "dropout"), 19),
        (("run", 1, "random", "x"), 20),
    ],
)
def test_a_value_has_the_line_in_which_its_statement_begins(tmp_path, place, line, end):
    path = tmp_path / "spec.toml"
    path.write_bytes(TEXT.replace("\n", end).encode())
    assert Document(path).line_of(place) == line


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1\nb = \n", r"cannot read .*spec\.toml:2 as TOML: Invalid value"),
        (b"a = 1\na = 2\n", r"cannot read .*spec\.toml:2 as TOML: "),
        (b"\xff", r"cannot read .*spec\.toml: .*; give a TOML file"),
        (None, r"cannot read .*spec\.toml: No such file or directory; give a TOML file"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, data, message):
    path = tmp_path / "spec.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        Document(path)
