
"use strict";
(() => {
  const root = document.documentElement, body = document.body, tip = document.getElementById("tip");
  const make = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  // The theme: that of the system until one is chosen. A browser may refuse to remember it.
  const remembered = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: theme => { try { localStorage.setItem("theme", theme); } catch { /* then only this page has it */ } } };
  if (["light", "dark"].includes(remembered.get())) root.dataset.theme = remembered.get();
  document.querySelector(".tools").hidden = false;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remembered.set(root.dataset.theme);
  });
  document.getElementById("tables").addEventListener("click", () => {
    const all = [...document.querySelectorAll("figure details")], open = all.some(one => !one.open);
    all.forEach(one => { one.open = open; });
  });

  // A link to what is folded away opens it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Sorting: by the number that a cell says, else by its words. What has none comes last.
  const decimal = body.dataset.decimal;
  const number = cell => {
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const found = cell.textContent.match(/[−+-]?\d[\d.,\s]*/);
    if (!found) return NaN;
    const digits = found[0].replace(/\s/g, "").replaceAll(decimal === "," ? "." : ",", "").replace(decimal, ".").replace("−", "-");
    return Number.parseFloat(digits);
  };
  const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  for (const table of document.querySelectorAll("table.sort")) {
    const rows = [...table.tBodies[0].rows];
    table.rowsInOrder = rows;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.classList.contains("c") || rows.length < 2) return;
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      head.ariaSort = "none";
      button.addEventListener("click", () => {
        const words = head.classList.contains("t") || column === 0;
        const down = head.ariaSort === "none" ? !words : head.ariaSort === "ascending";
        heads.forEach(other => { if (other.ariaSort) other.ariaSort = "none"; });
        head.ariaSort = down ? "descending" : "ascending";
        const sign = down ? -1 : 1;
        const keyed = rows.map((row, position) => {
          const cell = row.cells[column];
          return { row, position, key: "inOrder" in head.dataset ? position : words ? cell.textContent : number(cell) };
        });
        keyed.sort((a, b) => {
          if (words && typeof a.key === "string") return sign * compare(a.key, b.key) || a.position - b.position;
          const none = Number.isNaN(a.key) - Number.isNaN(b.key);
          return none || sign * (a.key - b.key) || a.position - b.position;
        });
        table.tBodies[0].append(...keyed.map(one => one.row));
      });
    });
    if (rows.length > 7) {
      const label = make("label", body.dataset.search), input = make("input", ""), found = make("span", "");
      label.className = "filter";
      input.type = "search";
      found.role = "status";
      label.append(" ", input, " ", found);
      table.parentElement.before(label);
      input.addEventListener("input", () => {
        const wanted = input.value.toLocaleLowerCase();
        rows.forEach(row => { row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted); });
        const left = rows.filter(row => !row.hidden).length;
        found.textContent = wanted ? body.dataset.found.replace("{}", left).replace("{}", rows.length) : "";
      });
    }
  }

  // Values under the pointer: what the chart's own table says of the nearest place.
  const hide = chart => {
    tip.hidden = true;
    chart.querySelector(".cursor")?.remove();
  };
  const show = (chart, event) => {
    const table = chart.closest("figure").querySelector("table"), rows = table?.rowsInOrder;
    if (!rows) return;
    const box = chart.getBoundingClientRect(), at = 100 * (event.clientX - box.left) / box.width;
    const count = Number(chart.dataset.n);
    const places = chart.dataset.x ? chart.dataset.x.split(" ").map(Number) : rows.map((_, row) => 100 * (row + 0.5) / count);
    let nearest = 0;
    places.forEach((place, index) => { if (Math.abs(place - at) < Math.abs(places[nearest] - at)) nearest = index; });
    const row = rows[nearest];
    if (!row) return;
    const heads = table.tHead.rows[0].cells, only = Number(chart.dataset.column);
    tip.replaceChildren(make("b", row.cells[0].textContent));
    [...row.cells].slice(1).forEach((cell, index) => {
      if ((only && index + 1 !== only) || !cell.textContent) return;
      const line = make("span", "");
      line.append(make("span", heads[index + 1].textContent), make("span", cell.textContent));
      tip.append(line);
    });
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${Math.max(8, y)}px`;
    let cursor = chart.querySelector(".cursor");
    if (!cursor) {
      cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
      cursor.setAttribute("class", "cursor");
      cursor.setAttribute("y2", "100%");
      chart.append(cursor);
    }
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, `${places[nearest]}%`);
  };
  for (const chart of document.querySelectorAll("svg.chart")) {
    for (const move of ["pointermove", "pointerdown"]) chart.addEventListener(move, event => show(chart, event));
    chart.addEventListener("pointerleave", () => hide(chart));
  }
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
