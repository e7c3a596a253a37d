import pytest

from charrnn.text.folders import files_below


def skip_nothing(name):
    return False


def test_files_are_sorted_by_their_posix_path(tmp_path):
    for name in ["b.txt", "a/z.txt", "a-b/c.txt", "a.txt", "a/b/c.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path, skip_nothing)]
    assert names == ["a-b/c.txt", "a.txt", "a/b/c.txt", "a/z.txt", "b.txt"]


def test_skipped_names_are_left_out_and_not_entered(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").touch()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").touch()
    (tmp_path / "in" / "b.txt").touch()
    assert files_below(tmp_path, "out".__eq__) == [tmp_path / "in" / "b.txt"]


def test_a_dangling_link_is_no_file(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert files_below(tmp_path, skip_nothing) == []


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        files_below(tmp_path / "nothing", skip_nothing)
