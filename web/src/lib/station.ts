/** A station as the API gives it. */

import type { Vec } from "./kepler";

export interface Site {
  id: string;
  name: string;
  body: "earth" | "moon";
  longitude_deg: number;
  latitude_deg: number;
  height_km: number;
}

export interface Orbiter {
  id: string;
  name: string;
  family: string;
  epoch_mjd_tdb: number | null;
  period_d: number | null;
  path_km: Vec[] | null;
  reason?: string;
}

export interface Facility {
  id: string;
  name: string;
  kind: string;
  at: string;
  owner: string[];
  phase: string | null;
  mass_kg: number | null;
  power_w: number | null;
}

export interface Phase {
  id: string;
  name: string;
  start: string;
  stop: string | null;
}

export interface Partner {
  id: string;
  name: string;
  country: string | null;
  since: string | null;
}

export interface Station {
  id: string;
  name: string;
  about: string | null;
  assumptions: string[];
  partners: Partner[];
  phases: Phase[];
  sites: Site[];
  orbiters: Orbiter[];
  facilities: Facility[];
}

export interface Sky {
  epochs_mjd_tdb: number[];
  sun_km: Vec[];
  earth_km: Vec[];
}

export const MOON_KM = 1737.4;

export function placeOf(latitudeDeg: number, longitudeDeg: number, radiusKm = MOON_KM): Vec {
  const [lat, lon] = [latitudeDeg, longitudeDeg].map((x) => (x * Math.PI) / 180) as [number, number];
  return [
    radiusKm * Math.cos(lat) * Math.cos(lon),
    radiusKm * Math.cos(lat) * Math.sin(lon),
    radiusKm * Math.sin(lat),
  ];
}

/** Degrees over the level ground of a site at which something stands. */
export function elevationDeg(site: Site, at: Vec): number {
  const up = placeOf(site.latitude_deg, site.longitude_deg, 1);
  const eye = up.map((x) => x * (MOON_KM + site.height_km)) as Vec;
  const away: Vec = [at[0] - eye[0], at[1] - eye[1], at[2] - eye[2]];
  const sine = (up[0] * away[0] + up[1] * away[1] + up[2] * away[2]) / Math.hypot(...away);
  return (Math.asin(sine) * 180) / Math.PI;
}

export const latitude = (deg: number): string => `${Math.abs(deg).toFixed(2)}° ${deg < 0 ? "S" : "N"}`;
export const longitude = (deg: number): string => {
  const wrapped = ((((deg + 180) % 360) + 360) % 360) - 180;
  return `${Math.abs(wrapped).toFixed(2)}° ${wrapped < 0 ? "W" : "E"}`;
};
