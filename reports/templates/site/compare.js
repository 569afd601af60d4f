"use strict";
// Entries side by side, from the data of data.js; the address names them.
const named = (part) => Object.fromEntries(Object.entries(part).map(([key, value]) => [KEYS[key], value]));
const known = new Map(CATALOG.map((entry) => [entry.id, entry]));
const fields = [0, 1, 2, 3].map((i) => document.getElementById(`c${i}`));
const only = document.getElementById("only");
const holder = document.getElementById("table");
const told = document.getElementById("told");
const PARTS = [["Facts", "facts"], ["Model", "model"], ["Parameters per module", "modules"]];

function text(value) {
  if (value === undefined || value === null) return "–";
  return typeof value === "number" && Number.isInteger(value) && value > 9999 ? value.toLocaleString("en").replaceAll(",", "\u202f") : String(value);
}

function cell(tag, content, attributes = {}) {
  const made = document.createElement(tag);
  made.append(content);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function rows(part, entries) {
  const told = entries.map((entry) => (part === "facts" ? entry.facts : named(entry[part])));
  return [...new Set(told.flatMap((each) => Object.keys(each)))]
    .map((name) => ({ name, values: told.map((each) => text(each[name])) }))
    .map((row) => ({ ...row, differs: new Set(row.values).size > 1 }))
    .filter((row) => row.differs || !only.checked);
}

function draw() {
  const names = fields.map((field) => field.value.trim()).filter(Boolean);
  const unknown = names.filter((name) => !known.has(name));
  const entries = [...new Set(names)].filter((name) => known.has(name)).map((name) => known.get(name));
  holder.replaceChildren();
  if (unknown.length) told.textContent = `There is no entry ${unknown.join(", ")}.`;
  else told.textContent = entries.length < 2 ? "Choose two entries." : "";
  if (entries.length < 2) return;
  const table = document.createElement("table");
  table.className = "sides";
  const head = cell("tr", cell("td", ""));
  for (const entry of entries) {
    const link = cell("a", entry.facts.name, { href: `entry/${entry.file}` });
    head.append(cell("th", link, { scope: "col" }));
  }
  table.append(cell("thead", head));
  let number = 0;
  for (const [title, part] of PARTS) {
    const found = rows(part, entries);
    number += found.filter((row) => row.differs).length;
    if (!found.length) continue;
    const group = document.createElement("tbody");
    group.append(cell("tr", cell("th", title, { colspan: entries.length + 1, scope: "rowgroup" }), { class: "group" }));
    for (const row of found) {
      const line = cell("tr", cell("th", row.name, { scope: "row" }), row.differs ? { class: "differs" } : {});
      for (const value of row.values) line.append(cell("td", value, value === row.values[0] ? {} : { class: "other-than" }));
      group.append(line);
    }
    table.append(group);
  }
  holder.append(table);
  if (!unknown.length) told.textContent = `${number} ${number === 1 ? "difference" : "differences"}`;
}

function keep() {
  const names = fields.map((field) => field.value.trim()).filter((name) => known.has(name));
  history.replaceState(null, "", names.length ? `#${names.map(encodeURIComponent).join(",")}` : location.pathname);
  draw();
}

function restore() {
  const [asked = ""] = new URLSearchParams(location.hash.slice(1)).keys();
  const names = asked.split(",").filter(Boolean);
  fields.forEach((field, i) => (field.value = names[i] || ""));
  draw();
}

document.getElementById("choose").addEventListener("input", keep);
document.getElementById("choose").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", restore);
restore();
