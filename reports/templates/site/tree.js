"use strict";
// Branches open and close; a chosen entry shows its ancestors and descendants; the address keeps the choice.
const tree = document.getElementById("tree");
const items = [...tree.querySelectorAll("li")];
const byId = new Map(items.map((item) => [item.dataset.id, item]));
const names = new Map(items.map((item) => [item, item.querySelector("a").textContent.toLowerCase()]));
const form = document.getElementById("find");
const told = document.getElementById("told");
const OPEN_LEVELS = 2;
let chosen = null;

const above = (item) => item.parentElement.closest("li");
const below = (item) => [...item.querySelectorAll("li")];
const toggle = (item) => item.querySelector(":scope > .row > button");
const isOpen = (item) => toggle(item)?.getAttribute("aria-expanded") === "true";

function ancestors(item) {
  const found = [];
  for (let each = above(item); each; each = above(each)) found.push(each);
  return found;
}

function open(item, wanted) {
  const button = toggle(item);
  if (!button) return;
  button.setAttribute("aria-expanded", wanted);
  item.querySelector(":scope > ul").hidden = !wanted;
}

function addToggle(item) {
  if (!item.querySelector(":scope > ul")) return;
  const button = document.createElement("button");
  const count = below(item).length;
  button.type = "button";
  button.textContent = count;
  button.setAttribute("aria-label", `${count} ${count === 1 ? "descendant" : "descendants"} of ${item.querySelector("a").textContent}`);
  button.addEventListener("click", () => open(item, !isOpen(item)));
  item.querySelector(".row").append(button);
  open(item, ancestors(item).length < OPEN_LEVELS);
}

function choose(item) {
  chosen = item;
  const family = item ? new Set([item, ...ancestors(item), ...below(item)]) : null;
  tree.classList.toggle("choosing", Boolean(item));
  for (const each of items) {
    each.classList.toggle("kin", Boolean(family?.has(each)));
    each.classList.toggle("chosen", each === item);
  }
  for (const each of item ? [item, ...ancestors(item)] : []) open(each, true);
  keep();
}

// the rows that are looked for, with the way that leads to them
function filter() {
  const text = form.elements.q.value.trim().toLowerCase();
  const stack = form.elements.stack.value;
  const meets = (item) =>
    (names.get(item).includes(text) || item.dataset.id.includes(text)) && (!stack || item.classList.contains(stack));
  const met = items.filter(meets);
  const shown = new Set(met.flatMap((item) => [item, ...ancestors(item)]));
  for (const item of items) {
    item.hidden = !shown.has(item);
    item.classList.toggle("met", Boolean(text) && meets(item));
  }
  if (text || stack) for (const item of shown) if (item.querySelector("li:not([hidden])")) open(item, true);
  choose(text ? met.find((item) => [item.dataset.id, names.get(item)].includes(text)) || null : chosen);
  tell(text || stack ? `${met.length} ${met.length === 1 ? "entry" : "entries"}` : "");
}

const counted = (list, noun) => `${list.length} ${noun}${list.length === 1 ? "" : "s"}`;

function tell(found) {
  const kin = chosen ? `${chosen.querySelector("a").textContent}: ${counted(ancestors(chosen), "ancestor")}, ${counted(below(chosen), "descendant")}` : "";
  told.textContent = [found, kin].filter(Boolean).join(" · ");
}

function keep() {
  history.replaceState(null, "", chosen ? `#${encodeURIComponent(chosen.dataset.id)}` : location.pathname);
}

function restore() {
  const [asked] = new URLSearchParams(location.hash.slice(1)).keys();
  choose(byId.get(asked) || null);
  tell("");
  chosen?.querySelector(".row").scrollIntoView({ block: "center" });
}

function turn(item) {
  choose(item === chosen ? null : item);
  tell("");
}

// as in a tree of folders: up and down through what is open, left closes or leads back, right opens or leads on
const KEYS = {
  ArrowDown: (item, seen) => seen[seen.indexOf(item) + 1],
  ArrowUp: (item, seen) => seen[seen.indexOf(item) - 1],
  ArrowRight: (item) => (isOpen(item) ? item.querySelector(":scope > ul > li:not([hidden])") : open(item, true)),
  ArrowLeft: (item) => (isOpen(item) ? open(item, false) : above(item)),
  " ": (item) => turn(item),
};

function walk(event) {
  const item = event.target.closest("li");
  const own = event.key === " " && event.target.matches("button"); // a space presses the button it is on
  if (!item || !KEYS[event.key] || own) return;
  event.preventDefault();
  const next = KEYS[event.key](item, items.filter((each) => each.offsetParent !== null));
  next?.querySelector("a").focus();
}

items.forEach(addToggle);
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => [(chosen = null), filter()]));
document.getElementById("open").addEventListener("click", () => items.forEach((item) => open(item, true)));
document.getElementById("close").addEventListener("click", () => items.forEach((item) => open(item, false)));
tree.addEventListener("keydown", walk);
tree.addEventListener("click", (event) => {
  const row = event.target.closest("a, button") ? null : event.target.closest(".row");
  if (row) turn(row.parentElement);
});
addEventListener("hashchange", restore);
restore();
