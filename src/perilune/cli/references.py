"""The published works and data that a result of Perilune rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Reference:
    """One published work or data set.

    Args:
        key: its BibTeX key.
        used_for: what Perilune uses it for.
        kind: its BibTeX entry type.
        authors: family names first, as published.
        title: its title.
        year: of publication.
        where: journal, volume and page; or publisher.
        doi: its digital object identifier, if it has one.
    """

    key: str
    used_for: str
    kind: Literal["article", "misc", "software"]
    authors: tuple[str, ...]
    title: str
    year: int
    where: str
    doi: str = ""


REFERENCES: Final = (
    Reference(
        "park2021",
        "planets, Moon, masses and constants (DE440)",
        "article",
        ("Park, R. S.", "Folkner, W. M.", "Williams, J. G.", "Boggs, D. H."),
        "The JPL Planetary and Lunar Ephemerides DE440 and DE441",
        2021,
        "The Astronomical Journal 161, 105",
        "10.3847/1538-3881/abd414",
    ),
    Reference(
        "sbdb",
        "orbits of the built-in catalogue",
        "misc",
        ("{JPL Solar System Dynamics}",),
        "Small-Body Database",
        2025,
        "Jet Propulsion Laboratory, ssd.jpl.nasa.gov",
    ),
    Reference(
        "neocc",
        "orbits of the built-in catalogue, and the OEF format",
        "misc",
        ("{ESA NEO Coordination Centre}",),
        "NEO orbit files",
        2025,
        "European Space Agency, neo.ssa.esa.int",
    ),
    Reference(
        "mpc",
        "observatory codes, and the MPCORB format",
        "misc",
        ("{IAU Minor Planet Center}",),
        "Observatory codes and the MPC orbit database",
        2026,
        "Smithsonian Astrophysical Observatory, minorplanetcenter.net",
    ),
    Reference(
        "iers",
        "Earth orientation and leap seconds",
        "misc",
        ("{International Earth Rotation and Reference Systems Service}",),
        "Earth orientation data (finals2000A, EOP C04) and Bulletin C",
        2026,
        "iers.org, as shipped by astropy-iers-data",
    ),
    Reference(
        "williams2008",
        "orientation of the Moon (DE421 principal axes)",
        "misc",
        ("Williams, J. G.", "Boggs, D. H.", "Folkner, W. M."),
        "DE421 Lunar Orbit, Physical Librations, and Surface Coordinates",
        2008,
        "JPL Interoffice Memorandum 335-JW,DB,WF-20080314-001, kernel as shipped by lunarsky",
    ),
    Reference(
        "archinal2018",
        "orientation of the Moon beyond that kernel, and its radius",
        "article",
        ("Archinal, B. A.", "others"),
        "Report of the IAU Working Group on Cartographic Coordinates and Rotational Elements: 2015",
        2018,
        "Celestial Mechanics and Dynamical Astronomy 130, 22",
        "10.1007/s10569-017-9805-5",
    ),
    Reference(
        "marsden1973",
        "non-gravitational forces",
        "article",
        ("Marsden, B. G.", "Sekanina, Z.", "Yeomans, D. K."),
        "Comets and nongravitational forces. V",
        1973,
        "The Astronomical Journal 78, 211",
        "10.1086/111402",
    ),
    Reference(
        "chesley2002",
        "Palermo scale",
        "article",
        ("Chesley, S. R.", "Chodas, P. W.", "Milani, A.", "Valsecchi, G. B.", "Yeomans, D. K."),
        "Quantifying the Risk Posed by Potential Earth Impacts",
        2002,
        "Icarus 159, 423",
        "10.1006/icar.2002.6910",
    ),
    Reference(
        "morrison2004",
        "Torino scale",
        "misc",
        ("Morrison, D.", "Chapman, C. R.", "Steel, D.", "Binzel, R. P."),
        "Impacts and the Public: Communicating the Nature of the Impact Hazard",
        2004,
        "In: Mitigation of Hazardous Comets and Asteroids, Cambridge University Press, p. 353",
    ),
    Reference(
        "binzel2000",
        "Torino scale",
        "article",
        ("Binzel, R. P.",),
        "The Torino Impact Hazard Scale",
        2000,
        "Planetary and Space Science 48, 297",
        "10.1016/S0032-0633(00)00006-4",
    ),
    Reference(
        "astropy2022",
        "time scales and Earth orientation (with ERFA, after IAU SOFA)",
        "article",
        ("{The Astropy Collaboration}",),
        "The Astropy Project: Sustaining and Growing a Community-oriented Open-source Project",
        2022,
        "The Astrophysical Journal 935, 167",
        "10.3847/1538-4357/ac7c74",
    ),
    Reference(
        "harris2020",
        "arrays",
        "article",
        ("Harris, C. R.", "others"),
        "Array programming with NumPy",
        2020,
        "Nature 585, 357",
        "10.1038/s41586-020-2649-2",
    ),
    Reference(
        "lam2015",
        "compiled kernels",
        "article",
        ("Lam, S. K.", "Pitrou, A.", "Seibert, S."),
        "Numba: a LLVM-based Python JIT compiler",
        2015,
        "Proceedings of LLVM-HPC '15, article 7",
        "10.1145/2833157.2833162",
    ),
)
