"""Data too large for a package: fetched once by `perilune data get`, checked, kept on disk."""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from perilune import __version__
from perilune.errors import DataMissingError, UnknownNameError
from perilune.jit import cache_root

Progress = Callable[[float, str], None]

_BLOCK_BYTES: Final = 1 << 18
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file to be had from its publisher.

    Attributes:
        name: what `perilune data get` calls it.
        about: what it is, for people.
        source: its publication.
        url: of the archive (tar) that holds it, or of the file itself.
        member: the file in the archive, or as it is kept.
        size_bytes: of the download, about; exactly where there is a label.
        sha256: of the member; None where none is known, and a label tells its size.
        label_url: of the PDS label of a file that comes as it is.
        label: the label's name, as it is kept; it is what reads the file.
    """

    name: str
    about: str
    source: str
    url: str
    member: str
    size_bytes: int
    sha256: str | None
    label_url: str | None = None
    label: str | None = None

    @property
    def folder(self) -> Path:
        """Where its files are kept."""
        return cache_root() / "data" / self.name

    @property
    def path(self) -> Path:
        """What to open once it is here: the label, where it has one."""
        return self.folder / (self.label or self.member)

    @property
    def is_installed(self) -> bool:
        """Whether it is here, all of it."""
        return self.path.is_file() and (self.folder / self.member).is_file()


DEBIAS_2018: Final = Dataset(
    name="debias-2018",
    about="errors of 26 star catalogues over the sky, for asteroid astrometry",
    source="Eggl et al. 2020, Icarus 339, 113596, doi:10.1016/j.icarus.2019.113596; JPL SSD",
    url="https://ssd.jpl.nasa.gov/ftp/ssd/debias/debias_2018.tgz",
    member="bias.dat",
    size_bytes=9_000_000,
    # Of BIAS_VERSION 3.0 as JPL repacked it on 2023-03-01 (the letter of UCAC-5 changed), as the
    # package adam_core, which fetches the same archive, records it.
    sha256="ef6a50830bb83d8b1161e7acb391eed988ea9708e9fbcccc0c834da6109476e3",
)


_LOLA: Final = "https://pds-geosciences.wustl.edu/lro/lro-l-lola-3-rdr-v1/lrolol_1xxx/data/lola_gdr"


def _lola(name: str, product: str, shape: tuple[int, int], reach: str) -> Dataset:
    """A map of heights of LRO's laser altimeter: 16 bits a cell, with its PDS label."""
    folder = "cylindrical" if name.startswith("lola-global") else "polar"
    return Dataset(
        name=name,
        about=f"heights of the Moon, {reach}",
        source="LRO-L-LOLA-4-GDR-V1.0, NASA PDS; Smith et al. 2010, Geophys. Res. Lett. 37, "
        "L18204, doi:10.1029/2010GL043751",
        url=f"{_LOLA}/{folder}/img/{product}.img",
        member=f"{product.upper()}.IMG",  # as the label writes it
        size_bytes=2 * shape[0] * shape[1],
        sha256=None,
        label_url=f"{_LOLA}/{folder}/img/{product}.lbl",
        label=f"{product.upper()}.LBL",
    )


LOLA: Final = (
    _lola("lola-80s-20m", "ldem_80s_20m", (30400, 30400), "20 m cells south of 80 S"),
    _lola("lola-80s-80m", "ldem_80s_80m", (7600, 7600), "80 m cells south of 80 S"),
    _lola("lola-875s-5m", "ldem_875s_5m", (30336, 30336), "5 m cells south of 87.5 S"),
    _lola("lola-75s-240m", "ldem_75s_240m", (3812, 3812), "240 m cells south of 75 S"),
    _lola("lola-80n-20m", "ldem_80n_20m", (30400, 30400), "20 m cells north of 80 N"),
    _lola("lola-80n-80m", "ldem_80n_80m", (7600, 7600), "80 m cells north of 80 N"),
    _lola("lola-global-16", "ldem_16", (2880, 5760), "16 cells a degree, all around"),
    _lola("lola-global-64", "ldem_64", (11520, 23040), "64 cells a degree, all around"),
)
DATASETS: Final = MappingProxyType({item.name: item for item in (DEBIAS_2018, *LOLA)})


def dataset(name: str) -> Dataset:
    """The data set of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in DATASETS:
        near = get_close_matches(name, DATASETS, n=3, cutoff=0.4)
        raise UnknownNameError("data set", name, near, f"There are: {', '.join(DATASETS)}.")
    return DATASETS[name]


def fetch(wanted: Dataset, progress: Progress, *, sha256: str | None = None) -> Path:
    """Get a data set from its publisher; what an earlier try left is carried on from.

    Nothing is installed but a file whose digest is right, and that in one piece.

    Args:
        progress: told the fraction done and a label.
        sha256: accept a file of this digest in place of the recorded one, if there is one.

    Raises:
        DataMissingError: the publisher cannot be reached, or sends something else.
    """
    folder = wanted.folder
    download, unpacked = folder / "archive.part", folder / f"{wanted.member}.part"
    label = folder / f"{wanted.label}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        size_bytes = None
        if wanted.label_url is not None:
            label.unlink(missing_ok=True)
            _download(wanted, wanted.label_url, label, lambda _done, _label: None)
            size_bytes = _labelled_bytes(wanted, label)
        _download(wanted, wanted.url, download, progress)
        if size_bytes is not None:
            _check_size(wanted, download, size_bytes)
            download.replace(unpacked)
            found = _digest(unpacked)
        else:
            found = _unpack(wanted, download, unpacked)
        expected = sha256 or wanted.sha256
        if expected is not None and found != expected.lower():
            download.unlink(missing_ok=True)
            raise DataMissingError(
                f"{wanted.url} does not hold the {wanted.member} that was expected: its SHA-256 is "
                f"{found}, not {expected.lower()}. Nothing was installed. If the publisher has "
                f"changed it, accept this one: perilune data get {wanted.name} --sha256 {found}"
            )
        unpacked.replace(folder / wanted.member)
        if wanted.label is not None:
            label.replace(folder / wanted.label)
        download.unlink(missing_ok=True)
    except OSError as error:
        raise DataMissingError(
            f"{wanted.name} cannot be kept in {folder} ({error}). PERILUNE_CACHE names another "
            "folder."
        ) from error
    finally:
        unpacked.unlink(missing_ok=True)
        label.unlink(missing_ok=True)
    return wanted.path


def _labelled_bytes(wanted: Dataset, label: Path) -> int:
    """The size of the file that a PDS label describes.

    Raises:
        DataMissingError: it is no such label.
    """
    text = label.read_bytes()[:1_000_000].decode("latin-1")
    found = {
        name: re.search(rf"^\s*{name}\s*=\s*(\d+)", text, re.MULTILINE)
        for name in ("LINES", "LINE_SAMPLES", "SAMPLE_BITS")
    }
    size = 1
    for name, match in found.items():
        if match is None:
            raise DataMissingError(
                f"{wanted.label_url} is no PDS label of an image: it has no {name}. Nothing was "
                "installed."
            )
        size *= int(match[1])
    return size // 8


def _check_size(wanted: Dataset, file: Path, size_bytes: int) -> None:
    """Refuse and remove a file of another size than its label tells.

    Raises:
        DataMissingError: it has one.
    """
    found = file.stat().st_size
    if found != size_bytes:
        file.unlink()
        raise DataMissingError(
            f"{wanted.url} has {found} bytes where its label says {size_bytes}. Nothing was "
            "installed, and what came was removed; try again."
        )


def _download(wanted: Dataset, url: str, archive: Path, progress: Progress) -> None:
    """A file, from where an earlier try broke off if the server can do that."""
    have = archive.stat().st_size if archive.is_file() else 0
    request = urllib.request.Request(url, headers={"User-Agent": f"perilune/{__version__}"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT:
                have = 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else 0
            with archive.open("ab" if have else "wb") as file:
                have = _copy(response, file, have, total or wanted.size_bytes, progress, wanted)
        if total and have != total:
            raise http.client.IncompleteRead(b"", total - have)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # all of it is here already; the digest will tell
            raise _unreachable(wanted, f"HTTP {error.code} {error.reason}", have) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise _unreachable(wanted, getattr(error, "reason", None) or error, have) from None
    except ConnectionError as error:
        raise _unreachable(wanted, error, have) from None


def _copy(
    response: IO[bytes], file: IO[bytes], have: int, total: int, progress: Progress, wanted: Dataset
) -> int:
    """Copy block by block; the number of bytes that the file then holds."""
    while block := response.read(_BLOCK_BYTES):
        file.write(block)
        have += len(block)
        progress(min(have / total, 1.0), f"{wanted.name}: {have / 1e6:.1f} MB")
    return have


def _unpack(wanted: Dataset, archive: Path, unpacked: Path) -> str:
    """Write the member beside the archive; its SHA-256."""
    try:
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if Path(m.name).name == wanted.member]
            stream = tar.extractfile(members[0]) if members else None
            if stream is None:
                raise DataMissingError(f"{wanted.url} holds no {wanted.member}.")
            with stream, unpacked.open("wb") as file:
                shutil.copyfileobj(stream, file)
    except (tarfile.TarError, EOFError) as error:
        archive.unlink()
        raise DataMissingError(
            f"{wanted.url} is no readable archive ({error}). What came was removed; try again."
        ) from error
    return _digest(unpacked)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreachable(wanted: Dataset, why: object, have: int) -> DataMissingError:
    kept = f" {have / 1e6:.1f} MB are here; the next try goes on from there." if have else ""
    files = wanted.member if wanted.label is None else f"{wanted.member} and {wanted.label}"
    place = wanted.path if wanted.label is None else wanted.folder
    return DataMissingError(
        f"{wanted.name} cannot be fetched from {wanted.url} ({why}).{kept} Or take {files} "
        f"from there by other means and put it at {place}"
    )
