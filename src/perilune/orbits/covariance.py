"""What makes a covariance acceptable, and how it is carried through a linear map.

A published covariance is a rounded one: an entry printed with d digits is off by up to half a unit
of its last digit. In the correlation matrix (every variance scaled to 1) this moves an entry by at
most 2 u, u = 10^(1-d), and by Weyl's theorem no eigenvalue by more than 2 n u. So a lowest
eigenvalue of the correlation matrix down to -4 n u is rounding and anything below is an error of
the matrix, which nothing here repairs. All published covariances that the tests read have a
positive lowest eigenvalue (the smallest 1.8e-13, NEOCC's 2024 BX1), far above their own limit
of -2.4e-14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.errors import CovarianceError, InputError

DOUBLE_ROUNDING: Final = 1e-15  # 16 printed digits, as SBDB and NEOCC print them


def check_covariance(
    covariance: NDArray[np.float64],
    parameters: Sequence[str],
    *,
    file: str | None = None,
    rounding: float = DOUBLE_ROUNDING,
) -> None:
    """Raise unless the matrix is finite, symmetric and positive semi-definite within rounding.

    Args:
        covariance: shape (n, n), the square and products of the parameters' units.
        parameters: the n parameters' names, for the message.
        file: where the matrix comes from, for the message.
        rounding: the relative unit of the last printed digit, 10^(1 - digits).

    Raises:
        InputError: an entry is NaN or infinite.
        CovarianceError: wrong shape, not symmetric, or with a negative eigenvalue (named).
    """
    n = len(parameters)
    if covariance.shape != (n, n):
        raise CovarianceError(
            "the covariance does not have one row and column for each parameter",
            file=file,
            field="covariance",
            found="×".join(map(str, covariance.shape)),
            expected=f"{n}×{n} for {', '.join(parameters)}",
        )
    bad = np.argwhere(~np.isfinite(covariance))
    if bad.size:
        row, column = bad[0]
        raise InputError(
            "the covariance holds a value that is not a finite number",
            file=file,
            field=f"covariance({parameters[row]}, {parameters[column]})",
            found=float(covariance[row, column]),
            expected="finite numbers only",
        )
    variances = np.diag(covariance)
    if variances.min() < 0.0:
        worst = int(variances.argmin())
        raise CovarianceError(
            "a variance is negative, so the covariance has a negative eigenvalue",
            file=file,
            field=f"covariance({parameters[worst]}, {parameters[worst]})",
            found=float(variances[worst]),
            expected="a variance of zero or more",
            remedy="Perilune does not repair covariances; get the orbit again from its publisher.",
        )
    # A parameter without uncertainty keeps scale 1: its row must then be zero to pass. Dividing
    # one axis at a time keeps variances as small as 1e-300 from underflowing in the product.
    scale = np.sqrt(np.where(variances > 0.0, variances, 1.0))
    with np.errstate(over="ignore", invalid="ignore"):
        correlation = covariance / scale[:, None] / scale[None, :]
        asymmetry = np.abs(correlation - correlation.T)
    limit = max(4.0 * n * rounding, 1e-12)  # symmetric to the eye; others' arithmetic leaves 1e-13
    if not asymmetry.max() <= limit:
        row, column = divmod(int(np.argmax(asymmetry)), n)
        raise CovarianceError(
            "the covariance is not symmetric",
            file=file,
            field=f"covariance({parameters[row]}, {parameters[column]})",
            found=float(covariance[row, column]),
            expected=f"{float(covariance[column, row])!r} as on the other side of the diagonal",
        )
    lowest = float(np.linalg.eigvalsh(0.5 * correlation + 0.5 * correlation.T)[0])
    if lowest < -4.0 * n * rounding:
        raise CovarianceError(
            f"the covariance is not positive: its correlations have the eigenvalue {lowest:.6g}",
            file=file,
            field="covariance",
            found=lowest,
            expected=f"no eigenvalue below {-4.0 * n * rounding:.2g}, which rounding could explain",
            remedy="Perilune does not repair covariances; get the orbit again from its publisher.",
        )


def rounding_of(printed: Iterable[str]) -> float:
    """The relative unit of the last printed digit, 10^(1 - digits), of the longest number.

    Trailing zeros do not count, so that a matrix printed again with more of them stays what it
    is; among the numbers of a matrix one without them is as good as sure.
    """
    digits = [len(re.split("[eEdD]", token)[0].replace(".", "").strip("+-0 ")) for token in printed]
    return float(10.0 ** (1 - min(max(digits, default=1) or 1, 16)))


def map_covariance(
    covariance: NDArray[np.float64], jacobian: NDArray[np.float64]
) -> NDArray[np.float64]:
    """J C J^T, symmetric to the last bit; shapes (n, n) and (m, n) give (m, m).

    Raises:
        CovarianceError: the result is larger than a number can be.
    """
    # Scales are powers of two, near the standard deviations: they cost no digit, so that the unit
    # matrix as Jacobian gives the covariance back to the last bit.
    deviations = np.sqrt(np.where(np.diag(covariance) > 0.0, np.diag(covariance), 1.0))
    scale = np.exp2(np.round(np.log2(deviations)))
    correlation = covariance / scale[:, None] / scale[None, :]
    scaled = jacobian * scale
    with np.errstate(over="ignore", invalid="ignore"):
        mapped: NDArray[np.float64] = scaled @ (0.5 * correlation + 0.5 * correlation.T) @ scaled.T
    if not np.isfinite(mapped).all():
        raise CovarianceError(
            "the covariance is too large to be turned into other units or elements",
            field="covariance",
            found=float(np.diag(covariance).max()),
            expected="variances of an orbit",
        )
    return 0.5 * mapped + 0.5 * mapped.T
