"""Sites of a station file: places on the ground, of the Moon or of the Earth."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from perilune.astrometry.observatories import observatories
from perilune.astrometry.sites import Observer
from perilune.astrometry.sites import Site as GroundSite
from perilune.frames.geodetic import itrs_from_geodetic
from perilune.frames.selenographic import fixed_from_selenographic
from perilune.station.parts import Id, Part
from perilune.station.quantities import (
    DirectionRad,
    GroundKm,
    LatitudeRad,
    LongitudeRad,
    MastKm,
    wrong,
)


class Site(Part):
    """A place on the ground: WGS84 on the Earth; mean-Earth axes, 1737.4 km sphere on the Moon.

    A place on the Earth may be named by its MPC code instead of its coordinates.
    """

    id: Id
    name: str | None = Field(None, description="What people call it.")
    body: Literal["earth", "moon"]
    longitude: LongitudeRad | None = Field(None, description="East.")
    latitude: LatitudeRad | None = None
    height: GroundKm | None = Field(
        None, description="Of the ground: over WGS84, or over the sphere of 1737.4 km."
    )
    mpc: Id | None = Field(None, description="The MPC's observatory code, on the Earth.")
    mast: MastKm = Field(0.0, description="Of panels, cameras and antennas over the ground.")
    terrain: str | None = Field(
        None, description="A file of heights around it: GeoTIFF, or a PDS label (.lbl)."
    )
    horizon: tuple[DirectionRad, ...] | None = Field(
        None, description="Azimuth from north through east, and altitude: '120 1.5 deg'."
    )
    elevation_mask: LatitudeRad | None = Field(
        None, description="The lowest elevation at which links work; else the horizon."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Site:
        coordinates = (self.longitude, self.latitude, self.height)
        if self.mpc is not None:
            if self.body != "earth" or any(each is not None for each in coordinates):
                raise wrong("an mpc code on the Earth, without longitude, latitude and height")
            place = observatories().get(self.mpc)
            if place is None or place.position_itrs_km is None:
                raise wrong("an MPC code of a place on the ground")
        elif any(each is None for each in coordinates):
            missing = [
                name
                for name, each in zip(("longitude", "latitude", "height"), coordinates, strict=True)
                if each is None
            ]
            raise wrong(
                "longitude, latitude and height" + (" (or mpc)" if self.body == "earth" else ""),
                f"Add {' and '.join(missing)}.",
            )
        if self.terrain is not None and self.horizon is not None:
            raise wrong("terrain or horizon, not both")
        if self.body == "earth" and (self.terrain is not None or self.horizon is not None):
            raise wrong("terrain and horizon on the Moon only; elevation_mask on the Earth")
        if self.horizon is not None:
            azimuth = [direction[0] for direction in self.horizon]
            if len(azimuth) < 2 or any(b <= a for a, b in itertools.pairwise(azimuth)):
                raise wrong("two directions of the horizon or more, in ascending azimuth")
            if azimuth[0] < 0.0 or azimuth[-1] >= 2.0 * np.pi:
                raise wrong("azimuths of the horizon from 0 to less than 360 deg")
            if any(abs(altitude) >= np.pi / 2 for _, altitude in self.horizon):
                raise wrong("altitudes of the horizon within 90 deg")
        return self

    def ground(self) -> GroundSite:
        """The place on its body, without its mast."""
        if self.mpc is not None:
            fixed_km = observatories()[self.mpc].position_itrs_km
            assert fixed_km is not None
            return GroundSite(self.id, "earth", fixed_km)
        assert self.longitude is not None
        assert self.latitude is not None
        assert self.height is not None
        to_fixed = itrs_from_geodetic if self.body == "earth" else fixed_from_selenographic
        fixed_km = to_fixed(self.longitude, self.latitude, self.height)
        return GroundSite(self.id, self.body, fixed_km)

    def observer(self, _folder: object) -> Observer:
        """The site as an observer."""
        return self.ground()
