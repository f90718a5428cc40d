/** Numbers as people read them. */

const THIN = "\u202f"; // narrow, and no line breaks at it

function grouped(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** Three significant digits at most, without a false last one. */
function significant(value: number, digits: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(digits));
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 10⁻⁹ and the like for what is very large. */
export function scientific(value: number, digits = 2): string {
  const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
  const power = [...exponent.replace("+", "")]
    .map((c) => (c === "-" ? "⁻" : RAISED[Number(c)]))
    .join("");
  return `${mantissa}${THIN}×${THIN}10${power}`;
}

/** "1 in 25", "999 in 1000", "certain". */
export function oneIn(probability: number): string {
  if (probability <= 0) return "none";
  if (probability >= 0.9995) return "certain";
  if (probability > 0.5) return `${(100 * probability).toFixed(0)} in 100`;
  const chances = 1 / probability;
  if (chances >= 1e6) return `1 in ${scaled(chances)}`;
  return `1 in ${grouped(significant(chances, chances < 100 ? 2 : 3))}`;
}

function scaled(value: number): string {
  const units: [number, string][] = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];
  for (const [size, word] of units) {
    if (value >= size) return `${significant(value / size, 2)} ${word}`;
  }
  return grouped(value);
}

export function percent(probability: number): string {
  if (probability === 0) return `0${THIN}%`;
  if (probability >= 0.9999) return `> 99.99${THIN}%`;
  if (probability >= 0.001) return `${(100 * probability).toFixed(probability >= 0.1 ? 1 : 2)}${THIN}%`;
  if (probability >= 1e-4) return `${Number((100 * probability).toPrecision(2))}${THIN}%`;
  return scientific(probability);
}

/** A 95 % interval; only one bound where the other is 0 or 1. */
export function interval(low: number, high: number): string {
  if (low <= 0) return `below ${percent(high)}`;
  if (high >= 1) return `above ${percent(low)}`;
  if (low === high) return percent(low);
  if (low >= 0.001) return `${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)}${THIN}%`;
  const [a, b] = [low, high].map((p) => p.toExponential(1).split("e"));
  if (high < 1e-4 && a && b && a[1] === b[1]) return `${a[0]}–${scientific(high)}`;
  return `${percent(low)} – ${percent(high)}`;
}

export function km(value: number): string {
  if (Math.abs(value) >= 1e7) return `${scientific(value, 3)} km`;
  return `${Math.abs(value) < 10 ? value.toFixed(1) : grouped(value)} km`;
}

export function lunar(value: number): string {
  return `${(value / 384_400).toFixed(value < 38_440 ? 3 : 2)} LD`;
}

export function size(diameterKm: number | null): string {
  if (diameterKm === null) return "size unknown";
  return diameterKm < 1
    ? `${significant(1000 * diameterKm, 2)} m`
    : `${significant(diameterKm, 3)} km`;
}

/** An energy in megatons of TNT. */
export function megatons(value: number | null): string {
  if (value === null) return "–";
  return value >= 1000 || value < 0.01 ? `${scientific(value)} Mt` : `${significant(value, 2)} Mt`;
}

const WORDS = ["None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"];

/** A count that begins a sentence. */
export function counted(count: number): string {
  return WORDS[count] ?? grouped(count);
}

export function signed(value: number | null, digits = 2): string {
  if (value === null) return "–";
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

export function sigma(value: number | null, unit: string): string {
  if (value === null) return "";
  const text = value >= 100 ? grouped(value) : String(significant(value, 2));
  return `± ${text} ${unit}`;
}
