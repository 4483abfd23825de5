"use strict";
document.documentElement.classList.add("js");
const images = [...document.querySelectorAll(".image")];
const tabs = [...document.querySelectorAll(".tabs a")];
const search = document.querySelector(".search input");
const found = document.querySelector(".search output");
const narrow = window.matchMedia("(max-width: 860px)");
let shown = images[0];

const layersOf = (image) => [...image.querySelectorAll("a.layer")];
const arcsOf = (image) => [...image.querySelectorAll(".arc")];
const picked = () => shown && shown.querySelector("a.layer[aria-current]");

/* All that can be reached from a step along the arcs, from one end to the other. */
function reached(step, arcs, from, to) {
  const seen = new Set([step]);
  for (const one of seen) {
    for (const arc of arcs) {
      if (arc.dataset[from] === one) seen.add(arc.dataset[to]);
    }
  }
  return seen;
}

/* The tab of an image; what is told of a step is what holds in that image. */
function choose(image) {
  shown = image;
  const at = images.indexOf(image);
  if (tabs.length) images.forEach((one) => (one.hidden = one !== image));
  tabs.forEach((tab, other) => {
    tab.setAttribute("aria-selected", String(other === at));
    tab.tabIndex = other === at ? 0 : -1;
  });
  for (const one of document.querySelectorAll("[data-of]")) {
    one.hidden = !one.dataset.of.split(" ").includes(String(at));
  }
}

/* What an address says: an image, a step, or a step as it is in an image. */
function place(hash) {
  const [, at, step] = /^#(?:image-(\d+))?-?(step-\d+)?$/.exec(hash) || [];
  const link = step && "#" + step;
  const has = (image) => layersOf(image).some((layer) => layer.hash === link);
  let image = at === undefined ? shown : images[at] || shown;
  if (link && !has(image)) image = images.find(has) || image;
  return { image, layer: link && layersOf(image).find((one) => one.hash === link) };
}

function show(hash) {
  if (!shown) return undefined;
  const { image, layer } = place(hash);
  choose(image);
  for (const open of document.querySelectorAll(".detail.open")) open.classList.remove("open");
  const step = layer && layer.dataset.step;
  const arcs = arcsOf(image);
  const below = layer ? reached(step, arcs, "above", "below") : new Set();
  const again = layer ? reached(step, arcs, "below", "above") : new Set();
  for (const one of layersOf(image)) {
    const other = one !== layer;
    one.classList.toggle("is-below", other && below.has(one.dataset.step));
    one.classList.toggle("is-again", other && again.has(one.dataset.step));
    if (other) one.removeAttribute("aria-current");
    else one.setAttribute("aria-current", "true");
  }
  for (const arc of arcs) {
    arc.classList.toggle("is-below", below.has(arc.dataset.above));
    arc.classList.toggle("is-again", again.has(arc.dataset.below));
    arc.classList.toggle("is-own", !!layer && [arc.dataset.above, arc.dataset.below].includes(step));
  }
  const detail = layer && document.getElementById(layer.hash.slice(1));
  if (detail) {
    detail.classList.add("open");
    detail.parentElement.scrollTop = 0;
    if (narrow.matches) detail.focus({ preventScroll: true });
  }
  return layer;
}

/* Go to an address; of a step, the image it is looked at in is part of it. */
function go(hash) {
  const layer = show(hash);
  const at = images.indexOf(shown);
  const first = layer && images.find((one) => layersOf(one).some((other) => other.hash === layer.hash));
  const image = layer ? first !== shown : at > 0;
  const words = [...(image ? ["image-" + at] : []), ...(layer ? [layer.hash.slice(1)] : [])];
  history.replaceState(null, "", "#" + words.join("-"));
  return layer;
}

function close() {
  const before = picked();
  go("#image-" + images.indexOf(shown));
  if (before) before.focus();
}

/* Leave the layers in which every word is: of its line, its name, and what it does. */
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = images.map((image) => {
    const layers = layersOf(image);
    const left = layers.filter((layer) => {
      const does = document.querySelector(layer.hash + " .does")?.textContent;
      const text = [layer.textContent, layer.dataset.step, does].join(" ").toLowerCase();
      layer.parentElement.hidden = !words.every((word) => text.includes(word));
      return !layer.parentElement.hidden;
    });
    image.classList.toggle("searched", words.length > 0);
    return [left.length, layers.length];
  });
  tabs.forEach((tab, at) => {
    const count = tab.querySelector(".count");
    count.hidden = !words.length;
    count.textContent = words.length ? counts[at][0] : "";
    tab.classList.toggle("without", words.length > 0 && !counts[at][0]);
  });
  const [here, all] = counts[images.indexOf(shown)];
  const others = tabs.length && counts.filter(([count], at) => count && images[at] !== shown).length;
  const more = `${here ? "more" : "some"} in ${others} other image${others > 1 ? "s" : ""}`;
  const of = `${here || "none"} of ${all} layers${tabs.length ? " here" : ""}`;
  found.textContent = words.length ? of + (others ? `, ${more}` : "") : "";
}

const visible = () => layersOf(shown).filter((layer) => !layer.parentElement.hidden);

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || !shown) return;
  event.preventDefault();
  if (link.matches(".close")) return close();
  const before = picked();
  const keeps = link.matches(".tabs a") && before ? "-" + before.hash.slice(1) : "";
  const has = keeps && images[tabs.indexOf(link)].querySelector(`a.layer[href="${before.hash}"]`);
  const layer = go(link.hash + (has ? keeps : ""));
  if (search) filter();
  if (layer && link !== layer) layer.scrollIntoView({ block: "nearest" });
});

document.addEventListener("keydown", (event) => {
  const active = document.activeElement;
  const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey || !shown) return;
  if (tabs.includes(active)) {
    const last = tabs.length - 1;
    const at = { Home: 0, End: last }[event.key] ?? (step && tabs.indexOf(active) + step);
    if (at === undefined) return;
    event.preventDefault();
    const next = tabs[(at + tabs.length) % tabs.length];
    next.click();
    next.focus();
  } else if (event.key === "/" && search && active !== search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (active === search && search) {
    if (event.key === "Escape" && search.value) {
      event.preventDefault();
      search.value = "";
      filter();
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      const other = images.findIndex((one) => one.querySelector("li:not([hidden]) > a.layer"));
      if (!visible().length && other >= 0) {
        go("#image-" + other);
        filter();
      }
      const [first] = visible();
      if (!first) return;
      first.focus();
      if (!narrow.matches) first.click();
    }
  } else if (event.key === "Escape") {
    close();
  } else if (step && active.matches("a.layer") && /Up|Down/.test(event.key)) {
    event.preventDefault();
    const layers = visible();
    const next = layers[layers.indexOf(active) + step];
    if (!next) return;
    next.focus();
    if (!narrow.matches) next.click();
  }
});

if (tabs.length) {
  document.querySelector(".tabs").setAttribute("role", "tablist");
  tabs.forEach((tab, at) => {
    tab.id = "tab-" + at;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", images[at].id);
    images[at].setAttribute("role", "tabpanel");
    images[at].setAttribute("aria-labelledby", tab.id);
    images[at].removeAttribute("aria-label");
  });
}
if (search) {
  search.closest(".search").hidden = false;
  search.addEventListener("input", filter);
}
window.addEventListener("hashchange", () => show(location.hash));
show(location.hash);
