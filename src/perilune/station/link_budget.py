"""The budget of a link: what arrives of a sender's power, and the rate that it carries.

C/N0 = EIRP + G/T - k - free-space loss - losses, and the rate is C/N0 over what each bit needs, at
most what is sent, and at most Shannon's limit of the bandwidth (Sklar 2001, chapters 5 and 9).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from perilune.constants import SPEED_OF_LIGHT_KM_S
from perilune.station.facilities import Facility, Terminal
from perilune.times import FloatArray

BOLTZMANN_DB: Final = 10.0 * math.log10(1.380649e-23)  # dB(W/K/Hz); exact, SI


def links_between(senders: Iterable[Facility], receivers: Iterable[Facility]) -> FloatArray:
    """All ways from some facilities to others, one for each pair of terminals of one band.

    Returns:
        (L, 4): C/N0 times the square of the distance, Hz km2; C/N0 by rate; the most that is sent,
        bit/s; the bandwidth, Hz. The last two are infinite where there is no limit.
    """
    ends = [terminal for facility in receivers for terminal in facility.terminals]
    rows = [
        _link(sender, end)
        for facility in senders
        for sender in facility.terminals
        for end in ends
        if sender.eirp is not None and end.g_over_t is not None and sender.band == end.band
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _link(sender: Terminal, receiver: Terminal) -> tuple[float, float, float, float]:
    assert sender.eirp is not None
    assert sender.frequency is not None
    assert sender.eb_n0 is not None
    assert receiver.g_over_t is not None
    wavelength_km = SPEED_OF_LIGHT_KM_S / sender.frequency
    at_1_km_db = 20.0 * math.log10(4.0 * math.pi / wavelength_km)
    losses_db = at_1_km_db + sender.losses + receiver.losses
    carrier_db_hz = sender.eirp + receiver.g_over_t - BOLTZMANN_DB - losses_db
    most = math.inf if sender.data_rate is None else sender.data_rate
    bandwidth = math.inf if sender.bandwidth is None else sender.bandwidth
    return 10.0 ** (carrier_db_hz / 10.0), 10.0 ** (sender.eb_n0 / 10.0), most, bandwidth
