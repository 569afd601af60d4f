"use strict";
// Filters, sorts and picks rows of a table that is already on the page; the address keeps the choice.
const form = document.getElementById("filters");
const body = document.querySelector("#entries tbody");
const rows = [...body.rows].map((row) => ({
  row,
  text: `${row.textContent} ${row.dataset.text} ${row.dataset.kinds}`.toLowerCase().replaceAll("_", " "),
  kinds: new Set(row.dataset.kinds.trim().split(/\s+/)),
  params: row.dataset.params === "" ? null : Number(row.dataset.params),
  counts: row.dataset.counts.split(" ").filter(Boolean).map(Number),
  year: row.dataset.year === "" ? null : Number(row.dataset.year),
}));
const PLAIN = ["q", "stack", "show", "lab", "licence", "from", "to", "least", "most", "sort"];
const most = 4;
let order = { key: "", down: false };

function amount(text) {
  const match = /^\s*([\d.]+)\s*([kmbt]?)/i.exec(text);
  return match ? Number(match[1]) * { "": 1, k: 1e3, m: 1e6, b: 1e9, t: 1e12 }[match[2].toLowerCase()] : null;
}

function fits(each, wanted) {
  const words = (wanted.get("q") || "").toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean);
  const between = (value, low, high) =>
    (low === null || (value !== null && value >= low)) && (high === null || (value !== null && value <= high));
  // one of its sizes is enough
  const sized = (counts, low, high) => (low === null && high === null) || counts.some((count) => between(count, low, high));
  const number = (name) => (wanted.get(name) ? Number(wanted.get(name)) : null);
  return (
    words.every((word) => each.text.includes(word)) &&
    ["stack", "show"].every((name) => !wanted.get(name) || each.row.dataset[name] === wanted.get(name)) &&
    ["lab", "licence"].every((name) => each.row.dataset[name].toLowerCase().includes((wanted.get(name) || "").toLowerCase())) &&
    between(each.year, number("from"), number("to")) &&
    sized(each.counts, amount(wanted.get("least") || ""), amount(wanted.get("most") || "")) &&
    [...wanted].every(([name, value]) => PLAIN.includes(name) || !value || each.kinds.has(`${name}:${value}`))
  );
}

function wanted() {
  const chosen = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) chosen.set(name, value);
  return chosen;
}

function show() {
  const chosen = wanted();
  let found = 0;
  for (const each of rows) {
    const fit = fits(each, chosen);
    each.row.hidden = !fit;
    found += fit;
  }
  document.getElementById("found").textContent = found === 1 ? "1 entry" : `${found} entries`;
  document.getElementById("none").hidden = found > 0;
  if (order.key) chosen.set("sort", (order.down ? "-" : "") + order.key);
  history.replaceState(null, "", chosen.size ? `#${chosen}` : location.pathname);
}

const columns = [...document.querySelectorAll("#entries thead button")];

function value(each, key) {
  const cell = each.row.cells[columns.findIndex((button) => button.dataset.key === key) + 1];
  return key === "params" ? each.params : (cell.dataset.value || cell.textContent).trim().toLowerCase();
}

function sort(key, down) {
  order = { key, down };
  const empty = (one) => one === null || one === "–";
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
  const sorted = [...rows].sort((a, b) => {
    const [one, other] = [value(a, key), value(b, key)];
    if (empty(one) || empty(other)) return empty(one) - empty(other);
    return down ? compare(other, one) : compare(one, other);
  });
  body.append(...sorted.map((each) => each.row));
  for (const button of columns) {
    const mine = button.dataset.key === key;
    button.closest("th").setAttribute("aria-sort", mine ? (down ? "descending" : "ascending") : "none");
  }
}

function picked() {
  const ids = [...body.querySelectorAll("input:checked")].map((box) => box.value);
  const link = document.getElementById("compare");
  link.hidden = ids.length < 2;
  link.textContent = `Compare ${ids.length}`;
  link.href = `compare.html#${ids.join(",")}`;
  for (const box of body.querySelectorAll("input:not(:checked)")) box.disabled = ids.length >= most;
}

function restore() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const field of form.elements) if (field.name) field.value = kept.get(field.name) || "";
  document.getElementById("more").open ||= [...kept.keys()].some((name) => document.querySelector(`#more [name="${CSS.escape(name)}"]`));
  const by = kept.get("sort") || "";
  if (columns.some((button) => button.dataset.key === by.replace(/^-/, ""))) sort(by.replace(/^-/, ""), by.startsWith("-"));
  show();
}

form.addEventListener("input", show);
form.addEventListener("reset", () => setTimeout(show));
form.addEventListener("submit", (event) => event.preventDefault());
body.addEventListener("change", picked);
for (const button of columns)
  button.addEventListener("click", () => {
    sort(button.dataset.key, order.key === button.dataset.key && !order.down);
    show();
  });
addEventListener("hashchange", restore);
restore();
picked();
