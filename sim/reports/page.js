"use strict";
// Every table can be sorted by the buttons in its heads; without this script they are plain heads.
(() => {
  const SECONDS = { s: 1, min: 60, h: 3600 };

  // A cell's number, its unit at the end counted in; null where there is none.
  function figure(text) {
    const found = /^[+-]?[\d,]*\.?\d+/.exec(text.replace("−", "-"));
    if (!found) return null;
    const unit = / (s|min|h)$/.exec(text);
    return Number(found[0].replaceAll(",", "")) * (unit ? SECONDS[unit[1]] : 1);
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function sort(table, column, head) {
    const body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    const named = column === 0;
    const rows = Array.from(body.rows, (row) => {
      const text = row.cells[column].textContent.trim();
      const place = Number(row.dataset.place);
      const key = named ? ("inOrder" in table.dataset ? place : text) : figure(text) ?? text;
      return { row, key, place, none: text === "–" || text === "" };
    });
    rows.sort((a, b) => a.none - b.none || (down ? -1 : 1) * compare(a.key, b.key) || a.place - b.place);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows.map(({ row }) => row));
  }

  for (const table of document.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length < 2) continue;
    Array.from(table.tBodies[0].rows).forEach((row, place) => { row.dataset.place = place; });
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "Sort by this column";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column, head));
      head.append(button);
    });
  }
})();
