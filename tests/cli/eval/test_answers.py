from collections import Counter

from charrnn.cli.eval.answers import answers_as_json, answers_as_table
from charrnn.scoring.answers import Answers


def test_few_lengths_have_a_row_each():
    answers = Answers(Counter({1: 10, 20: 3000}), Counter({20: 1500}))
    assert list(answers_as_table(answers)) == [
        "length  asked  right   share",
        "1          10      0   0.00%",
        "20      3,000  1,500  50.00%",
        "all     3,010  1,500  49.83%",
    ]


def test_many_lengths_share_rows():
    answers = Answers(Counter(dict.fromkeys([*range(1, 21), 70, 100, 101, 999], 2)), Counter({101: 1, 7: 2}))
    rows = [line.split() for line in answers_as_table(answers)][1:]
    assert [row[:3] for row in rows] == [
        ["1-10", "20", "2"],
        ["11-20", "20", "0"],
        ["70-100", "4", "0"],
        ["101", "2", "1"],
        ["999", "2", "0"],
        ["all", "48", "3"],
    ]


def test_json_has_every_length():
    shown = answers_as_json(Answers(Counter({5: 4, 2: 4}), Counter({5: 1})))
    assert shown["lengths"] == [
        {"length": 2, "asked": 4, "right": 0, "share": 0.0},
        {"length": 5, "asked": 4, "right": 1, "share": 0.25},
    ]
    assert (shown["asked"], shown["right"], shown["share"]) == (8, 1, 0.125)
