/** Shapes on the ground as rings of longitude and latitude, degrees. */

import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import land from "world-atlas/land-110m.json";
import { cross, plus, scaled, unit, type Vec } from "./kepler";
import { placeOf } from "./station";

export type Ring = [number, number][];

/** Coastlines of the Earth: Natural Earth at 1 : 110 million, public domain. */
export function coastlines(): Ring[] {
  const topology = land as unknown as Topology;
  const found = feature(topology, topology.objects["land"]!);
  const parts = found.type === "FeatureCollection" ? found.features : [found];
  return parts.flatMap(({ geometry }) =>
    geometry.type === "MultiPolygon"
      ? (geometry.coordinates.flat() as Ring[])
      : geometry.type === "Polygon"
        ? (geometry.coordinates as Ring[])
        : [],
  );
}

/** A body's lines as pairs of points on the unit sphere: rings, and a net of so many degrees. */
export function onSphere(rings: readonly Ring[], netDeg: number): Vec[] {
  const chains: Vec[][] = rings.map((ring) => ring.map(([lon, lat]) => placeOf(lat, lon, 1)));
  for (let lat = netDeg - 90; lat < 90; lat += netDeg) {
    chains.push(Array.from({ length: 73 }, (_, k) => placeOf(lat, 5 * k, 1)));
  }
  for (let lon = 0; lon < 360; lon += netDeg) {
    chains.push(Array.from({ length: 33 }, (_, k) => placeOf(5 * k - 80, lon, 1)));
  }
  return chains.flatMap((chain) => chain.slice(1).flatMap((to, k) => [chain[k]!, to]));
}

/** A circle on a sphere about a place, its diameter as an angle. */
export function circleOf(latitudeDeg: number, longitudeDeg: number, diameterRad: number, count = 73): Ring {
  const middle = placeOf(latitudeDeg, longitudeDeg, 1);
  const side = unit(cross(middle, Math.abs(middle[2]) > 0.9 ? [1, 0, 0] : [0, 0, 1]));
  const other = cross(middle, side);
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / (count - 1);
    const [c, s] = [Math.cos(diameterRad / 2), Math.sin(diameterRad / 2)];
    const at = plus(scaled(middle, c), plus(scaled(side, s * Math.cos(angle)), scaled(other, s * Math.sin(angle))));
    return groundOf(at);
  });
}

export function groundOf(at: Vec): [number, number] {
  const degrees = 180 / Math.PI;
  return [Math.atan2(at[1], at[0]) * degrees, Math.asin(Math.min(1, Math.max(-1, at[2] / Math.hypot(...at)))) * degrees];
}

/** A chain whose longitudes go on beyond ±180° instead of leaping to the map's other side. A ring
 * about a pole is led over it, so that it can be filled. */
export function unwrapped(chain: Ring, isRing: boolean): Ring {
  let around = 0;
  const found = chain.map(([lon, lat], k): [number, number] => {
    const before = chain[k - 1];
    if (before && Math.abs(lon - before[0]) > 180) around += lon > before[0] ? -360 : 360;
    return [lon + around, lat];
  });
  const [first, last] = [found[0], found.at(-1)];
  if (!isRing || !first || !last || Math.abs(last[0] - first[0]) < 180) return found;
  const pole = 90 * Math.sign(found.reduce((sum, [, lat]) => sum + lat, 0));
  return [...found, [last[0], pole], [first[0], pole]];
}
