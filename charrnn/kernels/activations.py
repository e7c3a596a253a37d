"""Vectorised tanh, sigmoid and exp, and the derivatives of tanh and sigmoid computed from their outputs.

In float32 these are rational and polynomial fits, because calling a mathematics library for each element would cost
more than the matrix products. In float64 they call the library. NaN stays NaN, so that divergence can be detected.

Python code that calls these functions runs their NumPy versions; kernels get the compiled ones.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from charrnn.kernels.intrinsics import clamp
from charrnn.kernels.jit import COMPILER_OPTIONS

f32 = np.float32


def tanh(x):
    """Hyperbolic tangent; float32: absolute error below 4e-7."""
    return np.tanh(x)


def sigmoid(x):
    """``1 / (1 + exp(-x))``, as ``tanh(x / 2) / 2 + 1 / 2``; float32: absolute error below 3e-7."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def exp(x):
    """Exponential function of x <= 0; float32: relative error below 4e-7 + 1e-7 |x|; for x < -88, the result is 0."""
    return np.exp(x)


def _tanh32(x):
    # x P(x^2) / Q(x^2), a minimax fit on |x| <= 9; beyond, float32 rounds tanh to 1.
    x = clamp(x, f32(-9), f32(9))
    u = x * x
    p = f32(1.33546982e-08) * u + f32(2.06091582e-05)
    p = p * u + f32(0.00349559515)
    p = p * u + f32(0.133810324)
    p = p * u + f32(0.99999998)
    q = f32(7.77658751e-07) * u + f32(0.000328564455)
    q = q * u + f32(0.0258770116)
    q = q * u + f32(0.467143481)
    q = q * u + f32(1)
    return clamp(x * p / q, f32(-1), f32(1))


def _exp32(x):
    # 2^n 2^f with |f| <= 1/2: a polynomial gives 2^f; n goes into the exponent's bits.
    x = x * f32(1.44269504)
    if x < f32(-127):
        x = f32(-127)  # the exponent's bits become 0, and so does the result
    n = np.rint(x)
    f = x - n
    p = f32(0.00132764691) * f + f32(0.00967554131)
    p = p * f + f32(0.0555071328)
    p = p * f + f32(0.240221197)
    p = p * f + f32(0.693146967)
    p = p * f + f32(1.00000007)
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


def _tanh64(x):
    return math.tanh(x)


def _exp64(x):
    return math.exp(x)


@overload(tanh, jit_options=COMPILER_OPTIONS)
def _tanh(x):
    return _tanh32 if x == types.float32 else _tanh64


@overload(sigmoid, jit_options=COMPILER_OPTIONS)
def _sigmoid(x):
    if x == types.float32:
        return lambda x: f32(0.5) * tanh(f32(0.5) * x) + f32(0.5)
    return lambda x: 0.5 * math.tanh(0.5 * x) + 0.5


@overload(exp, jit_options=COMPILER_OPTIONS)
def _exp(x):
    return _exp32 if x == types.float32 else _exp64


def tanh_gradient(y):
    """Derivative of y = tanh(x), computed from ``y``."""
    return 1 - y * y


def sigmoid_gradient(y):
    """Derivative of y = sigmoid(x), computed from ``y``."""
    return y * (1 - y)


@overload(tanh_gradient, jit_options=COMPILER_OPTIONS)
def _tanh_gradient(y):
    one = np.float32(1) if y == types.float32 else np.float64(1)  # an int would promote float32 to float64
    return lambda y: one - y * y


@overload(sigmoid_gradient, jit_options=COMPILER_OPTIONS)
def _sigmoid_gradient(y):
    one = np.float32(1) if y == types.float32 else np.float64(1)
    return lambda y: y * (one - y)
