"""Small labelled texts: words of each label have letters of their own, and some in common."""

import numpy as np

LETTERS = {"Low": "abcdea", "Middle": "hijklae", "High": "uvwxyza"}


def labelled(count=60, seed=0):
    """Pairs of a text and its label; the labels take turns."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = [*LETTERS][number % len(LETTERS)]
        rows.append(("".join(random.choice([*LETTERS[label]], random.integers(3, 9))), label))
    return rows


def write_tsv(path, rows):
    """The file, of a column for each member of a row."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
    return str(path)
