import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.corpus import absolute, check_ids, corpus_name, corpus_names, split


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("-", "stdin"),
        ("a.b.txt", "a.b"),
        ("wait....txt", "wait"),
        ("CON.txt", "_CON"),
        ("Nul.v2.txt", "_Nul.v2"),
        ("com1.", "_com1"),
        ("con-air.txt", "con-air"),
        ("console", "console"),
        ("x/tiny_shakespeare-2.txt", "tiny_shakespeare-2"),
        ("War & Peace.txt", "War---Peace"),
        ("война.txt", "война"),
        ("हिन्दी कविता.txt", "हिन्दी-कविता"),
        ("ကျွန်တော်.txt", "ကျွန်တော်"),
        ("می\u200cخواهم.txt", "می\u200cخواهم"),
        ("cafe\u0301.txt", "cafe\u0301"),
        ("café.txt", "café"),
        ("\u202etxt\u2028.txt", "txt-"),
        (".hidden.txt", "hidden"),
        ("--help.txt", "help"),
        ("...", "corpus"),
        ("/", "corpus"),
    ],
)
def test_names_are_fit_for_folders(source, name):
    assert corpus_name(source) == name


def test_names_of_earlier_versions_are_known():
    assert {"_con", "con"} <= set(corpus_names("con.txt"))
    assert {"wait", "wait..."} <= set(corpus_names("wait....txt"))


def test_a_folders_name_is_kept_whole(tmp_path, monkeypatch):
    (tmp_path / "v1.2").mkdir()
    assert corpus_name(str(tmp_path / "v1.2")) == "v1.2"
    monkeypatch.chdir(tmp_path / "v1.2")
    assert corpus_name(".") == "v1.2"


def test_a_link_keeps_the_name_that_the_user_gave(tmp_path):
    (tmp_path / "blob").write_text("text")
    (tmp_path / "poems.txt").symlink_to(tmp_path / "blob")
    assert corpus_name(str(tmp_path / "poems.txt")) == "poems"
    assert absolute([str(tmp_path / "poems.txt")]) == (str(tmp_path / "poems.txt"),)


def test_sources_become_absolute(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    assert absolute(["../folder/.././a.txt", "-"]) == (str(tmp_path / "a.txt"), "-")


@pytest.mark.parametrize(
    ("length", "val_fraction", "cut"),
    [
        (1115394, 0.1, 1003854),  # tinyshakespeare, as nanoGPT cuts it
        (100, 0.0, 100),
        (100, 0.25, 75),
        (90, 0.3, 62),  # 62.99999999999999: floats as nanoGPT rounds them
        (10, 0.1, 10),  # one character would validate
        (20, 0.1, 18),
        (4, 0.99, 2),
        (3, 0.99, 3),
        (2, 0.5, 2),
    ],
)
def test_split(length, val_fraction, cut):
    ids = np.arange(length, dtype=np.int32)
    train, val = split(ids, val_fraction)
    assert len(train) == cut
    assert np.array_equal(np.concatenate([train, val]), ids)
    assert np.shares_memory(train, ids)


@pytest.mark.parametrize("val_fraction", [-0.1, 1.0, 2.0, float("nan")])
def test_a_fraction_out_of_range(val_fraction):
    with pytest.raises(ConfigError, match="less than 1, not"):
        split(np.arange(6), val_fraction)


@pytest.mark.parametrize("ids", [[3], [-1], [0, 1, 2, 3]])
def test_ids_out_of_range_are_an_error(ids):
    check_ids(np.array([0, 2]), 3)
    check_ids(np.array([], np.uint8), 3)
    with pytest.raises(
        CorpusError, match=r"must be 0 to 2, but others were found: the run's corpus\.safetensors is damaged"
    ):
        check_ids(np.array(ids), 3)
