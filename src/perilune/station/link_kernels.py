"""Lines of sight past the Moon and the Earth, and the rates of links, at many times.

Positions are from the Moon's centre in ICRF axes, km. A margin is positive where two ends see each
other and continuous in time, so that its zeros are the passes' ends; it is an angle in radians at
ends on the ground, and the least clearance over a sphere divided by its radius elsewhere.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel
from perilune.station.sky_kernels import horizon_at

# Of `link_rates`' columns: C/N0 times the square of the distance (Hz km2), what each bit needs
# (C/N0 by rate), the most that is sent (bit/s) and the bandwidth (Hz; infinite for no limit).
STRENGTH, NEED, MOST, BANDWIDTH = range(4)
# Of `gather`'s state: time seen, passes, the gap so far, the longest gap, bits there and back, and
# the margin before.
SEEN_D, PASSES, GAP_D, LONGEST_D, BITS, BITS_BACK, BEFORE = range(7)
STATE_SIZE: Final = 7
# So far below all of a site's horizon it does not matter in which direction: nothing rises so much
# within a step.
_FAR_BELOW_RAD: Final = 0.3


@kernel
def evenly_between(
    nodes: NDArray[np.float64], first: float, step: float, out: NDArray[np.float64]
) -> None:
    """Vectors (T, 3) between evenly spaced nodes (N, 3): Lagrange's polynomial through six.

    Args:
        first, step: the times, in steps of the nodes from the first node.
    """
    for i in range(out.shape[0]):
        x = first + i * step
        start = min(max(math.floor(x) - 2, 0), nodes.shape[0] - 6)
        t = x - start
        # The six weights share their products.
        d0, d1, d2, d3, d4, d5 = t, t - 1.0, t - 2.0, t - 3.0, t - 4.0, t - 5.0
        a, b, c = d0 * d1, d2 * d3, d4 * d5
        w0 = -d1 * b * c / 120.0
        w1 = d0 * b * c / 24.0
        w2 = -a * d3 * c / 12.0
        w3 = a * d2 * c / 12.0
        w4 = -a * b * d5 / 24.0
        w5 = a * b * d4 / 120.0
        for k in range(3):
            out[i, k] = (
                w0 * nodes[start, k]
                + w1 * nodes[start + 1, k]
                + w2 * nodes[start + 2, k]
                + w3 * nodes[start + 3, k]
                + w4 * nodes[start + 4, k]
                + w5 * nodes[start + 5, k]
            )


@kernel
def clearance(
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, radius_km: float
) -> float:
    """How far the way from a to b passes over a sphere about the origin, by its radius."""
    dx, dy, dz = bx - ax, by - ay, bz - az
    square = dx * dx + dy * dy + dz * dz
    share = -(ax * dx + ay * dy + az * dz) / square if square > 0.0 else 0.0
    share = min(max(share, 0.0), 1.0)
    x, y, z = ax + share * dx, ay + share * dy, az + share * dz
    return math.sqrt(x * x + y * y + z * z) / radius_km - 1.0


@kernel
def lower_margins(
    sphere_km: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    radius_km: float,
    margin: NDArray[np.float64],
) -> None:
    """Lower the margins (T,) to the clearance of the ways from a to b (T, 3) over a sphere."""
    for i in range(margin.size):
        x, y, z = sphere_km[i, 0], sphere_km[i, 1], sphere_km[i, 2]
        found = clearance(
            a[i, 0] - x, a[i, 1] - y, a[i, 2] - z, b[i, 0] - x, b[i, 1] - y, b[i, 2] - z, radius_km
        )
        margin[i] = min(margin[i], found)


@kernel
def lower_by_ground(
    site: NDArray[np.float64],
    other: NDArray[np.float64],
    axes: NDArray[np.float64],
    horizon_rad: NDArray[np.float64],
    mask_rad: float,
    margin: NDArray[np.float64],
) -> None:
    """Lower the margins (T,) to the other's height over a site's horizon, in radians.

    Args:
        site, other: (T, 3).
        axes: (T, 9) the site's east, north and up.
        horizon_rad: (H,) from north through east.
        mask_rad: the lowest elevation that works.
    """
    lowest = max(horizon_rad.min(), mask_rad)
    for i in range(margin.size):
        x, y, z = other[i, 0] - site[i, 0], other[i, 1] - site[i, 1], other[i, 2] - site[i, 2]
        east = axes[i, 0] * x + axes[i, 1] * y + axes[i, 2] * z
        north = axes[i, 3] * x + axes[i, 4] * y + axes[i, 5] * z
        up = axes[i, 6] * x + axes[i, 7] * y + axes[i, 8] * z
        altitude = math.atan2(up, math.hypot(east, north))
        if altitude < lowest - _FAR_BELOW_RAD:
            margin[i] = min(margin[i], altitude - lowest)
            continue
        ground = horizon_at(horizon_rad, math.atan2(east, north))
        margin[i] = min(margin[i], altitude - max(ground, mask_rad))


@kernel
def link_rates(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    margin: NDArray[np.float64],
    links: NDArray[np.float64],
    rate: NDArray[np.float64],
) -> None:
    """The best rate (T,) in bit/s of any of the links (L, 4) from a to b; 0 where unseen."""
    for i in range(margin.size):
        best = 0.0
        if margin[i] > 0.0:
            x, y, z = b[i, 0] - a[i, 0], b[i, 1] - a[i, 1], b[i, 2] - a[i, 2]
            square = x * x + y * y + z * z
            for k in range(links.shape[0]):
                carrier_hz = links[k, STRENGTH] / square
                found = min(carrier_hz / links[k, NEED], links[k, MOST])
                band_hz = links[k, BANDWIDTH]
                if band_hz < math.inf:
                    found = min(found, band_hz * math.log2(1.0 + carrier_hz / band_hz))
                best = max(best, found)
        rate[i] = best


@kernel
def relay(
    margin: NDArray[np.float64],
    rates: NDArray[np.float64],
    up_margin: NDArray[np.float64],
    up_rates: NDArray[np.float64],
    down_margin: NDArray[np.float64],
    down_rates: NDArray[np.float64],
) -> None:
    """Add a way over a relay to margins (T,) and rates (2, T), there and back."""
    for i in range(margin.size):
        margin[i] = max(margin[i], min(up_margin[i], down_margin[i]))
        for k in range(2):
            rates[k, i] = max(rates[k, i], min(up_rates[k, i], down_rates[k, i]))


@kernel
def gather(
    margin: NDArray[np.float64],
    rates: NDArray[np.float64],
    step_d: float,
    is_first: bool,
    state: NDArray[np.float64],
) -> None:
    """Add a stretch of times to a link's state (`STATE_SIZE`,).

    Margins are linear between times, and so their zeros; bits are sent at the rate of the time
    that is seen, over the part of the step that is seen.
    """
    for i in range(margin.size):
        now = margin[i]
        if is_first and i == 0:
            if now > 0.0:
                state[PASSES] += 1.0
            state[BEFORE] = now
            continue
        before = state[BEFORE]
        seen_d = 0.0
        if before > 0.0 and now > 0.0:
            seen_d = step_d
        elif before > 0.0:
            seen_d = step_d * before / (before - now)
            state[GAP_D] = step_d - seen_d
        elif now > 0.0:
            seen_d = step_d * now / (now - before)
            state[PASSES] += 1.0
            state[LONGEST_D] = max(state[LONGEST_D], state[GAP_D] + step_d - seen_d)
            state[GAP_D] = 0.0
        else:
            state[GAP_D] += step_d
        state[SEEN_D] += seen_d
        # At a pass's end the rate is that before.
        at = i if now > 0.0 or i == 0 else i - 1
        state[BITS] += rates[0, at] * seen_d * 86400.0
        state[BITS_BACK] += rates[1, at] * seen_d * 86400.0
        state[BEFORE] = now
