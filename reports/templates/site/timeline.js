"use strict";
// The list of years as a chart, drawn by uPlot: hover tells, a click opens, dragging enlarges.
const chart = document.getElementById("chart");
const tip = document.getElementById("tip");
const form = document.getElementById("choose");
const told = document.getElementById("told");
const dark = matchMedia("(prefers-color-scheme: dark)");
const STACKS = [...form.querySelectorAll("[name=stack]")].map((box) => box.value);
const EARLY = 2014; // few stand before it; "Show all" starts here, the field of years leads back
const START = Date.UTC(EARLY) / 1000;
const MONTH = 30 * 86400; // seconds
const RADIUS = 4.5;
const PAPER = 660; // pixels that a printed page is wide, at least
const NEAR = 24; // pixels from which on the pointer means an entry

const listed = [...document.querySelectorAll(".year li")].map((item) => {
  const [year, month, day] = item.dataset.date.split("-").map(Number);
  return {
    item,
    name: item.querySelector("a").textContent,
    href: item.querySelector("a").href,
    stack: item.dataset.stack,
    lab: item.dataset.lab,
    date: item.dataset.date,
    year,
    x: Date.UTC(year, (month || 1) - 1, day || 15) / 1000,
    sizes: item.dataset.sizes.split(" ").filter(Boolean).map(Number),
    told: item.querySelector(".when").textContent,
  };
});
const entries = listed.filter((entry) => entry.sizes.length).sort((a, b) => a.x - b.x);
for (const entry of entries) entry.y = entry.sizes.at(-1);
let shown = entries;
let at = null; // the entry that is pointed at

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const place = (plot, entry, canvas) => [plot.valToPos(entry.x, "x", canvas), plot.valToPos(entry.y, "y", canvas)];

// the outline of a mark: as in the list, a shape for each stack
const SHAPES = {
  encoder: (path, x, y, r) => path.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
  decoder: (path, x, y, r) => [path.moveTo(x + r, y), path.arc(x, y, r, 0, 2 * Math.PI)],
  encoder_decoder: (path, x, y, r) => outline(path, [[x, y - r * 1.3], [x + r * 1.3, y], [x, y + r * 1.3], [x - r * 1.3, y]]),
  other: (path, x, y, r) => outline(path, [[x, y - r * 1.2], [x + r * 1.2, y + r], [x - r * 1.2, y + r]]),
};

function outline(path, points) {
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

function marks(stack) {
  return (plot, series, first, last) => {
    const path = new Path2D();
    for (let i = first; i <= last; i++)
      if (plot.data[series][i] != null) SHAPES[stack](path, ...place(plot, shown[i], true), RADIUS * devicePixelRatio);
    return { stroke: path, fill: path, clip: null, flags: 0 };
  };
}

// a line from each entry's largest size down to its smallest
function spans(plot, series, first, last) {
  const path = new Path2D();
  for (const entry of shown.slice(first, last + 1)) {
    const [x, y] = place(plot, entry, true);
    path.moveTo(x, y);
    path.lineTo(x, plot.valToPos(entry.sizes[0], "y", true));
  }
  return { stroke: path, fill: null, clip: null, flags: 0 };
}

// names beside their marks, the largest first, wherever they cover neither a mark nor another name
function names(plot) {
  const { ctx, bbox } = plot;
  const gap = 1.7 * RADIUS * devicePixelRatio;
  const height = 13 * devicePixelRatio;
  const taken = shown.map((entry) => place(plot, entry, true)).map(([x, y]) => [x - gap / 2, y - gap / 2, x + gap / 2, y + gap / 2]);
  const isFree = ([left, top, right, bottom]) =>
    left > bbox.left && right < bbox.left + bbox.width &&
    taken.every((each) => right < each[0] || left > each[2] || bottom < each[1] || top > each[3]);
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.fillStyle = colour("--muted");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const entry of [...shown].sort((one, other) => other.y - one.y)) {
    const [x, y] = place(plot, entry, true);
    const width = ctx.measureText(entry.name).width;
    const boxes = [x + gap, x - gap - width].map((left) => [left, y - height / 2, left + width, y + height / 2]);
    const box = boxes.find(isFree);
    if (!box) continue;
    taken.push(box);
    ctx.fillText(entry.name, box[0], y);
  }
  ctx.restore();
}

function data() {
  const lines = [shown.map((entry) => entry.x), shown.map((entry) => entry.sizes[0])];
  return [...lines, ...STACKS.map((stack) => shown.map((entry) => (entry.stack === stack ? entry.y : null)))];
}

function nearest(plot) {
  const { left, top } = plot.cursor;
  const far = (entry) => Math.hypot(...place(plot, entry).map((value, i) => value - [left, top][i]));
  const best = left < 0 ? null : shown.reduce((one, other) => (one && far(one) <= far(other) ? one : other), null);
  return best && far(best) < NEAR ? best : null;
}

function point(entry) {
  at = entry;
  tip.hidden = !entry;
  chart.classList.toggle("over", Boolean(entry));
  if (!entry) return;
  const [x, y] = place(plot, entry);
  const over = plot.over.getBoundingClientRect();
  const frame = chart.getBoundingClientRect();
  tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: entry.name }), ` ${entry.date}`, document.createElement("br"), entry.told);
  tip.style.left = `${Math.min(over.left - frame.left + x + 14, frame.width - tip.offsetWidth)}px`;
  tip.style.top = `${over.top - frame.top + y - tip.offsetHeight - 10}px`;
}

// round numbers between two: powers of ten, and where these are few, their doubles and halves
function round(low, high) {
  const steps = high / low < 1000 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: 20 }, (unused, power) => 10 ** power);
  return powers.flatMap((power) => steps.map((step) => step * power)).filter((number) => number >= low && number <= high);
}

const short = (value) => Object.entries(UNITS).reduce((text, [unit, size]) => (value >= size ? value / size + unit.toUpperCase() : text), String(value));
const axis = { stroke: () => colour("--muted"), grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
const plot = new uPlot(
  {
    width: chart.clientWidth,
    height: Math.max(320, Math.min(560, innerHeight * 0.6)),
    ms: 1e-3,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "UTC"),
    legend: { show: false },
    cursor: { drag: { x: true, y: true, uni: 30 }, points: { show: false }, x: false, y: false },
    scales: {
      x: { range: (self, low = START, high = low) => [low - MONTH, high + MONTH] },
      y: { distr: 3, range: (self, low, high) => [(low || 1e6) / 1.6, (high || 1e9) * 1.6] },
    },
    axes: [{ ...axis, space: 80 }, { ...axis, size: 60, splits: (self, number, low, high) => round(low, high), filter: (self, ticks) => ticks, values: (self, ticks) => ticks.map(short) }],
    series: [
      {},
      { scale: "y", paths: spans, points: { show: false }, width: 1, stroke: () => colour("--edge") },
      ...STACKS.map((stack) => ({
        scale: "y", paths: marks(stack), points: { show: false }, width: 1,
        stroke: () => colour("--paper"), fill: () => colour(`--${stack}`),
      })),
    ],
    hooks: { draw: [names], setCursor: [(self) => point(nearest(self))], setScale: [() => point(null)] },
  },
  data(),
  chart,
);

function show() {
  const fields = form.elements;
  const text = fields.q.value.toLowerCase();
  const stacks = new FormData(form).getAll("stack");
  const years = range(fields.year.value);
  fields.year.setCustomValidity(fields.year.value && !years ? `write it as ${fields.year.placeholder}` : "");
  const inYears = (entry) => (years ? entry.year >= years[0] && entry.year <= years[1] : true);
  const meets = (entry) =>
    stacks.includes(entry.stack) && inYears(entry) && `${entry.name} ${entry.lab}`.toLowerCase().includes(text);
  const met = new Set(listed.filter(meets));
  for (const entry of listed) entry.item.hidden = !met.has(entry);
  for (const part of document.querySelectorAll("#years-list section")) part.hidden = !part.querySelector("li:not([hidden])");
  shown = entries.filter((entry) => met.has(entry) && (years || entry.year >= EARLY));
  plot.setData(data());
  const drawn = shown.length;
  const sized = [...met].filter((entry) => entry.sizes.length).length;
  const apart = [
    [sized - drawn, `from before ${EARLY}`],
    [met.size - sized, "of unknown size"],
  ].filter(([number]) => number);
  const ignored = fields.year.validationMessage ? `; “${fields.year.value}” is no range, ${fields.year.validationMessage}` : "";
  told.textContent = `${drawn} shown${apart.map(([number, why]) => `; ${number} ${why} in the list alone`).join("")}${ignored}`;
  keep(text, stacks);
}

function keep(text, stacks) {
  const kept = new URLSearchParams([["q", form.elements.q.value], ["year", form.elements.year.value]].filter(([, value]) => value));
  if (stacks.length < STACKS.length) kept.set("stack", stacks.join(","));
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
}

function restore() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of ["q", "year"]) form.elements[name].value = kept.get(name) || "";
  for (const box of form.querySelectorAll("[name=stack]")) box.checked = !kept.has("stack") || kept.get("stack").split(",").includes(box.value);
  show();
}

function step(event) {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (event.key === "Enter" && at) location.href = at.href;
  if (!way || !shown.length) return;
  event.preventDefault();
  const next = shown[at ? Math.max(0, Math.min(shown.length - 1, shown.indexOf(at) + way)) : way > 0 ? 0 : shown.length - 1];
  point(next);
  told.textContent = `${next.name}, ${next.date}, ${next.stack.replaceAll("_", " ")}, ${next.told}`;
}

plot.over.addEventListener("click", () => at && (location.href = at.href));
chart.addEventListener("keydown", step);
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(show));
dark.addEventListener("change", () => plot.redraw());
const fit = (width) => plot.setSize({ width, height: plot.height });
addEventListener("resize", () => fit(chart.clientWidth));
addEventListener("beforeprint", () => fit(PAPER));
addEventListener("afterprint", () => fit(chart.clientWidth));
addEventListener("hashchange", restore);
restore();
