/** What the station's elements see, as the API gives it. */

export interface Sighting {
  element: string;
  name: string;
  /** The facility, or the element where it has no telescope. */
  telescope: string;
  limit_mag: number | null;
  planned_from: string | null;
  place: "moon" | "earth" | "orbit";
  object: string;
  epoch_utc: string;
  /** Null, as all that follows from it, where the object has ended. */
  ra_deg: number | null;
  dec_deg: number | null;
  ra_rate_deg_d: number | null;
  dec_rate_deg_d: number | null;
  distance_au: number | null;
  v_mag: number | null;
  elongation_deg: number | null;
  phase_deg: number | null;
  altitude_deg: number | null;
  azimuth_deg: number | null;
  sun_altitude_deg: number | null;
  /** Of the ground in that direction. */
  horizon_deg: number | null;
  sigma_major_arcsec: number | null;
  is_up: boolean;
  is_dark: boolean;
  visible: boolean;
  reason: string;
}

/** Something to be marked in a chart of the sky. */
export interface SkyMark {
  name: string;
  kind: "sun" | "earth" | "moon" | "planet" | "object";
  /** Distance from the middle and angle, or across and up: as the chart has it. */
  x: number;
  y: number;
  isSeen: boolean;
  v_mag: number | null;
}
