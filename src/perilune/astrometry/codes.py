"""One-letter codes of the 80-column format and what ADES calls the same things.

Star catalogues: https://minorplanetcenter.net/iau/info/CatalogueCodes.html; modes (note 2):
https://minorplanetcenter.net/iau/info/OpticalObs.html; programs:
https://minorplanetcenter.net/iau/lists/ProgramCodes.txt; the ADES names are those of the
standard's own converter (github.com/IAU-ADES/ADES-Master, 2024).
"""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "UNK"  # what ADES writes where the mode or the catalogue is not known

CATALOGS: Final = {
    "a": "USNOA1", "b": "USNOSA1", "c": "USNOA2", "d": "USNOSA2", "e": "UCAC1", "f": "Tyc1",
    "g": "Tyc2", "h": "GSC1.0", "i": "GSC1.1", "j": "GSC1.2", "k": "GSC2.2", "l": "ACT",
    "m": "GSCACT", "n": "SDSS8", "o": "USNOB1", "p": "PPM", "q": "UCAC4", "r": "UCAC2",
    "s": "USNOB2", "t": "PPMXL", "u": "UCAC3", "v": "NOMAD", "w": "CMC14", "x": "Hip2",
    "y": "Hip1", "z": "GSC", "A": "AC", "B": "SAO1984", "C": "SAO", "D": "AGK3", "E": "FK4",
    "F": "ACRS", "G": "LickGas", "H": "Ida93", "I": "Perth70", "J": "COSMOS", "K": "Yale",
    "L": "2MASS", "M": "GSC2.3", "N": "SDSS7", "O": "SSTRC1", "P": "MPOSC3", "Q": "CMC15",
    "R": "SSTRC4", "S": "URAT1", "T": "URAT2", "U": "Gaia1", "V": "Gaia2", "W": "Gaia3",
    "X": "Gaia3E", "Y": "UCAC5", "Z": "ATLAS2", "0": "IHW", "1": "PS1_DR1", "2": "PS1_DR2",
    "3": "Gaia_Int", "4": "GZ", "5": "UBSC", "6": "Gaia_2016",
}  # fmt: skip
CATALOG_LETTERS: Final = {name: letter for letter, name in CATALOGS.items()}

# Note 2 of the 80-column format. V and S (roving, satellite) say nothing of the detector.
MODES: Final = {
    " ": "PHO", "P": "PHO", "A": "PHO", "e": "ENC", "C": "CCD", "c": "CCD", "B": "CMO",
    "T": "MER", "M": "MIC", "E": "OCC", "H": "PMT", "N": "NOR", "n": "VID", "V": "CCD", "S": "CCD",
}  # fmt: skip
MODE_LETTERS: Final = {
    "PHO": "P", "ENC": "e", "CCD": "C", "CMO": "B", "MER": "T", "MIC": "M", "OCC": "E",
    "PMT": "H", "NOR": "N", "VID": "n",
}  # fmt: skip

_BASE_62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PROGRAMS: Final = (
    "0123456789!\"#$%&'()*+,-./[\\]^_`{|}~:;<=>?@"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)


def program_letter(prog: str) -> str:
    """The program's character (80-column column 14) of an ADES `prog`, two digits in base 62.

    The text itself where it is no such code.
    """
    if len(prog) == 2 and prog[0] in "01" and prog[1] in _BASE_62:
        index = 62 * int(prog[0]) + _BASE_62.index(prog[1])
        if index < len(_PROGRAMS):
            return _PROGRAMS[index]
    return prog


def program_code(letter: str) -> str:
    """The ADES `prog` of a program's character; the text itself where it is none."""
    if len(letter) != 1 or letter not in _PROGRAMS:
        return letter
    tens, ones = divmod(_PROGRAMS.index(letter), 62)
    return f"{tens}{_BASE_62[ones]}"


# JPL's numbers of radar stations (ssd.jpl.nasa.gov/sb/radar.html), as the MPC codes them.
RADAR_STATIONS: Final = {
    "-1": "251", "-2": "254", "-9": "256", "-13": "252", "-14": "253", "-25": "257",
    "-26": "316", "-34": "272", "-35": "263", "-36": "264", "-38": "255", "-43": "265",
    "-47": "271", "-73": "259",
}  # fmt: skip
