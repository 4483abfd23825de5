
"use strict";
document.documentElement.classList.add("js");
const layers = [...document.querySelectorAll("a.layer")];
const arcs = [...document.querySelectorAll(".arc")];
const narrow = window.matchMedia("(max-width: 860px)");

/* All that can be reached from a step along the arcs, from one end to the other. */
function reached(step, from, to) {
  const found = new Set([step]);
  for (const one of found) {
    for (const arc of arcs) {
      if (arc.dataset[from] === one) found.add(arc.dataset[to]);
    }
  }
  return found;
}

function show(id) {
  const detail = id && document.getElementById(id);
  for (const open of document.querySelectorAll(".detail.open")) open.classList.remove("open");
  const layer = layers.find((one) => one.hash === "#" + id);
  const step = layer && layer.dataset.step;
  const below = step === undefined ? new Set() : reached(step, "above", "below");
  const again = step === undefined ? new Set() : reached(step, "below", "above");
  for (const one of layers) {
    const other = one !== layer;
    one.classList.toggle("is-below", other && below.has(one.dataset.step));
    one.classList.toggle("is-again", other && again.has(one.dataset.step));
    if (other) one.removeAttribute("aria-current");
    else one.setAttribute("aria-current", "true");
  }
  for (const arc of arcs) {
    arc.classList.toggle("is-below", below.has(arc.dataset.above));
    arc.classList.toggle("is-again", again.has(arc.dataset.below));
  }
  if (detail && layer) {
    detail.classList.add("open");
    detail.parentElement.scrollTop = 0;
    if (narrow.matches) detail.focus({ preventScroll: true });
  }
  return layer;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  const before = document.querySelector("a.layer[aria-current]");
  const id = link.hash.slice(1);
  history.replaceState(null, "", link.hash || "#");
  const layer = show(id);
  if (!id && before) before.focus();
  else if (layer && link !== layer) layer.scrollIntoView({ block: "nearest" });
});

document.addEventListener("keydown", (event) => {
  const at = layers.indexOf(document.activeElement);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === "Escape") {
    const before = document.querySelector("a.layer[aria-current]");
    history.replaceState(null, "", "#");
    show("");
    if (before) before.focus();
  } else if (step && at >= 0) {
    event.preventDefault();
    const next = layers[at + step];
    if (!next) return;
    next.focus();
    if (!narrow.matches) next.click();
  }
});

window.addEventListener("hashchange", () => show(location.hash.slice(1)));
show(location.hash.slice(1));
