import io

import pytest

from charrnn.cli.sample.display import Display

CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]


class Screen(io.TextIOWrapper):
    def __init__(self, terminal):
        super().__init__(io.BytesIO(), "utf-8", newline="\n")
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    @property
    def shown(self):
        self.flush()
        return self.buffer.getvalue()


def written(unit, pieces, terminal):
    screen = Screen(terminal)
    display = Display(unit, screen)
    for piece in pieces:
        display.write(piece)
    display.end()
    return screen.shown


@pytest.mark.parametrize("code", CONTROLS)
def test_a_terminal_is_shown_control_characters_escaped(code):
    wanted = chr(code) if chr(code) in "\n\t" else f"\\x{code:02x}"
    assert written("character", ["a", chr(code) + "[31m"], True) == f"a{wanted}[31m".encode()
    assert written("byte", [*chr(code).encode().decode("latin-1"), "b"], True) == f"{wanted}b".encode()


def test_a_terminal_does_not_turn_the_direction_of_writing():
    text = "a\u202eb\u2066c\u200fשלום"
    assert written("character", [text], True).decode() == "a\\u202eb\\u2066c\u200fשלום"
    assert written("byte", [*text.encode().decode("latin-1")], True).decode() == "a\\u202eb\\u2066c\u200fשלום"
    assert written("character", [text], False).decode() == text


@pytest.mark.parametrize("unit", ["character", "byte"])
@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["a\r\nb\r\n"], "a\nb\n"),
        (["a\r", "\nb\r", "", "\n"], "a\nb\n"),
        (["a\rb\r\r\n"], "a\\x0db\\x0d\n"),
        (["a\r", "b"], "a\\x0db"),
        (["a\r"], "a\\x0d"),
        (["\n\r"], "\n\\x0d"),
    ],
)
def test_a_carriage_return_before_a_newline_is_not_shown(unit, pieces, shown):
    assert written(unit, pieces, True).decode() == shown
    assert written(unit, pieces, False).decode() == "".join(pieces)


def test_code_units_are_put_together():
    pieces = ["a\ud83d", "\ude00b", "\ud83dc\ude00", "\ud83d"]
    for terminal in (True, False):
        assert written("code unit", pieces, terminal).decode() == "a😀b\ufffdc\ufffd\ufffd"


def test_a_pipe_gets_all_unchanged():
    everything = "".join(map(chr, range(256)))
    assert written("character", [everything], False) == everything.encode()
    assert written("byte", [everything], False) == bytes(range(256))


def test_bytes_are_shown_as_utf_8_however_they_are_cut():
    data = "é☃𝄞\x1b".encode()
    pieces = [chr(byte) for byte in data]
    assert written("byte", pieces, True) == "é☃𝄞\\x1b".encode()


def test_bytes_that_are_not_utf_8_are_shown_escaped():
    assert written("byte", ["a\x9b", "31m", "\xe2\x98"], True) == b"a\\x9b31m\\xe2\\x98"
