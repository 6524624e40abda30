// Tables of text, filled from the store: sortable by their headings, with a filter where there are many rows.
//
// Everything is written as text (textContent), whatever it contains. A column is [name, heading, kind]; kinds are those of
// format.js, "link:COLUMN" (the address is in another column), "pre" (long text that is folded), "share" (a percentage with
// a bar), "state" (a word with its colour), "name" (on one line).

import { KINDS } from "./format.js";

const FILTER_FROM = 8; // rows
const DRAWN = 1_000; // rows at once; a filter finds the others
const RIGHT = new Set(["bytes", "rate", "seconds", "count", "exact", "percent", "share"]);

export class Tables {
  constructor(root, store) {
    this.store = store;
    this.tables = [...document.querySelectorAll("table[data-feed]")].map((table) => new Table(table, root, store));
    store.listeners.push((name, news) => this.take(name, news));
    this.paused = false;
    document.addEventListener("paused", (event) => {
      this.paused = event.detail;
      if (!this.paused) for (const table of this.tables) table.draw();
    });
  }

  take(name, news) {
    for (const table of this.tables) {
      if (table.feed !== name) continue;
      if (news.kind === "error") table.say(news.text);
      else if (!this.paused) table.draw();
    }
  }
}

class Table {
  constructor(table, root, store) {
    this.root = root;
    this.store = store;
    this.table = table;
    this.card = table.closest(".card");
    this.feed = table.dataset.feed;
    this.columns = JSON.parse(table.dataset.columns);
    this.about = JSON.parse(table.dataset.about ?? "{}"); // {column: {title, narrow}}
    this.sortable = table.dataset.sortable !== "false";
    this.sorted = null; // {column, down}
    this.needle = "";
    this.open = new Set(); // rows whose long text is unfolded, by their text
    this.head();
  }

  head() {
    const row = document.createElement("tr");
    this.headings = this.columns.map(([name, heading, kind]) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      if (RIGHT.has(kind)) cell.className = "number";
      const { title, narrow } = this.about[name] ?? {};
      if (title) cell.title = title;
      if (narrow) cell.classList.add(narrow);
      if (this.sortable) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = heading;
        button.addEventListener("click", () => this.sort(name, kind));
        cell.append(button);
      } else {
        cell.textContent = heading;
      }
      row.append(cell);
      return cell;
    });
    this.table.createTHead().append(row);
    this.body = this.table.createTBody();
  }

  // First the greatest of numbers and times, but the first of words; then the other way round; then as they came.
  sort(column, kind) {
    const downFirst = RIGHT.has(kind) || kind === "time";
    if (this.sorted?.column !== column) this.sorted = { column, down: downFirst };
    else if (this.sorted.down === downFirst) this.sorted = { column, down: !downFirst };
    else this.sorted = null;
    this.columns.forEach(([name], at) => {
      const mine = this.sorted?.column === name;
      if (mine) this.headings[at].setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
      else this.headings[at].removeAttribute("aria-sort");
    });
    this.draw();
  }

  rows() {
    const columns = this.store.columns(this.feed);
    const count = this.store.rows(this.feed);
    let rows = Array.from({ length: count }, (_, at) => at);
    this.offerFilter(count);
    if (this.needle) {
      rows = rows.filter((at) => this.columns.some(([name]) => String(columns[name]?.[at] ?? "").toLowerCase().includes(this.needle)));
    }
    if (this.sorted) {
      const values = columns[this.sorted.column];
      const sign = this.sorted.down ? -1 : 1;
      rows.sort((a, b) => sign * compare(values[a], values[b]) || a - b);
    }
    return rows;
  }

  offerFilter(count) {
    if (this.filter || count < FILTER_FROM) return;
    this.filter = document.createElement("input");
    this.filter.type = "search";
    this.filter.placeholder = "Filter rows";
    this.filter.setAttribute("aria-label", "Filter rows");
    this.filter.addEventListener("input", () => {
      this.needle = this.filter.value.trim().toLowerCase();
      this.draw();
    });
    this.card.querySelector("header").append(this.filter);
  }

  draw() {
    const columns = this.store.columns(this.feed);
    if (!columns) return;
    const all = this.rows();
    const rows = all.slice(0, DRAWN);
    this.card.classList.toggle("has-rows", this.store.rows(this.feed) > 0);
    const note = this.card.querySelector(".more");
    if (note) note.textContent = all.length > rows.length ? `${all.length - rows.length} more rows: use the filter.` : "";
    while (this.body.rows.length > rows.length) this.body.deleteRow(-1);
    rows.forEach((at, place) => {
      const row = this.body.rows[place] ?? this.newRow();
      this.columns.forEach(([name, , kind], column) => this.write(row.cells[column], columns, at, name, kind));
    });
  }

  newRow() {
    const row = this.body.insertRow();
    for (const [name, , kind] of this.columns) {
      const cell = row.insertCell();
      const [what] = kind.split(":");
      cell.className = RIGHT.has(kind) ? `number ${what}` : what;
      const { narrow } = this.about[name] ?? {};
      if (narrow) cell.classList.add(narrow);
      if (what === "link") cell.append(document.createElement("a"));
      if (what === "pre") {
        const details = document.createElement("details");
        details.append(document.createElement("summary"), document.createElement("pre"));
        details.addEventListener("toggle", () => {
          if (details.open) this.open.add(details.lastChild.textContent);
          else this.open.delete(details.lastChild.textContent);
        });
        cell.append(details);
      }
    }
    return row;
  }

  write(cell, columns, at, name, kind) {
    const value = columns[name]?.[at];
    const [what, other] = kind.split(":");
    if (what === "link") {
      const link = cell.firstChild;
      const target = columns[other]?.[at];
      if (target) {
        const address = this.root + target;
        if (link.getAttribute("href") !== address) link.setAttribute("href", address);
      } else {
        link.removeAttribute("href");
      }
      put(link, KINDS.text(value));
    } else if (what === "pre") {
      const [details] = cell.children;
      const text = KINDS.text(value);
      const lines = text.trim().split("\n");
      put(details.firstChild, lines.length === 1 ? lines[0].slice(0, 120) : `${lines.length} lines`);
      details.hidden = text === "";
      if (details.lastChild.textContent !== text) {
        details.lastChild.textContent = text;
        details.open = this.open.has(text);
      }
    } else if (what === "share") {
      put(cell, KINDS.percent(value));
      const share = Math.max(0, Math.min(100, value ?? 0));
      cell.style.setProperty("--share", `${share.toFixed(1)}%`);
      cell.classList.toggle("near", share >= 70);
      cell.classList.toggle("over", share >= 80);
    } else {
      put(cell, (KINDS[what] ?? KINDS.text)(value));
      if (what === "state") cell.dataset.state = value;
    }
  }

  say(text) {
    const note = this.card.querySelector(".trouble");
    if (note) note.textContent = `The server could not read this: ${text}`;
  }
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function compare(a, b) {
  if (a == null || b == null) return (a == null) - (b == null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
