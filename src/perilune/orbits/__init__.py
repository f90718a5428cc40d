"""Orbits with covariance: every kind of elements, every publisher's files, a built-in catalogue."""

from perilune.orbits import catalogue
from perilune.orbits.catalogue import resolve_target
from perilune.orbits.conversion import with_elements
from perilune.orbits.elements import (
    CartesianState,
    CartesianStateAu,
    CometaryElements,
    Elements,
    EquinoctialElements,
    KeplerianElements,
)
from perilune.orbits.files import read_orbits
from perilune.orbits.mpcorb import OrbitTable, read_mpcorb, read_mpcorb_table, write_mpcorb
from perilune.orbits.non_gravitational import NonGravitational
from perilune.orbits.oef import read_oef
from perilune.orbits.oef_writing import write_oef
from perilune.orbits.oem import OemSegment, read_oem, write_oem
from perilune.orbits.opm import read_opm, write_opm
from perilune.orbits.orbit import CartesianOrbit, Orbit
from perilune.orbits.perilune_json import read_perilune, write_perilune
from perilune.orbits.sbdb import read_sbdb
from perilune.orbits.sbdb_writing import write_sbdb

__all__ = [
    "CartesianOrbit",
    "CartesianState",
    "CartesianStateAu",
    "CometaryElements",
    "Elements",
    "EquinoctialElements",
    "KeplerianElements",
    "NonGravitational",
    "OemSegment",
    "Orbit",
    "OrbitTable",
    "catalogue",
    "read_mpcorb",
    "read_mpcorb_table",
    "read_oef",
    "read_oem",
    "read_opm",
    "read_orbits",
    "read_perilune",
    "read_sbdb",
    "resolve_target",
    "with_elements",
    "write_mpcorb",
    "write_oef",
    "write_oem",
    "write_opm",
    "write_perilune",
    "write_sbdb",
]
