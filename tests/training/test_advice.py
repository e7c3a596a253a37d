import pytest

from charrnn.training.advice import advice


def lines(train, val):
    return [
        {"step": 100 * i, "train_bpc": t, "val_bpc": v}
        for i, (t, v) in enumerate(zip(train, val, strict=True), start=1)
    ]


def test_validation_that_rises_while_training_falls_is_overfitting():
    hint = advice(lines([3.0, 2.2, 2.0, 1.8, 1.6, 1.5], [3.0, 2.4, 2.3, 2.35, 2.4, 2.45]))
    assert hint == (
        "overfitting: since step 300, validation has risen from 2.300 to 2.450 bpc, while training fell to 1.500: "
        "more text helps most, else more --dropout, a smaller model or fewer steps"
    )


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([3.0, 2.6, 2.5, 2.4, 2.3], [3.0, 2.5, 2.6, 2.6, 2.505]),  # fallen again
        ([3.0, 2.4, 2.5, 2.6, 2.6], [3.0, 2.5, 2.6, 2.6, 2.65]),  # training has risen, too
    ],
)
def test_a_rise_that_is_not_clear_is_not_told(train, val):
    assert advice(lines(train, val)) is None


def test_validation_far_above_training_needs_text_or_regularisation():
    hint = advice(lines([3.0, 2.4, 2.0, 1.8, 1.7], [3.0, 2.6, 2.3, 2.2, 2.15]))
    assert hint == (
        "validation (2.150 bpc) is far above training (1.700): more text or more --dropout helps (unless the end of "
        "the text, which validates, is unlike the rest)"
    )


def test_losses_that_are_alike_and_still_fall_need_time_or_size():
    hint = advice(lines([3.0, 2.4, 2.3, 2.2, 2.1], [2.9, 2.45, 2.33, 2.21, 2.12]))
    assert (
        hint
        == "validation (2.120 bpc) and training (2.100) are alike and still falling: train longer, or a larger model"
    )


@pytest.mark.parametrize("val", [[2.9, 2.5, 2.4], [None] * 6, [2.9, 2.5, 2.40, 2.32, 2.33, 2.33]])
def test_where_the_figures_say_nothing_there_is_no_advice(val):
    assert advice(lines([2.9, 2.5, 2.4, 2.3, 2.25, 2.25][: len(val)], val)) is None


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]),  # nothing can fall any more
        ([1.0, 2e-4, 9e-5, 4e-5, 1e-5], [1.0, 2e-4, 1e-4, 5e-5, 2e-5]),  # nor does it, as it is told
        ([2.0, 1.5, 1.5, 1.5, 1.5], [2.0, 1.5004, 1.5003, 1.5002, 1.5001]),  # equal as they are told
        ([3.0, 2.4, 2.2, 2.1, 2.2], [2.9, 2.3, 2.2, 2.2, 2.2]),  # equal
        ([2.0, 1.0, 1.1, 1.2, 1.3], [2.0, 1.34, 1.33, 1.32, 1.31]),  # training rises
        ([1.0, 0.004, 0.003, 0.002, 0.001], [1.0, 0.003, 0.003, 0.003, 0.003]),  # far above, but of nothing
        ([1.0, 0.01, 0.005, 0.003, 0.002], [1.0, 0.03, 0.02, 0.02, 0.02]),
        ([0.1, 2e-4, 1e-4, 1e-4, 1e-4], [0.1, 1e-4, 2e-4, 2e-4, 3e-4]),  # risen from 0.000 to 0.000
    ],
)
def test_nothing_is_said_that_the_figures_told_do_not_show(train, val):
    assert advice(lines(train, val)) is None


def test_validation_far_below_training_is_not_alike():
    hint = advice(lines([4.0, 3.4, 3.2, 3.0, 2.9], [3.5, 2.7, 2.5, 2.4, 2.3]))
    assert hint == "validation (2.300 bpc) and training (2.900) are still falling: train longer, or a larger model"


def test_a_loss_of_nothing_can_rise():
    hint = advice(lines([1.0, 0.3, 0.2, 0.1, 0.05], [1.0, 0.0, 0.2, 0.3, 0.4]))
    assert hint.startswith("overfitting: since step 200, validation has risen from 0.000 to 0.400 bpc, while training")
