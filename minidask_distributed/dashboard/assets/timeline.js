// The controls of a figure over time: follow its end, pause, reset, how much is seen and how much is kept; and the keyboard.
//
// The range of a timeline is ours while it follows; as soon as somebody pans or zooms it is theirs, until "Follow" or "Reset".
// Choices are per page and remembered for the session by the address of the page alone (nothing is stored).

const WINDOWS = [
  ["5 s", 5],
  ["15 s", 15],
  ["30 s", 30],
  ["1 min", 60],
  ["2 min", 120],
  ["5 min", 300],
  ["15 min", 900],
  ["1 h", 3600],
];
const HISTORIES = [
  ["1,000", 1_000],
  ["5,000", 5_000],
  ["20,000", 20_000],
  ["50,000", 50_000],
];

import { localMs } from "./format.js";

export function setUpTimeline(figure) {
  return new Timeline(figure);
}

class Timeline {
  constructor(figure) {
    this.figure = figure;
    this.store = figure.store;
    const tags = Object.fromEntries(figure.model.tags.map((tag) => splitOnce(tag)));
    this.streamed = tags.stream;
    this.lanes = tags.lanes;
    const place = figure.place.dataset;
    this.window = Number(place.window ?? tags.window ?? 30);
    this.history = Number(place.history ?? tags.history ?? 5_000);
    this.follows = true;
    this.ours = false;
    this.held = [];
    this.x = figure.model.x_range;
    this.y = figure.model.y_range;
    this.shownLanes = null;
    this.bar = this.controls();
    for (const property of [this.x.properties.start, this.x.properties.end]) {
      property.change.connect(() => {
        if (!this.ours) this.follow(false);
      });
    }
    this.yMoved = false;
    for (const property of [this.y.properties.start, this.y.properties.end]) {
      property.change.connect(() => {
        if (!this.ours) this.yMoved = true;
      });
    }
    this.paused = (event) => this.showPaused(event.detail);
    document.addEventListener("paused", this.paused);
    this.keys = (event) => this.key(event);
    figure.place.tabIndex = 0;
    figure.place.addEventListener("keydown", this.keys);
    this.wheeled = (event) => this.wheel(event);
    figure.place.addEventListener("wheel", this.wheeled, { capture: true, passive: false });
    figure.listeners.push(() => this.advance());
    this.keep(this.history);
    this.advance();
  }

  controls() {
    const card = this.figure.place.closest(".card");
    card.querySelector(".controls")?.remove();
    const bar = document.createElement("div");
    bar.className = "controls";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Timeline");
    this.followButton = button(bar, "Follow", "Let the view follow the time", () => this.follow(!this.follows));
    this.pauseButton = button(bar, "Pause", "Hold everything on this page as it is (space)", () => {
      const { figures } = this.figure;
      figures.pause(!figures.paused);
    });
    button(bar, "Reset", "Follow, and show all rows (0)", () => this.reset());
    select(bar, "Window", WINDOWS, this.window, (value) => {
      this.window = value;
      this.follow(true);
    });
    select(bar, "History", HISTORIES, this.history, (value) => this.keep(value), "rectangles");
    this.showFollow();
    this.showPaused(this.figure.figures.paused);
    card.querySelector("header").append(bar);
    return bar;
  }

  // As many rows as the viewer wants; more aren't there than what came since the page was opened.
  keep(rows) {
    this.history = rows;
    if (!this.streamed) return;
    this.store.histories.set(this.streamed, rows);
    const table = this.store.tables.get(this.streamed);
    if (table) table.keep = rows;
  }

  set(range, start, end) {
    this.ours = true;
    range.setv({ start, end });
    this.ours = false;
  }

  advance() {
    if (!this.yMoved) this.fitRows();
    if (!this.follows || !this.store.time) return;
    const now = localMs(this.store.time);
    this.set(this.x, now - this.window * 1e3, now + this.window * 10);
  }

  fitRows() {
    const ends = this.store.columns(this.lanes)?.bottom ?? [];
    const rows = Math.max(...ends.map((end) => end + 0.5), 4);
    if (this.lanes && rows !== this.shownLanes) {
      this.shownLanes = rows;
      this.set(this.y, rows - 0.5, -0.5);
    }
  }

  follow(follows) {
    this.follows = follows;
    this.showFollow();
    if (follows) this.advance();
  }

  reset() {
    this.yMoved = false;
    this.shownLanes = null;
    this.figure.figures.pause(false);
    this.follow(true);
  }

  showFollow() {
    this.followButton.setAttribute("aria-pressed", String(this.follows));
  }

  showPaused(paused) {
    this.pauseButton.textContent = paused ? "Resume" : "Pause";
    this.pauseButton.setAttribute("aria-pressed", String(paused));
  }

  key(event) {
    if (event.target !== this.figure.place || event.ctrlKey || event.metaKey || event.altKey) return;
    const { start, end } = this.x;
    const span = end - start;
    const zoom = (factor) => this.x.setv({ start: end - span * factor, end });
    const moves = {
      ArrowLeft: () => this.x.setv({ start: start - span / 5, end: end - span / 5 }),
      ArrowRight: () => this.x.setv({ start: start + span / 5, end: end + span / 5 }),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      0: () => this.reset(),
      Home: () => this.reset(),
      f: () => this.follow(!this.follows),
      " ": () => this.pauseButton.click(),
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      move();
    }
  }

  // Over the names fewer or more rows; Bokeh's wheel, over the rectangles, changes the time alone.
  wheel(event) {
    const frame = this.figure.views?.roots[0]?.frame;
    const box = this.figure.place.getBoundingClientRect();
    if (!frame || event.clientX - box.left >= frame.bbox.left) return;
    event.preventDefault();
    event.stopPropagation();
    const at = frame.y_scale.invert(event.clientY - box.top);
    const factor = event.deltaY < 0 ? 0.75 : 4 / 3;
    const { start, end } = this.y;
    this.y.setv({
      start: Math.min(at + (start - at) * factor, (this.shownLanes ?? 4) - 0.5),
      end: Math.max(at + (end - at) * factor, -0.5),
    });
  }

  remove() {
    document.removeEventListener("paused", this.paused);
    this.figure.place.removeEventListener("keydown", this.keys);
    this.figure.place.removeEventListener("wheel", this.wheeled, { capture: true });
    this.figure.place.dataset.window = this.window;
    this.figure.place.dataset.history = this.history;
    this.bar.remove();
  }
}

function splitOnce(tag) {
  const at = tag.indexOf(":");
  return at < 0 ? [tag, ""] : [tag.slice(0, at), tag.slice(at + 1)];
}

export function button(bar, text, title, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.title = title;
  made.addEventListener("click", act);
  bar.append(made);
  return made;
}

export function select(bar, text, options, chosen, act, unit = "") {
  const label = document.createElement("label");
  label.textContent = `${text} `;
  const made = document.createElement("select");
  for (const [name, value] of options) made.add(new Option(unit ? `${name} ${unit}` : name, value));
  made.value = String(chosen);
  made.addEventListener("change", () => act(Number.isNaN(Number(made.value)) ? made.value : Number(made.value)));
  label.append(made);
  bar.append(label);
  return made;
}
