"""Noise for differential privacy. Drawn by OpenDP where it is installed, and else here: exactly, with whole numbers only.

Floating-point noise leaks (Mironov 2012), so both draw from discrete distributions. Ours are the samplers of Canonne, Kamath
and Steinke, "The Discrete Gaussian for Differential Privacy" (2020), algorithms 1 to 3, on the operating system's randomness.
"""

import math
import secrets
from collections.abc import Callable, Sequence
from fractions import Fraction

LAPLACE, GAUSSIAN = "laplace", "gaussian"


def scale(mechanism: str, sensitivity: int, epsilon: Fraction, delta: Fraction) -> Fraction:
    """How wide the noise must be. Laplace: sensitivity / epsilon, for (epsilon, 0).

    Gaussian: sigma for (epsilon, delta) by way of concentrated privacy: rho-zCDP gives epsilon = rho + 2 sqrt(rho ln(1/delta))
    (Bun and Steinke 2016), and sigma = sensitivity / sqrt(2 rho) gives rho. Rounded up, so never too narrow.
    Raises ValueError.
    """
    if epsilon <= 0 or sensitivity <= 0:
        raise ValueError("epsilon and the sensitivity are more than 0")
    if mechanism == LAPLACE:
        return Fraction(sensitivity) / epsilon
    if not 0 < delta < 1:
        raise ValueError("Gaussian noise needs a delta between 0 and 1")
    far = math.log(1 / delta)
    root = math.sqrt(far + float(epsilon)) - math.sqrt(far)
    sigma = sensitivity / (math.sqrt(2) * root)
    return Fraction(math.ceil(sigma * 1.000001 * 1024), 1024)


def error(mechanism: str, width: Fraction, share: float = 0.95) -> int:
    """Within how much of the truth a noisy number lies with this probability."""
    if mechanism == LAPLACE:
        return math.ceil(float(width) * math.log(1 / (1 - share)))
    return math.ceil(float(width) * 1.96)


def add(values: Sequence[int], mechanism: str, width: Fraction) -> tuple[list[int], str]:
    """The values with noise, each its own, and the name of what drew it."""
    library = _opendp(mechanism, width)
    if library is not None:
        return library(values), "OpenDP"
    draw = laplace if mechanism == LAPLACE else gaussian
    return [value + draw(width) for value in values], "built in"


def _opendp(mechanism: str, width: Fraction) -> Callable[[Sequence[int]], list[int]] | None:
    """OpenDP's discrete mechanism of this width over whole numbers, or None where the library is not installed."""
    try:
        import opendp.prelude as dp  # noqa: PLC0415  # large, and not needed by whoever releases no noisy table
    except ImportError:
        return None
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64"))
    # Up, never down: the width as a float must not be narrower than what was charged for.
    wide = math.nextafter(float(width), math.inf)
    if mechanism == LAPLACE:
        measurement = dp.m.make_laplace(space, dp.l1_distance(T="i64"), scale=wide)
    else:
        measurement = dp.m.make_gaussian(space, dp.l2_distance(T="f64"), scale=wide)
    return lambda values: [int(one) for one in measurement(list(values))]


def laplace(width: Fraction) -> int:
    """The discrete Laplace distribution, P(x) in proportion to exp(-|x| / width), by algorithm 2 of the paper."""
    t, s = width.numerator, width.denominator
    while True:
        u = secrets.randbelow(t)
        if not _bernoulli_exp(Fraction(u, t)):
            continue
        v = 0
        while _bernoulli_exp(Fraction(1)):
            v += 1
        value = (u + t * v) // s
        negative = secrets.randbelow(2)
        if negative and not value:
            continue
        return -value if negative else value


def gaussian(width: Fraction) -> int:
    """The discrete Gaussian with sigma = width, by algorithm 3 of the paper."""
    variance = width * width
    t = Fraction(math.floor(width) + 1)
    while True:
        value = laplace(t)
        if _bernoulli_exp((abs(value) - variance / t) ** 2 / (2 * variance)):
            return value


def _bernoulli_exp(rate: Fraction) -> bool:
    """True with probability exp(-rate), rate >= 0, by algorithm 1 of the paper."""
    while rate > 1:
        if not _bernoulli_exp(Fraction(1)):
            return False
        rate -= 1
    k = 1
    while _bernoulli(rate / k):
        k += 1
    return k % 2 == 1


def _bernoulli(chance: Fraction) -> bool:
    return secrets.randbelow(chance.denominator) < chance.numerator
