/** Alerts as the API gives them. */

import type { Body } from "./api";

export interface AlertFigures {
  impact_probability?: number;
  probability_low?: number;
  probability_high?: number;
  palermo?: number | null;
  torino?: number | null;
  first_impact_utc?: string;
  years_to_go?: number;
  solution?: string;
  method?: string;
  approach_utc?: string;
  distance_km?: number;
  distance_sigma_km?: number | null;
}

export interface Alert {
  id: number;
  object: string;
  rule: string;
  body: Body;
  event: "raised" | "changed" | "withdrawn";
  severity: "notice" | "warning" | "alarm";
  title: string;
  message: { figures: AlertFigures; changes: string[]; decides: string | null; as_of_utc: string };
  is_open: boolean;
  release: "internal" | "awaiting" | "released" | "superseded";
  signers: string[];
  signatures: { partner: string; signed_by: string; signed_utc: string; note: string | null }[];
  missing: string[];
  sha256: string;
  raised_utc: string;
  released_utc: string | null;
}

export const RELEASES: Record<Alert["release"], string> = {
  internal: "For the watch itself",
  awaiting: "Waits for signatures",
  released: "Released",
  superseded: "Replaced before it was signed",
};

/** A partner's short name as people write it: "cnsa" is CNSA, "south-africa" South Africa. */
export function partnerName(id: string): string {
  if (id.length < 5 || !/[aeiou]/.test(id)) return id.toUpperCase();
  return id.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join(" ");
}
