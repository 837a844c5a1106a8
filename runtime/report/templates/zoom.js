"use strict";
// Lets the picture of a power recording be zoomed into. The data stand in the figure; this is the
// only script of the page, whose policy allows no other and no connection.

const NONE = 65535, VIEW = 1000, TOP = 20, HEIGHT = 200, BOTTOM = TOP + HEIGHT;
const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];
const SVG = document.querySelector("svg").namespaceURI;
const LEAST = 8; // columns that a view has at least

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

function stretchOf(raw) {
  const powers = new Uint16Array(bytes(raw.powers)), single = raw.samples === 1;
  const count = single ? powers.length : powers.length / 3;
  const part = (place) => single ? powers : powers.subarray(place * count, (place + 1) * count);
  const ticks = raw.times && new Uint32Array(bytes(raw.times));
  const time = ticks ? (i) => raw.start + ticks[i] * raw.step / 1024 : (i) => raw.start + (i + 0.5) * raw.step;
  return {
    count, time, single, step: raw.step, samples: raw.samples, low: part(0), mean: part(1), high: part(2),
    start: ticks ? time(0) : raw.start, end: ticks ? time(count - 1) : raw.start + count * raw.step,
  };
}

// The first column at or after t.
function search(stretch, t) {
  let low = 0, high = stretch.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretch.time(middle) < t) low = middle + 1; else high = middle;
  }
  return low;
}

// What a view shows: at most about `most` rows {from, to, low, mean, high} of `each` columns, null at gaps.
function rowsOf(stretch, [from, to], most, gap) {
  const first = Math.max(0, search(stretch, from) - 1), last = Math.min(stretch.count, search(stretch, to) + 1);
  const each = Math.max(1, Math.ceil((last - first) / most)), rows = [];
  let row = null, before = -Infinity;
  for (let i = first; i < last; i++) {
    if (stretch.mean[i] === NONE) continue;
    const t = stretch.time(i), group = Math.floor(i / each);
    const torn = row !== null && t - before > Math.max(gap, 1.5 * stretch.step);
    if (torn) rows.push(null);
    if (row === null || torn || row.group !== group) {
      row = { group, held: 0, from: t, low: NONE, mean: 0, high: 0 };
      rows.push(row);
    }
    row.low = Math.min(row.low, stretch.low[i]);
    row.high = Math.max(row.high, stretch.high[i]);
    row.mean = (row.mean * row.held + stretch.mean[i]) / ++row.held;
    row.to = before = t;
  }
  return { rows, each };
}

function ticksOf(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw)), ticks = [];
  const far = (step) => Math.abs(Math.log(step / raw));
  const step = [1, 2, 5, 10].map((m) => m * power).reduce((best, one) => far(one) < far(best) ? one : best);
  for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9); i++) ticks.push(i * step);
  return { step, ticks };
}

// A value in the prefix that suits `largest`, with the digits that tell `step` apart. Seconds have no kilo.
function words(value, unit, largest, step) {
  const suits = ([factor]) => largest >= factor * 0.9995 && (unit !== "s" || factor <= 1);
  const [factor, prefix] = PREFIXES.find(suits) ?? PREFIXES.at(-1);
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / factor) - 1e-9)));
  return Math.abs(value) < step / 2 ? "0" : `${(value / factor).toFixed(digits)} ${prefix}${unit}`;
}

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function element(name, text, label = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (label) made.title = label;
  if (label) made.setAttribute("aria-label", label);
  return made;
}

class Trace {
  constructor(figure) {
    const data = JSON.parse(figure.dataset.zoom), picture = figure.querySelector(".picture");
    Object.assign(this, data, { stretches: data.stretches.map(stretchOf), picture });
    [this.gutter, this.frame] = picture.children;
    this.drawing = this.frame.firstElementChild;
    this.named = [...this.drawing.children].slice(0, 2); // title and description
    this.whole = [this.stretches[0].start, this.stretches[0].end];
    this.view = this.whole;
    this.status = element("p", "");
    this.status.className = "seen";
    this.status.setAttribute("role", "status");
    picture.after(this.status);
    this.addBar();
    this.addKeys();
    this.addPointer();
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  watts(power) { return this.bottom + power * this.quantum; }

  // Go to a span, kept inside the recording and no shorter than a few columns.
  show(from, to) {
    const [first, last] = this.whole, least = LEAST * Math.min(...this.stretches.map((s) => s.step));
    const span = Math.min(last - first, Math.max(to - from, least));
    const start = Math.min(Math.max((from + to - span) / 2, first), last - span);
    this.view = [start, start + span];
    this.draw();
  }

  showAll() { this.show(...this.whole); }

  zoom(factor, at = (this.view[0] + this.view[1]) / 2) {
    this.show(at - (at - this.view[0]) * factor, at + (this.view[1] - at) * factor);
  }

  move(share) {
    const by = share * (this.view[1] - this.view[0]);
    this.show(this.view[0] + by, this.view[1] + by);
  }

  // The finest stretch that has all of the view.
  stretch() {
    const holding = this.stretches.filter((s) => s.start <= this.view[0] && s.end >= this.view[1]);
    return holding.reduce((best, s) => s.step < best.step ? s : best, this.stretches[0]);
  }

  draw() {
    const stretch = this.stretch(), most = Math.max(200, Math.round(this.drawing.getBoundingClientRect().width));
    const { rows, each } = rowsOf(stretch, this.view, most, this.gap);
    const seen = rows.filter((row) => row !== null && row.to >= this.view[0] && row.from <= this.view[1]);
    const top = 1.05 * seen.reduce((most, row) => Math.max(most, this.watts(row.high)), 1e-12);
    const x = (t) => VIEW * (t - this.view[0]) / (this.view[1] - this.view[0]);
    const y = (power) => HEIGHT * (1 - this.watts(power) / top);
    const lines = this.levels(top);
    const curves = this.plot(rows, x, y, stretch, each);
    this.drawing.replaceChildren(...this.named, ...lines, ...this.shades(x), curves, ...this.idleLine(top), ...this.times(x));
    this.tell(stretch, each, seen.length);
  }

  levels(top) {
    const { step, ticks } = ticksOf(0, top, 4), place = (value) => BOTTOM - HEIGHT * value / top;
    const right = this.gutter.getAttribute("width") - 7;
    this.gutter.replaceChildren(...ticks.map((value) => shape(
      "text", { x: right, y: place(value) + 4, "text-anchor": "end", class: "tick" }, words(value, "W", ticks.at(-1), step),
    )));
    return ticks.map((value) => shape("line", { x1: 0, x2: "100%", y1: place(value), y2: place(value), class: "grid" }));
  }

  shades(x) {
    return this.windows.flatMap(([start, end, text], number) => {
      const left = Math.max(0, x(start)), width = Math.min(VIEW, x(end)) - left;
      if (width <= 0) return [];
      const sizes = { x: `${left / 10}%`, width: `${width / 10}%`, y: TOP - 16, height: HEIGHT + 16 };
      const shade = shape("rect", { ...sizes, class: "window" });
      shade.append(shape("title", {}, `window ${number + 1}: ${text}`));
      const middle = { x: `${(left + width / 2) / 10}%`, y: TOP - 5, "text-anchor": "middle" };
      return width > 40 ? [shade, shape("text", middle, number + 1)] : [shade];
    });
  }

  // Band and mean of columns, or a line through single samples; interrupted at gaps.
  plot(rows, x, y, stretch, each) {
    const inner = shape("svg", { x: 0, y: TOP, width: "100%", height: HEIGHT, viewBox: `0 0 ${VIEW} ${HEIGHT}`, preserveAspectRatio: "none" });
    const half = stretch.single ? 0 : stretch.step / 2, banded = each > 1 || !stretch.single;
    const point = (t, power) => `${x(t).toFixed(2)} ${y(power).toFixed(2)}`;
    for (let first = 0; first < rows.length;) {
      const gap = rows.indexOf(null, first), last = gap < 0 ? rows.length : gap;
      const run = rows.slice(first, last);
      first = last + 1;
      if (!run.length) continue;
      const edges = (key) => run.flatMap((row) => [point(row.from - half, row[key]), point(row.to + half, row[key])]);
      if (banded) inner.append(shape("path", { d: `M${[...edges("high"), ...edges("low").reverse()].join("L")}Z`, class: "band" }));
      const line = run.map((row) => point((row.from + row.to) / 2, row.mean));
      inner.append(shape("path", { d: `M${[line[0], ...line].join("L")}`, class: "curve" }));
    }
    return inner;
  }

  idleLine(top) {
    if (this.idle === null || this.idle <= 0 || this.idle >= top) return [];
    const y = BOTTOM - HEIGHT * this.idle / top, text = `idle ${words(this.idle, "W", this.idle, this.idle / 100)}`;
    return [
      shape("line", { x1: 0, x2: "100%", y1: y, y2: y, class: "marker" }),
      shape("text", { x: "100%", y: y - 4, "text-anchor": "end", class: "label" }, text),
    ];
  }

  times(x) {
    const { step, ticks } = ticksOf(...this.view, 5), largest = Math.max(...this.view.map(Math.abs));
    return ticks.map((t) => {
      const place = x(t) / VIEW, anchor = place < 0.06 ? "start" : place > 0.94 ? "end" : "middle";
      return shape("text", { x: `${100 * place}%`, y: BOTTOM + 14, "text-anchor": anchor, class: "tick" }, words(t, "s", largest, step));
    });
  }

  tell(stretch, each, shown) {
    const largest = Math.max(...this.view.map(Math.abs)), fine = (this.view[1] - this.view[0]) / 100;
    const [from, to] = this.view.map((t) => words(t, "s", largest, fine));
    const samples = (each * stretch.samples).toLocaleString("en");
    const what = each === 1 && stretch.single ? `each of ${shown.toLocaleString("en")} samples`
      : `smallest, mean and largest of ${stretch.single ? "" : "up to "}${samples} samples a column`;
    this.status.textContent = `${from} to ${to}: ${what}.`;
  }

  addBar() {
    const bar = element("div", ""), button = (text, label, action) => {
      const made = element("button", text, label);
      made.addEventListener("click", action);
      bar.append(made);
    };
    bar.className = "zoombar";
    button("+", "Zoom in", () => this.zoom(0.5));
    button("−", "Zoom out", () => this.zoom(2));
    button("←", "Earlier", () => this.move(-0.25));
    button("→", "Later", () => this.move(0.25));
    button("whole", "Whole recording", () => this.showAll());
    if (this.windows.length) bar.append(this.choice());
    bar.append(element("small", "or drag over a part; keys + − ← → 0"));
    this.picture.before(bar);
  }

  choice() {
    const made = element("select", "", "Go to an inference window");
    made.add(new Option("window …", ""));
    this.windows.forEach(([start, end, text], number) => {
      const whole = this.stretches.some((s) => s.single && s.start <= start && s.end >= end);
      made.add(new Option(`${number + 1}: ${text}${whole ? ", every sample" : ""}`, number));
    });
    made.addEventListener("change", () => {
      const [start, end] = this.windows[made.value] ?? this.whole;
      this.show(start - 0.01 * (end - start), end + 0.01 * (end - start));
      made.value = "";
    });
    return made;
  }

  addKeys() {
    const keys = {
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.showAll(),
      Home: () => this.showAll(), ArrowLeft: () => this.move(-0.25), ArrowRight: () => this.move(0.25),
    };
    this.frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  // A mouse drags a part to zoom into, a finger moves the view; Ctrl and the wheel zoom, as a pinch does.
  addPointer() {
    const on = (name, action) => this.drawing.addEventListener(name, action, { passive: false });
    let grip = null;
    const end = () => { grip = null; this.drawing.querySelector(".chosen")?.remove(); };
    on("pointerdown", (event) => {
      if (event.button) return;
      grip = { x: event.clientX, at: this.share(event), view: this.view, touch: event.pointerType === "touch" };
      this.drawing.setPointerCapture(event.pointerId);
    });
    on("pointermove", (event) => {
      if (!grip) return;
      const [from, to] = grip.view, by = (grip.at - this.share(event)) * (to - from);
      if (grip.touch) this.show(from + by, to + by); else this.choose(grip.at, this.share(event));
    });
    on("pointerup", (event) => {
      const from = grip, to = this.share(event);
      end();
      if (!from || from.touch || Math.abs(event.clientX - from.x) < 5) return;
      const [start, span] = [this.view[0], this.view[1] - this.view[0]];
      this.show(start + span * Math.min(from.at, to), start + span * Math.max(from.at, to));
    });
    on("pointercancel", end);
    on("dblclick", () => this.showAll());
    on("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.3 : 1 / 1.3, this.view[0] + this.share(event) * (this.view[1] - this.view[0]));
    });
  }

  // Where in the drawing a pointer is, from 0 to 1.
  share(event) {
    const box = this.drawing.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  choose(one, other) {
    const sizes = { x: `${100 * Math.min(one, other)}%`, width: `${100 * Math.abs(one - other)}%`, y: TOP, height: HEIGHT };
    this.drawing.querySelector(".chosen")?.remove();
    this.drawing.append(shape("rect", { ...sizes, class: "chosen" }));
  }
}

document.querySelectorAll("figure[data-zoom]").forEach((figure) => new Trace(figure));
