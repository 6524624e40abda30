// Bokeh figures in their places on the page, and the store's rows in their sources.
//
// A figure is embedded when its place is first shown. Its sources name their feed by tags, see plots/charts.py: "feed:NAME",
// "derive:COLUMN=KIND:FROM"; axes "labels:FEED:AT:TEXT". Bokeh's own code is never given code of ours to run.

import { KINDS } from "./format.js";
import { setUpFlame, setUpSamples } from "./flame.js";
import { setUpTimeline } from "./timeline.js";

/* global Bokeh */

export class Figures {
  constructor(root, store, theme) {
    this.root = root;
    this.store = store;
    this.theme = theme;
    this.paused = false;
    this.shown = new Map(); // {element: figure}
    store.listeners.push((name, news) => this.take(name, news));
    // Nobody looks at a hidden page: it is drawn when it is seen again.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.paused) this.fill();
    });
  }

  fill() {
    for (const figure of this.shown.values()) figure.fill();
  }

  // Embed the figures of places that are visible now and aren't embedded yet.
  show(places) {
    for (const place of places) {
      if (!this.shown.has(place) && place.offsetParent !== null) {
        const figure = new Figure(place, this);
        this.shown.set(place, figure);
        void figure.embed();
      }
    }
  }

  retheme(theme) {
    this.theme = theme;
    const places = [...this.shown.keys()];
    for (const figure of this.shown.values()) figure.remove();
    this.shown.clear();
    this.show(places);
  }

  take(name, news) {
    if (this.paused || document.hidden) return;
    for (const figure of this.shown.values()) figure.take(name, news);
  }

  pause(paused) {
    if (paused === this.paused) return;
    this.paused = paused;
    if (!paused) this.fill();
    document.dispatchEvent(new CustomEvent("paused", { detail: paused }));
  }
}

class Figure {
  constructor(place, figures) {
    this.place = place;
    this.name = place.dataset.figure;
    this.figures = figures;
    this.store = figures.store;
    this.fills = []; // of sources: {feed, source, rules}
    this.labels = []; // of axes: {feed, axis, at, text}
    this.listeners = []; // of controls: called with each frame of this figure's feeds
    this.removed = false;
  }

  async embed() {
    const { root, theme } = this.figures;
    let item;
    try {
      const answer = await fetch(`${root}figures/${this.name}.json?theme=${theme}`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.status === 503 ? await answer.text() : `the server answered ${answer.status}`);
      item = await answer.json();
    } catch (error) {
      this.say(`This plot could not be loaded: ${error.message}`);
      return;
    }
    if (this.removed) return;
    this.views = await Bokeh.embed.embed_item(item, this.place);
    const [view] = this.views.roots;
    this.model = view.model;
    this.document = view.model.document;
    if (this.removed) {
      this.remove();
      return;
    }
    this.find();
    this.fill();
    const tags = this.model.tags;
    if (tags.includes("timeline")) this.timeline = setUpTimeline(this);
    if (tags.some((tag) => tag.startsWith("flame:"))) this.flame = setUpFlame(this);
    if (tags.includes("samples")) setUpSamples(this);
    this.place.dataset.ready = "true";
  }

  find() {
    for (const model of this.document.all_models) {
      for (const tag of model.tags ?? []) {
        if (typeof tag !== "string") continue;
        const [kind, ...rest] = tag.split(":");
        if (kind === "feed") this.fills.push({ feed: rest[0], source: model, rules: rulesOf(model.tags) });
        if (kind === "labels") this.labels.push({ feed: rest[0], axis: model, at: rest[1], text: rest[2] });
      }
    }
  }

  feeds() {
    return new Set([...this.fills, ...this.labels].map((one) => one.feed));
  }

  // All rows that the page has.
  fill() {
    if (!this.document) return;
    for (const { feed, source, rules } of this.fills) {
      const columns = this.store.columns(feed);
      if (columns) source.data = rowsFor(source, columns, rules);
    }
    for (const feed of this.feeds()) this.label(feed);
    this.tell();
  }

  take(name, news) {
    if (!this.feeds().has(name)) return;
    for (const { feed, source, rules } of this.fills) {
      if (feed !== name) continue;
      if (news.kind === "error") this.say(`The server could not read this: ${news.text}`);
      else if (news.kind === "set") source.data = rowsFor(source, news.columns, rules);
      else source.stream(rowsFor(source, news.columns, rules), isFinite(news.keep) ? news.keep : undefined);
    }
    this.label(name);
    this.tell();
  }

  tell() {
    const rows = this.fills.some(({ feed }) => this.store.rows(feed) > 0);
    this.place.closest(".card")?.classList.toggle("has-rows", rows);
    for (const listener of this.listeners) listener();
  }

  label(name) {
    for (const { feed, axis, at, text } of this.labels) {
      const columns = feed === name ? this.store.columns(feed) : null;
      if (!columns) continue;
      const shown = columns[at].map((place, row) => [place, plainly(columns[text][row])]).filter(([, label]) => label !== "");
      const written = JSON.stringify(shown);
      if (axis.minidaskLabels === written) continue;
      axis.minidaskLabels = written;
      axis.major_label_overrides = new Map(shown);
      axis.ticker.ticks = shown.map(([place]) => place);
    }
  }

  say(text) {
    const note = this.place.closest(".card")?.querySelector(".trouble");
    if (note) note.textContent = text;
  }

  remove() {
    this.removed = true;
    this.timeline?.remove();
    this.flame?.remove();
    this.views?.clear();
    if (this.document) {
      const at = Bokeh.documents.indexOf(this.document);
      if (at >= 0) Bokeh.documents.splice(at, 1);
      this.document.clear();
    }
    this.place.replaceChildren();
    delete this.place.dataset.ready;
  }
}

// Labels of axes between $$ and $$, \[ and \], or \( and \) would be taken for formulas: a sign without width comes between.
function plainly(label) {
  return label.replace(/\$(?=\$)/g, "$\u2060").replace(/\\(?=[[\]()])/g, "\\\u2060");
}

function rulesOf(tags) {
  const rules = [];
  for (const tag of tags) {
    const match = /^derive:([^=]+)=([^:]+):(.+)$/.exec(tag);
    if (match) rules.push({ column: match[1], convert: KINDS[match[2]], from: match[3] });
  }
  return rules;
}

// The columns that a source has, of those that a feed sent.
function rowsFor(source, columns, rules) {
  const rows = {};
  const fill = source.tags.includes("areas") ? 0 : NaN;
  for (const { column, convert, from } of rules) rows[column] = (columns[from] ?? []).map(convert);
  const length = Object.values(columns)[0]?.length ?? 0;
  for (const column of source.columns()) {
    if (!(column in rows)) rows[column] = withGaps(columns[column] ?? new Array(length).fill(null), fill);
  }
  return rows;
}

// JSON has no number that is none: lines break at NaN; areas don't, but fall to 0.
function withGaps(values, fill) {
  const broken = values.includes(null) && values.some((value) => typeof value === "number");
  return broken ? values.map((value) => value ?? fill) : values;
}
