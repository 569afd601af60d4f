"use strict";
// Shows what only works with a script, before anything is drawn.
document.documentElement.classList.add("scripted");
