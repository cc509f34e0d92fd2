"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const specs = read("specs"), themes = read("themes");
const dark = matchMedia("(prefers-color-scheme: dark)");
const picker = document.querySelector(".picker");
let views = [], chosen = null, width = 0;

// The static drawings stand until, and unless, the interactive ones replace them.
function fitted(spec, room) {
  if (spec.usermeta.fixed) return spec;
  if (!spec.facet) return { ...spec, width: Math.min(room, 760), autosize: { type: "fit-x", contains: "padding" } };
  const panel = (spec.spec.width || 200) + 70;
  return { ...spec, columns: Math.max(1, Math.min(spec.columns, Math.floor(room / panel))) };
}

function themed(theme, room) {
  const legend = { ...theme.legend, columns: Math.max(1, Math.min(4, Math.floor(room / 170))) };
  return { ...theme, legend };
}

async function draw(theme = dark.matches ? "dark" : "light") {
  const drawn = Object.entries(specs).map(async ([name, spec]) => {
    const place = document.getElementById(`figure-${name}`), room = place.parentElement.clientWidth;
    const options = { actions: false, renderer: "svg", tooltip: { theme }, config: themed(themes[theme], room) };
    const { view } = await vegaEmbed(place, fitted(spec, room), options);
    view.addEventListener("click", (_, item) => {
      if (item?.datum?.variant) choose(item.datum.variant);
    });
    return view.signal("chosen", chosen).runAsync();
  });
  const before = views;
  views = await Promise.all(drawn);
  before.forEach((view) => view.finalize());
  width = document.body.clientWidth;
  document.body.dataset.drawn = theme;
}

// The same variant once more, and none is chosen.
function choose(variant) {
  chosen = variant === chosen ? null : variant;
  views.forEach((view) => view.signal("chosen", chosen).run());
  for (const button of picker.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  }
  for (const row of document.querySelectorAll("tbody tr")) {
    row.classList.toggle("chosen", row.cells[0].textContent.split(" ")[0] === chosen);
  }
}

// What a cell is sorted by: the first number in it, or nothing where it has none.
function number(text) {
  const found = text.replaceAll("\u2212", "-").replaceAll(",", "").match(/[-+]?\d+(\.\d+)?(e[-+]?\d+)?/i);
  return found ? Number(found[0]) : null;
}

function sorted(rows, column, numeric, sign) {
  const keyed = rows.map((row) => {
    const text = row.cells[column].textContent;
    return { row, key: numeric ? number(text) : text };
  });
  const compare = numeric ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
  keyed.sort((one, other) => (one.key === null) - (other.key === null) || sign * compare(one.key, other.key));
  return keyed.map(({ row }) => row);
}

// Ascending, descending, and as it was.
function sortable(table) {
  const body = table.tBodies[0], rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  if (rows.length < 2) return;
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: null }[heading.getAttribute("aria-sort")];
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      if (next === null) return body.replaceChildren(...rows);
      heading.setAttribute("aria-sort", next ?? "ascending");
      const numeric = heading.classList.contains("number");
      body.replaceChildren(...sorted(rows, column, numeric, next ? -1 : 1));
    });
    heading.replaceChildren(button);
  });
}

function copyable(cell) {
  const text = cell.textContent, button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${text}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  cell.append(button);
}

// A frame like MLflow's shows the page under an address of its own, in which links lead nowhere.
function followed(event) {
  const link = event.target.closest("a[href^='#']");
  if (!link || location.protocol !== "blob:") return;
  event.preventDefault();
  document.getElementById(link.getAttribute("href").slice(1)).scrollIntoView();
}

document.addEventListener("click", followed);
document.querySelectorAll("table").forEach(sortable);
document.querySelectorAll(".copied").forEach(copyable);
picker.hidden = false;
picker.addEventListener("click", (event) => event.target.value && choose(event.target.value));
dark.addEventListener("change", () => draw());
addEventListener("resize", () => document.body.clientWidth !== width && draw());
addEventListener("beforeprint", () => draw("light"));
addEventListener("afterprint", () => draw());
draw();
