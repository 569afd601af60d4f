"use strict";
// Shows the ancestors and descendants of the entry that is pointed at, focused or chosen.
const tree = document.getElementById("tree");
const nodes = [...tree.querySelectorAll(".node")];
const lines = [...tree.querySelectorAll(".line")];
const parent = new Map(nodes.map((node) => [node.dataset.id, node.dataset.parent]));
const who = document.getElementById("who");
const stack = document.getElementById("stack");
const told = document.getElementById("told");

function ancestors(id) {
  const found = [];
  for (let each = parent.get(id); each; each = parent.get(each)) found.push(each);
  return found;
}

function light(id) {
  const above = new Set(ancestors(id));
  const family = (each) => !id || each === id || above.has(each) || ancestors(each).includes(id);
  const ofStack = (node) => !stack.value || node.classList.contains(stack.value);
  for (const each of [...nodes, ...lines]) each.classList.toggle("dim", !(family(each.dataset.id) && ofStack(each)));
}

function chosen() {
  return parent.has(who.value.trim()) ? who.value.trim() : "";
}

function choose(scroll) {
  const id = chosen();
  light(id);
  const below = nodes.filter((node) => ancestors(node.dataset.id).includes(id)).length;
  told.textContent = id ? `${ancestors(id).length} ancestors, ${below} descendants` : who.value ? `There is no entry ${who.value}.` : "";
  if (id && scroll) nodes.find((node) => node.dataset.id === id).scrollIntoView({ block: "center", inline: "center" });
  history.replaceState(null, "", id ? `#${id}` : location.pathname);
}

for (const node of nodes) {
  node.addEventListener("pointerenter", () => light(node.dataset.id));
  node.addEventListener("pointerleave", () => light(chosen()));
  node.addEventListener("focus", () => light(node.dataset.id));
  node.addEventListener("blur", () => light(chosen()));
}
who.addEventListener("input", () => choose(true));
stack.addEventListener("input", () => choose(false));
document.getElementById("find").addEventListener("submit", (event) => event.preventDefault());
who.value = decodeURIComponent(location.hash.slice(1));
choose(true);
