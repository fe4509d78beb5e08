"use strict";
// Tables: a click on a column's name sorts by it, as numbers where its cells begin with one; dates and digests do not.
function number(text) {
  const found = text.replace(/(\d),(?=\d{3})/g, "$1").match(/^[^\d.\-+]*([-+]?\d*\.?\d+(?:e[-+]?\d+)?)(?![\w-])/i);
  return found ? parseFloat(found[1]) : NaN;
}
function sortBy(table, heading, column) {
  const falling = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const body = table.tBodies[0];
  const key = row => row.cells[column].textContent.trim();
  const rows = [...body.rows];
  const filled = rows.filter(row => key(row));
  const numeric = column > 0 && filled.length && filled.every(row => !Number.isNaN(number(key(row))));
  const order = numeric ? (a, b) => number(key(a)) - number(key(b)) : (a, b) => key(a).localeCompare(key(b));
  filled.sort((a, b) => falling ? order(b, a) : order(a, b));
  body.append(...filled, ...rows.filter(row => !key(row)));
}
for (const table of document.querySelectorAll("table.sortable")) {
  for (const [column, heading] of [...table.tHead.rows[0].cells].entries()) {
    if (heading.tagName !== "TH") continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, heading, column));
    heading.append(button);
  }
}
// Filters: rows that have every word that is typed.
for (const field of document.querySelectorAll("input[data-filters]")) {
  const rows = [...document.getElementById(field.dataset.filters).tBodies[0].rows];
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      count += !row.hidden;
    }
    field.parentNode.querySelector("output").textContent = words.length ? `${count} of ${rows.length}` : "";
  };
  field.addEventListener("input", show);
}
// Clips: a cell of the confusion matrix lists its clips, with picture and player where the page has their sound.
const clips = document.getElementById("clips-data") && JSON.parse(document.getElementById("clips-data").textContent);
function sound(clip) {
  const kept = document.getElementById(`sound-${clip}`);
  return kept ? kept.content.cloneNode(true) : "";
}
function card(listed) {
  const [clip, text] = listed;
  const [name, group] = clips.clips[clip];
  const item = document.createElement("li");
  const title = document.createElement("strong");
  const note = document.createElement("p");
  title.textContent = name;
  note.textContent = group === name ? text : `${group}; ${text}`;
  item.append(title, note, sound(clip));
  return item;
}
function list(button) {
  const cell = clips.cells[button.dataset.cell];
  for (const other of document.querySelectorAll("button[data-cell]")) {
    other.setAttribute("aria-pressed", other.dataset.cell === button.dataset.cell);
  }
  const place = document.getElementById("cell");
  place.querySelector("h3").textContent = cell.title;
  place.querySelector("p").textContent = cell.note;
  place.querySelector("ul").replaceChildren(...cell.clips.map(card));
  place.hidden = false;
  if (button.classList.contains("more")) place.scrollIntoView();
}
if (clips) {
  for (const button of document.querySelectorAll("button[data-cell]")) button.addEventListener("click", () => list(button));
  for (const item of document.querySelectorAll("li[data-clip]")) item.append(sound(item.dataset.clip));
}
