"""Forces, the integrator, variational equations: where anything goes."""

from perilune.dynamics.chunk import Parameter, Watch
from perilune.dynamics.massive_asteroids import solar_system
from perilune.dynamics.orbit_paths import OrbitPath, propagate_orbits
from perilune.dynamics.particles import Encounters, Particles, Propagation, Status
from perilune.dynamics.propagator import DEFAULT_OPTIONS, Progress, propagate

__all__ = [
    "DEFAULT_OPTIONS",
    "Encounters",
    "OrbitPath",
    "Parameter",
    "Particles",
    "Progress",
    "Propagation",
    "Status",
    "Watch",
    "propagate",
    "propagate_orbits",
    "solar_system",
]
