from cells.checks import check_cell, shapes
from cells.test_leaky import step


@shapes
def test_loss_state_and_gradients_equal_the_equations_and_rates_stay(make_parameters, random, shape):
    parameters = make_parameters(cell="leaky-fixed", vocab_size=7, hidden_size=17, precision="float64", **shape)
    check_cell(parameters, step, random)
