/** Figures and their data as files. */

const PROPERTIES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity",
  "opacity", "paint-order", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline",
];

function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The drawing alone, with the style that it has on the page written into it. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const name of PROPERTIES) to[k]?.setAttribute(name, style.getPropertyValue(name));
    to[k]?.removeAttribute("class");
  });
  const box = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(box.width));
  copy.setAttribute("height", String(box.height));
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(name: string, svg: SVGSVGElement): void {
  save(`${name}.svg`, new Blob([standalone(svg)], { type: "image/svg+xml" }));
}

/** Encoded at once: `toBlob` waits for an idle page, and a browser may refuse a file so late after the press. */
export function savePng(name: string, canvas: HTMLCanvasElement): void {
  const [head, body] = canvas.toDataURL("image/png").split(",");
  if (!body || head !== "data:image/png;base64") throw new Error(`${name}: the browser gave no picture`);
  save(`${name}.png`, new Blob([Uint8Array.from(atob(body), (c) => c.charCodeAt(0))], { type: "image/png" }));
}

export function saveData(name: string, data: unknown): void {
  save(`${name}.json`, new Blob([JSON.stringify(data, null, 1)], { type: "application/json" }));
}

/** Columns as comma-separated values; text is quoted where it must be (RFC 4180). */
export function saveCsv(name: string, columns: Readonly<Record<string, readonly unknown[]>>): void {
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const names = Object.keys(columns);
  const count = Math.max(0, ...names.map((key) => columns[key]!.length));
  const rows = Array.from({ length: count }, (_, k) => names.map((key) => cell(columns[key]![k])));
  const text = [names.map(cell), ...rows].map((row) => row.join(",")).join("\r\n");
  save(`${name}.csv`, new Blob([`${text}\r\n`], { type: "text/csv" }));
}

/** Rows of one kind as comma-separated values. */
export function saveRows<T extends object>(name: string, rows: readonly T[]): void {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))] as (keyof T & string)[];
  saveCsv(name, Object.fromEntries(keys.map((key) => [key, rows.map((row) => row[key])])));
}

/** A picture with the page's paper behind it. */
export function onPaper(from: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [from.width, from.height];
  const context = copy.getContext("2d")!;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(from, 0, 0);
  return copy;
}

export function fileName(...words: string[]): string {
  return words.join("-").replaceAll(/[^\w.-]+/g, "_").toLowerCase();
}
