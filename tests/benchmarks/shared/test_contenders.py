import pytest

from benchmarks.shared.contenders import Contender, Text, counted, nearest, networks, paces
from charrnn.registry import names_in

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60


@pytest.fixture
def text(tmp_path):
    (tmp_path / "cats.txt").write_text(TEXT)
    return Text.read(tmp_path / "cats.txt")


def test_the_nearest_size():
    assert [nearest(lambda n: n * n, wanted, 100) for wanted in (0, 5, 7, 90, 20_000)] == [1, 2, 3, 9, 100]


def test_networks_of_one_size(text):
    found = {contender.name: contender for contender in networks(text, 20_000)}
    assert list(found) == [*names_in("cells"), "tdnn"]
    assert all(contender.parameters == pytest.approx(20_000, rel=0.02) for contender in found.values())
    assert found["rnn"].hidden_size > found["lstm"].hidden_size


def test_counts_of_rising_orders_end_where_they_gain_no_more(tmp_path, random):
    (tmp_path / "noise.txt").write_text("".join(random.choice([*"abcd"], 2000)))
    counts = list(counted(Text.read(tmp_path / "noise.txt")))
    assert [count.order for count in counts] == list(range(1, len(counts) + 1))
    assert 2 <= len(counts) < 20
    assert counts[-1].bpc >= min(count.bpc for count in counts)


def test_each_has_a_pace_of_its_own(text):
    contenders = [Contender("lstm", {"cell": "lstm", "hidden_size": hidden}, 0) for hidden in (8, 16)]
    found, seconds = zip(*paces(contenders, text), strict=True)
    assert list(found) == contenders
    assert min(seconds) > 0
