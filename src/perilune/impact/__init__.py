"""Encounters, target planes, impact probabilities and their scales."""

from perilune.impact.approaches import Approach, BPlane, find_approaches
from perilune.impact.assessment import ImpactorRow, RiskAssessment
from perilune.impact.risk import assess_risk

__all__ = ["Approach", "BPlane", "ImpactorRow", "RiskAssessment", "assess_risk", "find_approaches"]
