/** Where things stand over the horizon of a site on the Earth or the Moon. */

import { cross, dot, minus, plus, scaled, unit, type Vec } from "./kepler";
import { MOON_KM, type Site } from "./station";
import { dateFromMjd } from "./time";

const RADIAN = Math.PI / 180;
const ARCSEC = RADIAN / 3600;

export interface Direction {
  altitude_deg: number;
  azimuth_deg: number;
}

function turned(axis: 0 | 1 | 2, angle: number, v: Vec): Vec {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [a, b] = [(axis + 1) % 3, (axis + 2) % 3] as [number, number];
  const out: Vec = [...v];
  out[a] = c * v[a]! + s * v[b]!;
  out[b] = -s * v[a]! + c * v[b]!;
  return out;
}

/** From the ICRF to the rotating Earth: precession and sidereal time (IAU 2006; Capitaine et al.
 * 2003, doi:10.1051/0004-6361:20031539). Without nutation and with UT1 = UTC: within half an
 * arcminute, which is a hundredth of what a chart of the sky shows. */
export function earthFixed(r: Vec, mjdTdb: number): Vec {
  const t = (mjdTdb - 51544.5) / 36525;
  const zeta = 2.650545 + (2306.083227 + (0.2988499 + 0.01801828 * t) * t) * t;
  const z = -2.650545 + (2306.077181 + (1.0927348 + 0.01826837 * t) * t) * t;
  const theta = (2004.191903 + (-0.4294934 - 0.04182264 * t) * t) * t;
  const days = dateFromMjd(mjdTdb).getTime() / 864e5 + 40587 - 51544.5;
  const era = 2 * Math.PI * (0.779057273264 + 0.00273781191135448 * days + (days % 1));
  const sidereal = era + (0.014506 + (4612.156534 + 1.3915817 * t) * t) * ARCSEC;
  const ofDate = turned(2, -z * ARCSEC, turned(1, theta * ARCSEC, turned(2, -zeta * ARCSEC, r)));
  return turned(2, sidereal, ofDate);
}

/** Where the rotating Earth's x, y and z point in the ICRF. */
export function earthAxes(mjdTdb: number): [Vec, Vec, Vec] {
  const [a, b, c] = [earthFixed([1, 0, 0], mjdTdb), earthFixed([0, 1, 0], mjdTdb), earthFixed([0, 0, 1], mjdTdb)];
  return [0, 1, 2].map((k) => [a[k]!, b[k]!, c[k]!]) as [Vec, Vec, Vec];
}

/** The turn that takes two directions from one frame to another. */
export function turnBetween(from: [Vec, Vec], to: [Vec, Vec]): (v: Vec) => Vec {
  const axes = ([a, b]: [Vec, Vec]): [Vec, Vec, Vec] => {
    const x = unit(a);
    const z = unit(cross(x, b));
    return [x, cross(z, x), z];
  };
  const [old, now] = [axes(from), axes(to)];
  return (v) =>
    plus(plus(scaled(now[0], dot(old[0], v)), scaled(now[1], dot(old[1], v))), scaled(now[2], dot(old[2], v)));
}

/** Altitude over the level and azimuth from north through east of a place in the body's own axes. */
export function direction(site: Site, fixed: Vec): Direction {
  const [lat, lon] = [site.latitude_deg * RADIAN, site.longitude_deg * RADIAN];
  const up: Vec = [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
  const east: Vec = [-Math.sin(lon), Math.cos(lon), 0];
  const north = cross(up, east);
  const way = unit(minus(fixed, eye(site, up)));
  const azimuth = Math.atan2(dot(way, east), dot(way, north)) / RADIAN;
  return { altitude_deg: Math.asin(dot(way, up)) / RADIAN, azimuth_deg: (azimuth + 360) % 360 };
}

function eye(site: Site, up: Vec): Vec {
  if (site.body === "moon") return scaled(up, MOON_KM + site.height_km);
  const e2 = 0.00669437999014; // WGS84
  const n = 6378.137 / Math.sqrt(1 - e2 * up[2] ** 2);
  const across = n + site.height_km;
  return [across * up[0], across * up[1], (n * (1 - e2) + site.height_km) * up[2]];
}

/** Ecliptic longitude and latitude of a direction in the ICRF, degrees. */
export function ecliptic(v: Vec): [number, number] {
  const [c, s] = [Math.cos(84381.448 * ARCSEC), Math.sin(84381.448 * ARCSEC)];
  const [x, y, z] = unit([v[0], c * v[1] + s * v[2], c * v[2] - s * v[1]]);
  return [Math.atan2(y, x) / RADIAN, Math.asin(z) / RADIAN];
}

export function fromRaDec(raDeg: number, decDeg: number): Vec {
  const [ra, dec] = [raDeg * RADIAN, decDeg * RADIAN];
  return [Math.cos(dec) * Math.cos(ra), Math.cos(dec) * Math.sin(ra), Math.sin(dec)];
}
