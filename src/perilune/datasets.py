"""Data too large for a package: fetched once by `perilune data get`, checked, kept on disk."""

from __future__ import annotations

import hashlib
import http.client
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
        url: of the archive (tar) that holds it.
        member: the file in the archive.
        size_bytes: of the archive, about.
        sha256: of the member.
    """

    name: str
    about: str
    source: str
    url: str
    member: str
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it is kept once it is here."""
        return cache_root() / "data" / self.name / self.member

    @property
    def is_installed(self) -> bool:
        """Whether it is here."""
        return self.path.is_file()


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
DATASETS: Final = MappingProxyType({DEBIAS_2018.name: DEBIAS_2018})


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
        sha256: accept a file of this digest in place of the recorded one.

    Raises:
        DataMissingError: the publisher cannot be reached, or sends something else.
    """
    expected = (sha256 or wanted.sha256).lower()
    folder = wanted.path.parent
    archive, unpacked = folder / "archive.part", folder / f"{wanted.member}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(wanted, archive, progress)
        found = _unpack(wanted, archive, unpacked)
        if found != expected:
            archive.unlink()
            raise DataMissingError(
                f"{wanted.url} does not hold the {wanted.member} that was expected: its SHA-256 is "
                f"{found}, not {expected}. Nothing was installed. If the publisher has changed it, "
                f"accept this one: perilune data get {wanted.name} --sha256 {found}"
            )
        unpacked.replace(wanted.path)
        archive.unlink()
    except OSError as error:
        raise DataMissingError(
            f"{wanted.name} cannot be kept in {folder} ({error}). PERILUNE_CACHE names another "
            "folder."
        ) from error
    finally:
        unpacked.unlink(missing_ok=True)
    return wanted.path


def _download(wanted: Dataset, archive: Path, progress: Progress) -> None:
    """The archive, from where an earlier try broke off if the server can do that."""
    have = archive.stat().st_size if archive.is_file() else 0
    request = urllib.request.Request(wanted.url, headers={"User-Agent": f"perilune/{__version__}"})
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
    with unpacked.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreachable(wanted: Dataset, why: object, have: int) -> DataMissingError:
    kept = f" {have / 1e6:.1f} MB are here; the next try goes on from there." if have else ""
    return DataMissingError(
        f"{wanted.name} cannot be fetched from {wanted.url} ({why}).{kept} Or take {wanted.member} "
        f"from there by other means and put it at {wanted.path}"
    )
