/**
 * A picture in three dimensions. Places are float64 kilometres on this side; what the graphics
 * card gets is their distance from the focus in units of the view, so that nothing jitters.
 */

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  Line,
  LineBasicMaterial,
  LineDashedMaterial,
  LineSegments,
  Matrix4,
  Mesh,
  type Object3D,
  PerspectiveCamera,
  Points,
  ShaderMaterial,
  Scene,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { Vec } from "../lib/kepler";
import { onPaper } from "../lib/save";
import { colour } from "../lib/theme.svelte";
import { type Label, Labels } from "./labels";
import { LIT, ROUND } from "./shaders";

interface Part {
  object: Object3D;
  isShown: boolean;
  /** A radius about a place: drawn only where it comes to some pixels. */
  detail?: () => { middle: Vec; radiusKm: number };
  /** Whether its points, the focus or the unit have changed since it was placed. */
  isStale: boolean;
  tone: string;
  place: (focus: Vec, unitKm: number) => void;
  paint: (value: Color) => void;
}

let software: boolean | null = null;

/** Whether WebGL is drawn by the processor: smoothing edges would cost it four times the work. */
function isSoftware(): boolean {
  if (software !== null) return software;
  const gl = document.createElement("canvas").getContext("webgl2");
  const known = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = gl && known ? String(gl.getParameter(known.UNMASKED_RENDERER_WEBGL)) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  software = /swiftshader|llvmpipe|softpipe|software/i.test(name);
  return software;
}

// Without a graphics card, a picture that moves is drawn with fewer pixels, and with all at rest.
const MOVING = 0.6;
const REST_MS = 220;
// What has a detail is drawn from so many pixels of its radius on: in a dot it would only be noise.
const DETAIL_PX = 24;

export class Stage {
  readonly canvas: HTMLCanvasElement;
  readonly #scene = new Scene();
  readonly #camera = new PerspectiveCamera(40, 1, 0.001, 2000);
  readonly #renderer: WebGLRenderer;
  readonly #controls: OrbitControls;
  readonly #sun = new Vector3(0, -0.7, 0.7);
  readonly #labels = new Labels();
  #parts: Part[] = [];
  #focus: Vec = [0, 0, 0];
  #unitKm: number;
  #asked = 0;
  #observer: ResizeObserver;
  #watcher: IntersectionObserver;
  #isSeen = true;
  #sizes: { value: number; pixels: number }[] = [];
  #ratio = Math.min(devicePixelRatio, 2);
  #drawnMs = -Infinity;
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** @param unitKm kilometres in one unit of the scene; the camera starts three of them away. */
  constructor(
    readonly host: HTMLElement,
    name: string,
    unitKm: number,
    from: Vec,
  ) {
    this.#unitKm = unitKm;
    this.#renderer = new WebGLRenderer({
      antialias: !isSoftware(),
      alpha: true,
    });
    this.#renderer.setPixelRatio(this.#ratio);
    this.canvas = this.#renderer.domElement;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute(
      "aria-label",
      `${name}. Arrow keys turn it, plus and minus zoom.`,
    );
    host.append(this.canvas, this.#labels.element);
    this.#camera.up.set(0, 0, 1);
    this.#camera.position.set(...from);
    this.#controls = new OrbitControls(this.#camera, this.canvas);
    this.#controls.enablePan = false;
    this.#controls.minDistance = 0.004;
    this.#controls.maxDistance = 300;
    this.#controls.enableZoom = false; // the page scrolls; zooming takes Ctrl, a pinch or a key
    this.#controls.addEventListener("change", () => this.draw());
    this.canvas.addEventListener("keydown", (event) => this.#press(event));
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
    // What has been scrolled out of sight is not drawn until it is back.
    this.#watcher = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? true;
      if (this.#isSeen) this.draw();
    });
    this.#watcher.observe(host);
    this.#resize();
  }

  get focus(): Vec {
    return this.#focus;
  }

  set focus(at: Vec) {
    if (at.some((x, k) => x !== this.#focus[k])) this.#misplace();
    this.#focus = at;
    this.draw();
  }

  /** Kilometres in one unit of the scene. */
  set unitKm(value: number) {
    if (value !== this.#unitKm) this.#misplace();
    this.#unitKm = value;
    this.draw();
  }

  /** A sphere about the origin behind which labels are left out, km. */
  set occluderKm(radius: number) {
    this.#labels.occluderKm = radius;
    this.draw();
  }

  set labels(texts: Label[]) {
    this.#labels.texts = texts;
    this.draw();
  }

  /** Where the light comes from, as a direction. */
  set light(direction: Vec) {
    this.#sun.set(...direction).normalize();
    this.draw();
  }

  line(points: readonly Vec[], tone: string, opacity = 1, dashed = false): Handle {
    const material = dashed
      ? new LineDashedMaterial({ transparent: true, opacity, dashSize: 0.02, gapSize: 0.02 })
      : new LineBasicMaterial({ transparent: opacity < 1, opacity });
    return this.#add(new Line(new BufferGeometry(), material), points, tone, (c) => {
      material.color = c;
    });
  }

  segments(points: readonly Vec[], tone: string, opacity = 1): Handle {
    const material = new LineBasicMaterial({ transparent: opacity < 1, opacity });
    return this.#add(new LineSegments(new BufferGeometry(), material), points, tone, (c) => {
      material.color = c;
    });
  }

  /** Round dots of so many pixels, whatever the distance. */
  dots(points: readonly Vec[], tone: string, pixels: number, opacity = 1): Handle {
    const size = { value: pixels * this.#ratio, pixels };
    this.#sizes.push(size);
    const material = new ShaderMaterial({
      ...ROUND,
      uniforms: { size, tone: { value: new Color() }, alpha: { value: opacity } },
      transparent: true,
      depthWrite: false,
    });
    return this.#add(new Points(new BufferGeometry(), material), points, tone, (c) => {
      material.uniforms["tone"]!.value = c;
    });
  }

  /** A lit sphere of its true size. */
  ball(radiusKm: number, tone: string): Handle {
    const material = new ShaderMaterial({
      ...LIT,
      uniforms: { sun: { value: this.#sun }, tone: { value: new Color() } },
    });
    const mesh = new Mesh(new SphereGeometry(1, 48, 32), material);
    let at: Vec = [0, 0, 0];
    const part = this.#enter({
      object: mesh,
      isShown: true,
      isStale: true,
      tone,
      place: (focus, unitKm) => {
        mesh.position.set(...(at.map((x, k) => (x - focus[k]!) / unitKm) as Vec));
        mesh.scale.setScalar(radiusKm / unitKm);
      },
      paint: (c) => (material.uniforms["tone"]!.value = c),
    });
    return {
      move: (points) => {
        at = points[0] ?? at;
        part.isStale = true;
        this.draw();
      },
      show: (visible) => this.#show(part, visible),
    };
  }

  /** Lines on a body: pairs of points on the unit sphere in its own axes, turned with it. */
  globe(pairs: readonly Vec[], radiusKm: number, tone: string, opacity = 1): Globe {
    const material = new LineBasicMaterial({ transparent: opacity < 1, opacity });
    const array = new Float32Array(pairs.flat());
    const geometry = new BufferGeometry().setAttribute("position", new BufferAttribute(array, 3));
    const object = new LineSegments(geometry, material);
    object.frustumCulled = false;
    let middle: Vec = [0, 0, 0];
    const part = this.#enter({
      object,
      isShown: true,
      isStale: true,
      tone,
      detail: () => ({ middle, radiusKm }),
      place: (focus, unitKm) => {
        object.position.set(...(middle.map((x, k) => (x - focus[k]!) / unitKm) as Vec));
        object.scale.setScalar(radiusKm / unitKm);
      },
      paint: (c) => (material.color = c),
    });
    return {
      move: (at, [x, y, z]) => {
        middle = at;
        object.quaternion.setFromRotationMatrix(
          new Matrix4().makeBasis(new Vector3(...x), new Vector3(...y), new Vector3(...z)),
        );
        part.isStale = true;
        this.draw();
      },
    };
  }

  #add(
    object: Line | Points,
    points: readonly Vec[],
    tone: string,
    paint: (value: Color) => void,
  ): Handle {
    let given = points;
    object.frustumCulled = false;
    let array = new Float32Array(0);
    const part = this.#enter({
      object,
      isShown: true,
      isStale: true,
      tone,
      paint,
      place: (focus, unitKm) => {
        if (array.length !== given.length * 3) {
          array = new Float32Array(given.length * 3);
          object.geometry.dispose();
          object.geometry = new BufferGeometry();
          object.geometry.setAttribute("position", new BufferAttribute(array, 3));
        }
        given.forEach((point, k) => {
          for (let axis = 0; axis < 3; axis++) {
            array[3 * k + axis] = (point[axis]! - focus[axis]!) / unitKm;
          }
        });
        const held = object.geometry.getAttribute("position") as BufferAttribute | undefined;
        if (!held) return;
        held.needsUpdate = true;
        if (object instanceof Line) object.computeLineDistances();
      },
    });
    return {
      move: (moved) => {
        given = moved;
        part.isStale = true;
        this.draw();
      },
      show: (visible) => this.#show(part, visible),
    };
  }

  #show(part: Part, visible: boolean): void {
    if (part.isShown === visible) return;
    part.isShown = visible;
    this.draw();
  }

  /** Whether a part with a detail is near enough to be drawn. */
  #isLarge({ detail }: Part): boolean {
    if (!detail) return true;
    const { middle, radiusKm } = detail();
    const at = new Vector3(...(middle.map((x, k) => (x - this.#focus[k]!) / this.#unitKm) as Vec));
    const angle = radiusKm / this.#unitKm / this.#camera.position.distanceTo(at);
    const perRadian = this.host.clientHeight / 2 / Math.tan((this.#camera.fov * Math.PI) / 360);
    return angle * perRadian >= DETAIL_PX;
  }

  #misplace(): void {
    for (const part of this.#parts) part.isStale = true;
  }

  #enter(part: Part): Part {
    this.#parts.push(part);
    this.#scene.add(part.object);
    part.paint(new Color(colour(part.tone)));
    this.draw();
    return part;
  }

  /** Take the colours anew: the theme has changed. */
  repaint(): void {
    for (const part of this.#parts) part.paint(new Color(colour(part.tone)));
    this.draw();
  }

  /** Draw before the next frame, once, however often it was asked for. */
  draw(): void {
    this.#asked ||= requestAnimationFrame((nowMs) => {
      this.#asked = 0;
      if (!this.#isSeen) return;
      if (isSoftware()) this.#ease(nowMs);
      this.#render();
    });
  }

  /** Fewer pixels from the second picture in a row on, and all of them once it rests. */
  #ease(nowMs: number): void {
    this.#sharpen(nowMs - this.#drawnMs < REST_MS ? MOVING : 1);
    this.#drawnMs = nowMs;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      if (this.#renderer.getPixelRatio() === this.#ratio) return;
      this.#drawnMs = -Infinity;
      this.draw();
    }, REST_MS);
  }

  #sharpen(share: number): void {
    const ratio = share * this.#ratio;
    if (this.#renderer.getPixelRatio() === ratio) return;
    this.#renderer.setPixelRatio(ratio);
    for (const size of this.#sizes) size.value = size.pixels * ratio;
  }

  #render(): void {
    for (const part of this.#parts) {
      part.object.visible = part.isShown && this.#isLarge(part);
      if (!part.object.visible || !part.isStale) continue;
      part.place(this.#focus, this.#unitKm);
      part.isStale = false;
    }
    // Near and far follow the camera, so that the depth buffer's bits are where they are needed.
    const distance = this.#camera.position.length();
    this.#camera.near = 0.02 * distance;
    this.#camera.far = 60 * distance + 60;
    this.#camera.updateProjectionMatrix();
    this.#renderer.render(this.#scene, this.#camera);
    this.#labels.write(this.#camera, this.#focus, this.#unitKm);
  }

  #press(event: KeyboardEvent): void {
    const turns: Record<string, [number, number]> = {
      ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12],
    };
    const turn = turns[event.key];
    if (turn) this.#turn(...turn);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.3);
    else if (event.key === "-") this.zoom(1.3);
    else return;
    event.preventDefault();
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.canvas) return;
    event.preventDefault();
    this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004));
  }

  #turn(around: number, over: number): void {
    const at = this.#camera.position;
    const distance = at.length();
    const angle = Math.atan2(at.y, at.x) + around;
    const tilt = Math.min(Math.max(Math.acos(at.z / distance) + over, 0.02), Math.PI - 0.02);
    at.set(Math.sin(tilt) * Math.cos(angle), Math.sin(tilt) * Math.sin(angle), Math.cos(tilt));
    at.multiplyScalar(distance);
    this.#controls.update();
    this.draw();
  }

  /** Bring the camera nearer (below 1) or farther. */
  zoom(by: number): void {
    const distance = this.#camera.position.length() * by;
    this.#camera.position.setLength(Math.min(Math.max(distance, 0.004), 300));
    this.#controls.update();
    this.draw();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / height;
    this.#camera.updateProjectionMatrix();
    this.draw();
  }

  /** The picture as it stands, on the page's paper. */
  picture(): HTMLCanvasElement {
    this.#sharpen(1);
    this.#render();
    const copy = onPaper(this.canvas);
    const context = copy.getContext("2d")!;
    const ratio = this.#renderer.getPixelRatio();
    context.scale(ratio, ratio);
    this.#labels.paint(context);
    return copy;
  }

  close(): void {
    cancelAnimationFrame(this.#asked);
    clearTimeout(this.#rest);
    this.#observer.disconnect();
    this.#watcher.disconnect();
    this.#controls.dispose();
    this.#scene.traverse((object) => {
      const { geometry, material } = object as Partial<Mesh>;
      geometry?.dispose();
      if (material && !Array.isArray(material)) material.dispose();
    });
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }
}

/** A body's lines, which are moved and turned as one. */
export interface Globe {
  /** @param axes where the body's own x, y and z point */
  move: (middle: Vec, axes: readonly [Vec, Vec, Vec]) => void;
}

/** A part of the picture that can be moved or hidden. */
export interface Handle {
  move: (points: readonly Vec[]) => void;
  show: (visible: boolean) => void;
}

/** A circle's points, for rings around what would be too small to see. */
export function circle(radius: number, a: Vec, b: Vec, count = 97): Vec[] {
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / (count - 1);
    const [c, s] = [radius * Math.cos(angle), radius * Math.sin(angle)];
    return [a[0] * c + b[0] * s, a[1] * c + b[1] * s, a[2] * c + b[2] * s] as Vec;
  });
}
