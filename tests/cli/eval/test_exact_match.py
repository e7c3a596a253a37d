from collections import Counter

from charrnn.cli.eval.exact_match import exact_match_as_json, exact_match_as_table
from charrnn.scoring.exact_match import ExactMatch


def test_few_lengths_have_a_row_each():
    answers = ExactMatch(Counter({1: 10, 20: 3000}), Counter({20: 1500}))
    assert list(exact_match_as_table(answers)) == [
        "length  asked  right   share",
        "1          10      0   0.00%",
        "20      3,000  1,500  50.00%",
        "all     3,010  1,500  49.83%",
    ]


def test_many_lengths_share_rows():
    answers = ExactMatch(Counter(dict.fromkeys([*range(1, 21), 70, 100, 101, 999], 2)), Counter({101: 1, 7: 2}))
    rows = [line.split() for line in exact_match_as_table(answers)][1:]
    assert [row[:3] for row in rows] == [
        ["1-10", "20", "2"],
        ["11-20", "20", "0"],
        ["70-100", "4", "0"],
        ["101", "2", "1"],
        ["999", "2", "0"],
        ["all", "48", "3"],
    ]


def test_json_has_every_length():
    shown = exact_match_as_json(ExactMatch(Counter({5: 4, 2: 4}), Counter({5: 1})))
    assert shown["lengths"] == [
        {"length": 2, "asked": 4, "right": 0, "share": 0.0},
        {"length": 5, "asked": 4, "right": 1, "share": 0.25},
    ]
    assert (shown["asked"], shown["right"], shown["share"]) == (8, 1, 0.125)
