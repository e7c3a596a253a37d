import pytest

from charrnn.registry import names_in


@pytest.fixture
def export(invoke, checkpoints):
    return lambda *arguments: invoke("export", "--checkpoints", checkpoints, *arguments)


def test_every_target_is_a_choice_that_the_help_explains(export):
    shown = " ".join(export("--help").stdout.split())
    for name in names_in("exports"):
        assert f"{name}, " in shown
    assert export("letters", "--to", "parchment", "-o", "x").exit_code == 2
    assert export("letters", "-o", "x").exit_code == 2


def test_an_existing_file_stays_unless_it_may_be_replaced(export, tmp_path):
    output = tmp_path / "new" / "model.safetensors"
    done = export("letters", "--to", "safetensors", "-o", output)
    assert done.stdout == ""
    assert done.stderr.startswith(f"wrote {output} (")
    before = output.read_bytes()
    refused = export("bytes", "--to", "safetensors", "-o", output)
    assert refused.exit_code == 1
    assert "choose another --output, or replace it with --overwrite" in refused.stderr
    assert output.read_bytes() == before
    assert export("bytes", "--to", "safetensors", "-o", output, "--overwrite").exit_code == 0
    assert output.read_bytes() != before


def test_a_missing_run_writes_nothing(export, tmp_path):
    assert export("nobody", "--to", "safetensors", "-o", tmp_path / "out").exit_code == 1
    assert list(tmp_path.iterdir()) == []
