/** Names in a picture, as texts of the page over its canvas. */

import { type PerspectiveCamera, Vector3 } from "three";
import type { Vec } from "../lib/kepler";

export interface Label {
  text: string;
  at: Vec;
  tone?: string;
}

export class Labels {
  readonly element = document.createElement("div");
  texts: readonly Label[] = [];
  /** A sphere about the origin behind which they are left out, km. */
  occluderKm = 0;

  constructor() {
    this.element.className = "labels";
    this.element.ariaHidden = "true";
  }

  /** Put each where its place is seen, and leave out what would lie on another. */
  write(camera: PerspectiveCamera, focus: Vec, unitKm: number): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    while (this.element.childElementCount > this.texts.length) this.element.lastChild?.remove();
    while (this.element.childElementCount < this.texts.length) {
      this.element.append(document.createElement("span"));
    }
    const taken: [number, number, number][] = [];
    this.texts.forEach((label, k) => {
      const span = this.element.children[k] as HTMLSpanElement;
      const at = label.at.map((x, axis) => (x - focus[axis]!) / unitKm) as Vec;
      const point = new Vector3(...at).project(camera);
      const x = ((point.x + 1) / 2) * width;
      const y = ((1 - point.y) / 2) * height;
      const isIn = point.z < 1 && x > 0 && x < width && y > 0 && y < height - 8;
      const reach = label.text.length * 7.5 + 14;
      // Where there is no room on the right, it stands on the left.
      const isLeft = x + reach > width;
      const from = isLeft ? x - reach : x;
      // The first labels matter most: a later one that would lie on them is left out.
      const isFree = !taken.some(
        ([a, b, w]) => Math.abs(b - y) < 16 && from < a + w && a < from + reach,
      );
      const hidden = !isIn || !isFree || this.#isBehind(at, camera, focus, unitKm);
      // Only what has changed is written: each writing has the browser lay out and paint anew.
      if (span.hidden !== hidden) span.hidden = hidden;
      if (hidden) return;
      taken.push([from, y, reach]);
      const tone = label.tone ? `var(--${label.tone})` : "";
      const move = `translate(${x.toFixed(1)}px, ${(y - 19).toFixed(1)}px) translateX(${isLeft ? "calc(-100% - 8px)" : "8px"})`;
      if (span.textContent !== label.text) span.textContent = label.text;
      if (span.dataset["tone"] !== tone) {
        span.dataset["tone"] = tone;
        span.style.color = tone;
      }
      if (span.dataset["move"] !== move) {
        span.dataset["move"] = move;
        span.style.transform = move;
      }
    });
  }

  /** Whether the occluder stands between the camera and a place (in units of the scene). */
  #isBehind(at: Vec, camera: PerspectiveCamera, focus: Vec, unitKm: number): boolean {
    const radius = (0.995 * this.occluderKm) / unitKm;
    if (!radius) return false;
    const eye = camera.position;
    const middle = new Vector3(...(focus.map((x) => -x / unitKm) as Vec));
    const way = new Vector3(...at).sub(eye);
    const length = way.length();
    way.normalize();
    const along = middle.clone().sub(eye).dot(way);
    if (along <= 0 || along >= length) return false;
    const off = eye.clone().addScaledVector(way, along).distanceTo(middle);
    return off < radius && length > along;
  }

  /** The same into a picture that is kept. */
  paint(context: CanvasRenderingContext2D): void {
    context.font = "13px system-ui, sans-serif";
    const home = this.element.getBoundingClientRect();
    for (const span of this.element.children) {
      if ((span as HTMLElement).hidden) continue;
      const box = span.getBoundingClientRect();
      context.fillStyle = getComputedStyle(span).color;
      context.fillText(span.textContent ?? "", box.left - home.left, box.top - home.top + 14);
    }
  }
}
