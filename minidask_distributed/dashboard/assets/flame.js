// Flame graphs: asked for, not fed. A click on a box shows that function over the whole width, "All" goes back.
//
// The answer's columns go into the store under the names that the figures' tags have, "profile-boxes" and "profile-timeline".
// The letters in boxes are cut to their widths here: Bokeh draws texts as they are.

import { count } from "./format.js";
import { button, select } from "./timeline.js";

const SPANS = [
  ["all that is remembered", 0],
  ["the last minute", 60],
  ["the last 5 minutes", 300],
  ["the last 15 minutes", 900],
  ["the last hour", 3600],
];
const SCOPES = [
  ["the scheduler's", "scheduler"],
  ["the workers'", "workers-loop"],
];
const EVERY_MS = 5_000;
const LETTER = 6.7; // pixels
const LEVELS = [14, 32]; // that are shown at once, at least and at most

export function setUpFlame(figure) {
  return new Flame(figure);
}

// The time that was chosen by dragging over the samples, as an event of the page: {start, stop} in seconds, or null.
export function setUpSamples(figure) {
  figure.model.on_event("selectiongeometry", (event) => {
    if (!event.final) return;
    const { x0, x1 } = event.geometry;
    const shift = new Date(x0).getTimezoneOffset() * 60;
    const detail = { start: x0 / 1e3 + shift, stop: x1 / 1e3 + shift };
    document.dispatchEvent(new CustomEvent("span", { detail }));
  });
  document.addEventListener("span", (event) => {
    if (event.detail !== null || figure.removed) return;
    for (const { overlay } of figure.model.toolbar.tools) if (overlay) overlay.visible = false;
    for (const { source } of figure.fills) source.selected.indices = [];
  });
}

class Flame {
  constructor(figure) {
    this.figure = figure;
    this.store = figure.store;
    this.x = figure.model.x_range;
    this.y = figure.model.y_range;
    this.source = figure.fills[0].source;
    this.zoomed = null; // the box that fills the width: {left, right, level}
    this.asked = { scope: figure.model.tags.find((tag) => tag.startsWith("flame:")).slice(6), prefix: "", seconds: 0, span: null };
    this.bar = this.controls();
    this.source.selected.properties.indices.change.connect(() => this.tapped());
    this.keys = (event) => {
      if (event.target === figure.place && (event.key === "0" || event.key === "Escape")) this.reset();
    };
    this.span = (event) => {
      this.asked.span = event.detail;
      this.live(event.detail === null);
      void this.ask();
    };
    document.addEventListener("span", this.span);
    figure.place.tabIndex = 0;
    figure.place.addEventListener("keydown", this.keys);
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(figure.place);
    figure.listeners.push(() => this.fit());
    this.live(true);
    void this.ask();
  }

  controls() {
    const bar = document.createElement("div");
    bar.className = "controls";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Profile");
    this.samples = document.createElement("span");
    this.samples.setAttribute("role", "status");
    bar.append(this.samples);
    const change = (name) => (value) => {
      this.asked[name] = value;
      if (name === "seconds") this.asked.span = null;
      this.zoomed = null;
      void this.ask();
    };
    if (this.asked.scope === "workers") {
      this.prefixes = select(bar, "Tasks", [["all", ""]], "", change("prefix"));
    } else if (this.asked.scope === "scheduler") {
      select(bar, "Event loop", SCOPES, this.asked.scope, change("scope"));
    }
    select(bar, "Time", SPANS, 0, change("seconds"));
    this.liveButton = button(bar, "Live", "Ask again every five seconds", () => this.live(!this.timer));
    this.all = button(bar, "All", "Show all boxes of all times (0)", () => this.reset());
    const card = this.figure.place.closest(".card");
    card.querySelector(".controls")?.remove();
    card.querySelector("header").append(bar);
    return bar;
  }

  live(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => void this.ask(), EVERY_MS) : null;
    this.liveButton.setAttribute("aria-pressed", String(on));
  }

  async ask() {
    if (document.hidden || this.figure.figures.paused) return;
    const { scope, prefix, seconds, span } = this.asked;
    const query = new URLSearchParams({ scope });
    if (prefix) query.set("prefix", prefix);
    if (span) {
      query.set("start", span.start);
      query.set("stop", span.stop);
    } else if (seconds) {
      query.set("start", (this.store.time || Date.now() / 1e3) - seconds);
    }
    try {
      const answer = await fetch(`${this.figure.figures.root}json/profile.json?${query}`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      this.take(await answer.json());
    } catch (error) {
      this.figure.say(`The profile could not be read: ${error.message}`);
    }
  }

  take(answer) {
    if (this.figure.removed) return;
    this.figure.say("");
    this.samples.textContent = `${count(answer.samples)} samples`;
    if (this.prefixes) {
      for (const name of answer.prefixes) {
        if (![...this.prefixes.options].some((option) => option.value === name)) this.prefixes.add(new Option(name, name));
      }
    }
    const feeds = { "profile-boxes": { set: answer.boxes }, "profile-timeline": { set: answer.timeline } };
    this.store.take({ time: this.store.time, feeds });
  }

  tapped() {
    const [row] = this.source.selected.indices;
    if (row === undefined) return;
    const { left, right, bottom } = this.source.data;
    this.zoom(bottom[row] === 0 ? null : { left: left[row], right: right[row], level: bottom[row] });
    this.source.selected.indices = [];
  }

  reset() {
    this.zoom(null);
    if (this.asked.span) document.dispatchEvent(new CustomEvent("span", { detail: null }));
  }

  zoom(box) {
    this.zoomed = box;
    this.fit();
  }

  fit() {
    const { left, right, top, label } = this.source.data;
    const { left: start, right: end, level } = this.zoomed ?? { left: 0, right: 1, level: 0 };
    this.x.setv({ start, end });
    const deepest = top.length ? Math.max(...top.filter((_, row) => right[row] > start && left[row] < end)) : 1;
    const shown = Math.min(Math.max(deepest - level, LEVELS[0]), LEVELS[1]);
    this.y.setv({ start: level + shown, end: level });
    this.all.disabled = this.zoomed === null && !this.asked.span;
    const width = this.figure.place.clientWidth - 30;
    const letters = (row) => Math.floor((width * (Math.min(right[row], end) - Math.max(left[row], start))) / (end - start) / LETTER) - 1;
    const texts = label.map((text, row) => {
      const room = letters(row);
      return left[row] < start && right[row] > end ? text : room < 3 ? "" : text.length <= room ? text : `${text.slice(0, room - 1)}…`;
    });
    if (JSON.stringify(texts) !== JSON.stringify(this.source.data.text)) {
      this.source.data = { ...this.source.data, text: texts };
    }
  }

  remove() {
    clearInterval(this.timer);
    this.watch.disconnect();
    document.removeEventListener("span", this.span);
    this.figure.place.removeEventListener("keydown", this.keys);
    this.bar.remove();
  }
}
