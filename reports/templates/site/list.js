"use strict";
// The table of entries, searched, filtered and ordered by DataTables; the address keeps what was asked for.
const form = document.getElementById("filters");
const picks = 4; // as many entries as can be compared
const small = matchMedia("(max-width: 40rem)").matches;
const unknown = (value) => value === "" || value === "–";
const between = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
const order = (turn) => (a, b) => (unknown(a) || unknown(b) ? unknown(a) - unknown(b) : turn * between(a, b));
DataTable.type("known", { order: { asc: order(1), desc: order(-1) } });

const headings = [...document.querySelectorAll("#entries thead th")];
const names = headings.map((heading) => heading.dataset.name);
const usual = headings.map((heading) => !heading.matches(small ? ".wide" : ".extra"));
const entries = document.getElementById("entries");
entries.hidden = true; // until it is as the address wants it, so that it is laid out once
const table = new DataTable(entries, {
  paging: false,
  autoWidth: false,
  order: [],
  layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
  columnDefs: [{ targets: "_all", type: "known" }, ...usual.map((visible, i) => ({ targets: i, visible }))],
  language: { zeroRecords: "No entry fits. Clear a filter, or search for less." },
});
entries.classList.add("live");
const rows = table.rows().nodes().toArray();
const figures = {
  year: rows.map((row) => (row.dataset.year ? [Number(row.dataset.year)] : [])),
  parameters: rows.map((row) => row.dataset.sizes.split(" ").filter(Boolean).map(Number)),
};

function look(field, meets) {
  table.column(`${field.dataset.in}:name`).search.fixed(field.name, field.value ? meets : null);
}

const HOW = {
  kind: (field) => {
    const kind = `${field.dataset.in === field.name ? "" : `${field.name} `}${field.value}`.replaceAll("_", " ");
    look(field, (cell) => cell.split(", ").includes(kind));
  },
  part: (field) => look(field, (cell) => cell.toLowerCase().includes(field.value.toLowerCase())),
  range: (field) => {
    const ends = range(field.value);
    field.setCustomValidity(field.value && !ends ? `write it as ${field.placeholder}` : "");
    const inside = (number) => number >= ends[0] && number <= ends[1];
    table.search.fixed(field.name, ends && ((text, data, row) => figures[field.name][row].some(inside)));
  },
};

function show() {
  for (const field of form.querySelectorAll("[data-how]")) HOW[field.dataset.how](field);
  table.search(form.elements.q.value.replaceAll("_", " ")).draw();
  const found = table.rows({ search: "applied" }).count();
  const wrong = [...form.elements].filter((field) => field.name && !field.checkValidity());
  const ignored = wrong.map((field) => `; “${field.value}” is no range, ${field.validationMessage}`).join("");
  document.getElementById("found").textContent = (found === 1 ? "1 entry" : `${found} entries`) + ignored;
  keep();
}

function keep() {
  const kept = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  const by = table.order().map(([column, way]) => (way === "desc" ? "-" : "") + names[column]);
  if (by.length) kept.set("sort", by.join(","));
  const seen = names.filter((name, i) => table.column(i).visible() && name !== "pick");
  if (usual.some((visible, i) => visible !== table.column(i).visible())) kept.set("columns", seen.join(","));
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
}

// A link may ask for a choice that there is not: then no entry fits, rather than every one.
function put(field, value) {
  field.value = value;
  if (field.options && field.value !== value) field.add(new Option(value, value, false, true));
}

function restore() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const field of form.elements) if (field.name) put(field, kept.get(field.name) || "");
  document.getElementById("more").open ||= [...document.querySelectorAll("#more [name]")].some((field) => field.value);
  const by = (kept.get("sort") || "").split(",").filter((key) => names.includes(key.replace(/^-/, "")));
  table.order(by.map((key) => [names.indexOf(key.replace(/^-/, "")), key.startsWith("-") ? "desc" : "asc"]));
  const seen = kept.get("columns")?.split(",");
  names.forEach((name, i) => {
    const wanted = seen && i > 1 ? seen.includes(name) : usual[i];
    if (wanted !== table.column(i).visible()) table.column(i).visible(wanted, false);
  });
  for (const box of document.querySelectorAll("#columns input")) box.checked = table.column(`${box.value}:name`).visible();
  show();
}

function picked() {
  const boxes = rows.map((row) => row.querySelector(".pick input"));
  const ids = boxes.filter((box) => box.checked).map((box) => box.value);
  const link = document.getElementById("compare");
  link.hidden = ids.length < 2;
  link.textContent = `Compare ${ids.length}`;
  link.href = `compare.html#${ids.map(encodeURIComponent).join(",")}`;
  for (const box of boxes) box.disabled = !box.checked && ids.length >= picks;
}

form.addEventListener("input", show);
form.addEventListener("reset", () => setTimeout(show));
form.addEventListener("submit", (event) => event.preventDefault());
table.on("order", keep);
document.querySelector("#entries tbody").addEventListener("change", picked);
document.getElementById("columns").addEventListener("change", ({ target }) => {
  table.column(`${target.value}:name`).visible(target.checked);
  keep();
});
addEventListener("hashchange", restore);
restore();
picked();
entries.hidden = false;
