"""Observations: their formats, their observers, their errors."""

from perilune.astrometry.reading import Reading, parse_observations, read_observations
from perilune.astrometry.rejections import RejectedLine

__all__ = ["Reading", "RejectedLine", "parse_observations", "read_observations"]
