import json
import os

from benchmarks.shared.machine import describe_machine, machine_lines, output_of


def test_the_machine_is_described_in_json_and_in_text():
    machine = json.loads(json.dumps(describe_machine()))
    assert machine["cpu"]
    assert 1 <= machine["cores_allowed"] <= machine["cores"] == os.cpu_count()
    text = "\n".join(machine_lines(machine))
    for name in ("python", "numpy", "numba", "charrnn"):
        assert f"{name} {machine['versions'][name]}" in text


def test_a_command_that_is_missing_or_fails_says_nothing():
    assert output_of("no-such-program") == ""
    assert output_of("git", "no-such-command") == ""
