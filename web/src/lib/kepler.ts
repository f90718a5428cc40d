/** Two-body motion: the curve of an orbit, and a body between the rows of a table of states. */

export type Vec = [number, number, number];

const GM_SUN = 132712440041.27942; // km³/s², DE440
export const AU_KM = 149597870.7;

export const dot = (a: Vec, b: Vec): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec, b: Vec): Vec => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const norm = (a: Vec): number => Math.hypot(a[0], a[1], a[2]);
export const scaled = (a: Vec, by: number): Vec => [a[0] * by, a[1] * by, a[2] * by];
export const unit = (a: Vec): Vec => scaled(a, 1 / norm(a));
export const minus = (a: Vec, b: Vec): Vec => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const plus = (a: Vec, b: Vec): Vec => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/** Stumpff's functions C and S. */
function stumpff(z: number): [number, number] {
  if (z > 1e-6) {
    const root = Math.sqrt(z);
    return [(1 - Math.cos(root)) / z, (root - Math.sin(root)) / (root * z)];
  }
  if (z < -1e-6) {
    const root = Math.sqrt(-z);
    return [(Math.cosh(root) - 1) / -z, (Math.sinh(root) - root) / (root * -z)];
  }
  return [1 / 2 - z / 24, 1 / 6 - z / 120];
}

/** Where a heliocentric state is after some days, by the universal variable (Vallado, alg. 8). */
export function carried(r0: Vec, v0: Vec, days: number): Vec {
  if (days === 0) return r0;
  const t = days * 86400;
  const distance = norm(r0);
  const root = Math.sqrt(GM_SUN);
  const radial = dot(r0, v0) / root;
  const alpha = 2 / distance - dot(v0, v0) / GM_SUN;
  let x = alpha > 1e-12 ? root * t * alpha : (root * t) / distance;
  for (let k = 0; k < 40; k++) {
    const [c, s] = stumpff(x * x * alpha);
    const f =
      radial * x * x * c + (1 - alpha * distance) * x ** 3 * s + distance * x - root * t;
    const slope =
      radial * x * (1 - alpha * x * x * s) + (1 - alpha * distance) * x * x * c + distance;
    const step = f / slope;
    x -= step;
    if (Math.abs(step) < 1e-9 * Math.abs(x)) break;
  }
  const [c, s] = stumpff(x * x * alpha);
  const f = 1 - ((x * x) / distance) * c;
  const g = t - (x ** 3 / root) * s;
  return plus(scaled(r0, f), scaled(v0, g));
}

/** Points of the osculating conic, within 60 au of the Sun. */
export function conic(r: Vec, v: Vec, count = 361): Vec[] {
  const h = cross(r, v);
  const ecc = minus(scaled(cross(v, h), 1 / GM_SUN), unit(r));
  const e = norm(ecc);
  const p = dot(h, h) / GM_SUN;
  const axis = e > 1e-9 ? unit(ecc) : unit(r);
  const side = cross(unit(h), axis);
  const far = 60 * AU_KM;
  const open = e >= 1 || p / (1 - e) > far;
  const limit = open ? Math.acos(Math.max((p / far - 1) / e, -1)) : Math.PI;
  const points: Vec[] = [];
  for (let k = 0; k < count; k++) {
    let angle = limit * ((2 * k) / (count - 1) - 1);
    if (!open) {
      // Even in the eccentric anomaly, which shares the points fairly between both ends.
      const half = Math.sqrt((1 + e) / (1 - e)) * Math.tan(angle / 2);
      angle = Math.abs(angle) > Math.PI - 1e-9 ? angle : 2 * Math.atan(half);
    }
    const distance = p / (1 + e * Math.cos(angle));
    points.push(
      plus(scaled(axis, distance * Math.cos(angle)), scaled(side, distance * Math.sin(angle))),
    );
  }
  return points;
}

/** Orbits as columns: heliocentric, ecliptic J2000. */
export interface ElementColumns {
  objects: string[];
  perihelion_au: number[];
  eccentricity: number[];
  inclination_deg: number[];
  node_deg: number[];
  argument_of_perihelion_deg: number[];
  perihelion_mjd_tdb: number[];
}

/** A state at perihelion, from which any conic is carried; a closed one knows its period. */
export interface Perihelion {
  mjd: number;
  r: Vec;
  v: Vec;
  period_d: number | null;
}

export function perihelia(columns: ElementColumns): Perihelion[] {
  const radian = Math.PI / 180;
  return columns.objects.map((_, k) => {
    const [q, e] = [columns.perihelion_au[k]! * AU_KM, columns.eccentricity[k]!];
    const [i, node, w] = [columns.inclination_deg[k]!, columns.node_deg[k]!, columns.argument_of_perihelion_deg[k]!].map(
      (x) => x * radian,
    ) as [number, number, number];
    const [ci, si, cn, sn, cw, sw] = [Math.cos(i), Math.sin(i), Math.cos(node), Math.sin(node), Math.cos(w), Math.sin(w)];
    const toward: Vec = [cn * cw - sn * sw * ci, sn * cw + cn * sw * ci, sw * si];
    const along: Vec = [-cn * sw - sn * cw * ci, -sn * sw + cn * cw * ci, cw * si];
    const period = e < 1 ? (2 * Math.PI * Math.sqrt((q / (1 - e)) ** 3 / GM_SUN)) / 86400 : null;
    return {
      mjd: columns.perihelion_mjd_tdb[k]!,
      r: scaled(toward, q),
      v: scaled(along, Math.sqrt((GM_SUN * (1 + e)) / q)),
      period_d: period,
    };
  });
}

/** Where two-body motion has it. */
export function placeAt({ mjd, r, v, period_d }: Perihelion, at: number): Vec {
  const days = at - mjd;
  return carried(r, v, period_d === null ? days : days - period_d * Math.round(days / period_d));
}
