"use strict";
(() => {
  const root = document.documentElement, stored = "naslib-edd-theme";
  const recall = () => { try { return localStorage.getItem(stored); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem(stored, theme); } catch { /* a file may not */ } };
  const before = recall();
  if (before === "dark" || before === "light") root.dataset.theme = before;
  document.getElementById("theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const now = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = now;
    keep(now);
  });

  // A number in data-v, else the text; rows of the paper stay below the row they belong to.
  const key = (row, column) => {
    const cell = row.cells[column], told = cell.dataset.v;
    if (told === undefined) return cell.textContent.trim().toLowerCase();
    return told === "" ? null : Number(told);
  };
  const sort = (table, column, heading) => {
    const down = heading.getAttribute("aria-sort") === "descending"
      || (heading.getAttribute("aria-sort") === null && heading.classList.contains("t"));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "ascending" : "descending");
    const blocks = [];
    for (const row of table.tBodies[0].rows) {
      if (row.classList.contains("paper") && blocks.length) blocks[blocks.length - 1].push(row);
      else blocks.push([row]);
    }
    const sign = down ? 1 : -1;
    blocks.sort((a, b) => {
      const one = key(a[0], column), other = key(b[0], column);
      if (one === null || other === null) return (one === null) - (other === null);
      if (typeof one === "number" && typeof other === "number") return sign * (one - other);
      return sign * String(one).localeCompare(String(other));
    });
    table.tBodies[0].append(...blocks.flat());
  };
  for (const table of document.querySelectorAll("table.sort")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, column, heading));
    });
  }
  for (const input of document.querySelectorAll("input[data-filters]")) {
    const body = document.getElementById(input.dataset.filters).tBodies[0];
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
})();
