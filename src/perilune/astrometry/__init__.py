"""Observations: their formats, their observers, their errors."""

from perilune.astrometry.ades_writing import write_ades_psv
from perilune.astrometry.duplicates import Duplicates, find_duplicates
from perilune.astrometry.obs80_writing import write_obs80
from perilune.astrometry.reading import Reading, parse_observations, read_observations
from perilune.astrometry.rejections import RejectedLine

__all__ = [
    "Duplicates",
    "Reading",
    "RejectedLine",
    "find_duplicates",
    "parse_observations",
    "read_observations",
    "write_ades_psv",
    "write_obs80",
]
