/** What the API answers. */

import { token, type Holder } from "./token.svelte";

export interface Signature {
  software: string;
  version: string;
  ephemeris: string;
  created_utc: string;
  inputs_sha256: string;
}

export interface Envelope<T> {
  signature: Signature;
  units: Record<string, string>;
  data: T;
}

export type Body = "earth" | "moon";

export interface Impactor {
  epoch_utc: string;
  impact_probability: number;
  probability_low: number;
  probability_high: number;
  sigma_lov: number;
  stretch: number | null;
  width_km: number | null;
  speed_km_s: number;
  longitude_deg: number | null;
  latitude_deg: number | null;
  energy_mt: number | null;
  palermo: number | null;
  torino: number | null;
}

export interface Assessment {
  assessed_utc: string;
  inputs_sha256: string;
  software_version: string;
  ephemeris: string;
  object: string;
  solution: string;
  body: Body;
  impact_probability: number;
  probability_low: number;
  probability_high: number;
  method: string;
  method_reason?: string;
  samples: number;
  seed: number | null;
  palermo_cumulative: number | null;
  palermo_max: number | null;
  torino_max: number | null;
  linear_probability: number | null;
  until_utc: string;
  virtual_impactors: Impactor[];
}

export interface Approach {
  object: string;
  body: Body;
  epoch_tdb: string;
  epoch_sigma_s: number | null;
  distance_km: number;
  distance_sigma_km: number | null;
  speed_km_s: number;
  is_impact: boolean;
}

export interface ObjectRow {
  object: string;
  designation: string;
  solution: string;
  publisher: string;
  absolute_magnitude_h: number | null;
  diameter_km: number | null;
  is_diameter_measured: boolean;
}

export interface OrbitRow extends ObjectRow {
  solution_date: string | null;
  epoch_mjd_tdb: number;
  epoch_tdb: string;
  has_covariance: boolean;
  elements: Record<string, number> | null;
  sigma: Record<string, number> | null;
  perihelion_au: number;
  aphelion_au: number | null;
  period_d: number | null;
}

export type Vector = [number, number, number];

export interface States {
  position_km: (Vector | [null, null, null])[];
  velocity_km_s: (Vector | [null, null, null])[];
}

export interface ObjectStates extends States {
  epochs_mjd_tdb: number[];
  status: string;
}

export interface BodyStates {
  epochs_mjd_tdb: number[];
  bodies: Record<string, States>;
}

export interface Plane {
  kind: string;
  xi_km: number;
  zeta_km: number;
  impact_radius_km: number;
  body_radius_km: number;
  covariance_km2: [[number, number], [number, number]] | null;
  stretch_km: number | null;
  width_km: number | null;
  direction: [number, number] | null;
  other: { body: Body; epoch_mjd_tdb: number; xi_km: number; zeta_km: number; radius_km: number };
  clones_km: [number, number][];
  clone_hits: number[];
}

export interface Encounter {
  object: string;
  body: Body;
  epoch_mjd_tdb: number;
  distance_km: number;
  speed_km_s: number;
  is_impact: boolean;
  epochs_mjd_tdb: number[];
  path_km: (Vector | [null, null, null])[];
  moon_km: Vector[];
  moon_velocity_km_s: Vector[];
  clone_epochs_mjd_tdb: number[];
  clones_km: (Vector | [null, null, null])[][];
  clone_hits: number[];
  samples: number;
  seed: number;
  plane: Plane;
}

/** An answer that says what is wrong (RFC 9457). */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
  ) {
    super(detail);
  }
}

const held = new Map<string, Promise<Envelope<unknown>>>();

/** One answer; asked once a visit, unless `fresh`. */
export function get<T>(path: string, fresh = false): Promise<Envelope<T>> {
  const known = held.get(path);
  if (known && !fresh) return known as Promise<Envelope<T>>;
  const asked = ask<T>(path);
  held.set(path, asked);
  asked.catch(() => held.delete(path));
  return asked;
}

async function ask<T>(path: string, given?: RequestInit, key = token.value): Promise<Envelope<T>> {
  let response: Response;
  const headers = new Headers(given?.headers);
  headers.set("Accept", "application/json");
  if (key) headers.set("Authorization", `Bearer ${key}`);
  try {
    response = await fetch(path, { ...given, headers });
  } catch {
    throw new ProblemError(0, "No answer", "The service does not answer. Is it still running?");
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const told = (body ?? {}) as { title?: string; detail?: string };
    throw new ProblemError(
      response.status,
      told.title ?? `Error ${response.status}`,
      told.detail ?? "The service gave no reason.",
    );
  }
  return body as Envelope<T>;
}

export function post<T>(path: string, body: unknown): Promise<Envelope<T>> {
  const headers = { "Content-Type": "application/json" };
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Take a token, if the service knows it; what was refused before is asked for again. */
export async function signIn(value: string): Promise<void> {
  const { data } = await ask<Holder>("/v1/token", undefined, value);
  token.keep(value, data);
  held.clear();
}

export function signOut(): void {
  token.forget();
  held.clear();
}

/** Who holds the token that this tab has kept; it is forgotten if the service does not know it. */
export async function recall(): Promise<void> {
  if (!token.value || token.holder) return;
  try {
    await signIn(token.value);
  } catch (error) {
    if (error instanceof ProblemError && error.status === 401) signOut();
  }
}

export function objectPath(name: string, tail = ""): string {
  return `/v1/objects/${name.split("/").map(encodeURIComponent).join("/")}${tail}`;
}
