"use strict";
// Ranges as `bestiary list` reads them: 2019, 2019-2021, 100M-1B, 7B-, -1B.
const UNITS = { "": 1, k: 1e3, m: 1e6, b: 1e9, t: 1e12 };

// [lowest, highest], both included; null when the text is no range
function range(text) {
  const found = /^(?:(\d+(?:\.\d+)?)([KMBT]?))?\s*(-|\.\.)?\s*(?:(\d+(?:\.\d+)?)([KMBT]?))?$/i.exec(text.trim());
  if (!found || !(found[1] || found[4])) return null;
  const number = (digits, unit) => Number(digits) * UNITS[unit.toLowerCase()];
  const low = found[1] ? number(found[1], found[2]) : -Infinity;
  const high = found[3] ? (found[4] ? number(found[4], found[5]) : Infinity) : low;
  return low <= high ? [low, high] : null;
}
