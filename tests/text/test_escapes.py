import pytest

from charrnn.text.escapes import unescaped


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("", ""),
        ("plain é", "plain é"),
        (r"a\nb\tc\r\n", "a\nb\tc\r\n"),
        (r"C:\\new", r"C:\new"),
        (r"a\b \x \\n \\\n", "a\\b \\x \\n \\\n"),
        ("ends with \\", "ends with \\"),
    ],
)
def test_escapes_are_characters_and_other_backslashes_stay(typed, text):
    assert unescaped(typed) == text
