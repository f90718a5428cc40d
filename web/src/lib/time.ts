/** Times: the sky's is MJD TDB; people see UTC. */

// TAI - UTC in whole seconds from an MJD on (IERS Bulletin C).
const LEAPS: readonly (readonly [number, number])[] = [
  [41317, 10], [41499, 11], [41683, 12], [42048, 13], [42413, 14], [42778, 15], [43144, 16],
  [43509, 17], [43874, 18], [44239, 19], [44786, 20], [45151, 21], [45516, 22], [46247, 23],
  [47161, 24], [47892, 25], [48257, 26], [48804, 27], [49169, 28], [49534, 29], [50083, 30],
  [50630, 31], [51179, 32], [53736, 33], [54832, 34], [56109, 35], [57204, 36], [57754, 37],
];
const MJD_UNIX = 40587;

function tdbMinusUtcD(mjd: number): number {
  let tai = 10;
  for (const [from, seconds] of LEAPS) if (mjd >= from) tai = seconds;
  return (tai + 32.184) / 86400;
}

export function mjdFromDate(date: Date): number {
  const utc = date.getTime() / 864e5 + MJD_UNIX;
  return utc + tdbMinusUtcD(utc);
}

export function dateFromMjd(mjdTdb: number): Date {
  return new Date((mjdTdb - tdbMinusUtcD(mjdTdb) - MJD_UNIX) * 864e5);
}

/** MJD TDB from what the API prints: "2029-04-13T21:46:12.749" in TDB. */
export function mjdFromTdbText(text: string): number {
  return Date.parse(`${text.replace(/Z?$/, "")}Z`) / 864e5 + MJD_UNIX;
}

/** MJD TDB from ISO 8601 in UTC, with or without its Z; NaN if it is none. */
export function mjdFromUtcText(text: string): number {
  const full = /T/.test(text) ? text.replace(/Z?$/, "Z") : `${text}T00:00:00Z`;
  const date = new Date(full);
  return Number.isNaN(date.getTime()) ? NaN : mjdFromDate(date);
}

/** A moment in UTC as people write it: "2032-12-22 15:00", or as it is shown; NaN if it is none. */
export function readMoment(text: string): number {
  const bare = text.trim().replace(/\s*UTC$/i, "");
  const shown = /^(\d{1,2}) ([a-z]{3})\w* (-?\d{1,4}),?(?: (\d{1,2}:\d\d))?$/i.exec(bare);
  if (!shown) return mjdFromUtcText(bare.replace(" ", "T"));
  const month = MONTHS.findIndex((name) => name.toLowerCase() === shown[2]?.toLowerCase()) + 1;
  if (month === 0) return NaN;
  const two = (part: string): string => part.padStart(2, "0");
  const date = `${shown[3]?.padStart(4, "0")}-${two(String(month))}-${two(shown[1] ?? "")}`;
  return mjdFromUtcText(`${date}T${(shown[4] ?? "00:00").padStart(5, "0")}`);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function day(mjdTdb: number): string {
  const date = dateFromMjd(mjdTdb);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

export function minute(mjdTdb: number): string {
  const date = dateFromMjd(mjdTdb + 0.5 / 1440);
  return `${day(mjdTdb + 0.5 / 1440)}, ${date.toISOString().slice(11, 16)}`;
}

export function isoMinute(mjdTdb: number): string {
  return `${dateFromMjd(mjdTdb + 0.5 / 1440).toISOString().slice(0, 16)}Z`;
}

export function now(): number {
  return mjdFromDate(new Date());
}
