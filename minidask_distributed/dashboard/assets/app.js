// A page of the dashboard: its figures and tables, fed over one connection, whose state is shown.

import { Connection } from "./connection.js";
import { Figures } from "./figures.js";
import { Store } from "./store.js";
import { Summary } from "./summary.js";
import { Tables } from "./tables.js";
import { setUpTabs } from "./tabs.js";
import { setUpTheme } from "./theme.js";

const WORDS = {
  connecting: "Connecting …",
  live: "Live",
  polling: "Live, by polling",
  lost: "Connection lost",
};

function showState(state, delayMs) {
  const place = document.getElementById("connection");
  if (!place) return;
  if (place.dataset.state !== state || state === "lost") {
    place.dataset.state = state;
    place.lastElementChild.textContent =
      state === "lost" ? `${WORDS.lost}; next attempt in ${Math.ceil(delayMs / 1e3)} s` : WORDS[state];
  }
  document.body.classList.toggle("lost", state === "lost");
}

/* global Bokeh */

function start() {
  // A range without data yet is nothing to warn of.
  if ("Bokeh" in window) Bokeh.set_log_level("error");
  const { root = "", feeds = "" } = document.body.dataset;
  const store = new Store();
  let figures = null;
  const theme = setUpTheme((name) => figures?.retheme(name));
  figures = new Figures(root, store, theme);
  new Tables(root, store);
  new Summary(store);
  const places = () => document.querySelectorAll("[data-figure]");
  setUpTabs(() => figures.show(places()));
  figures.show(places());
  const names = feeds.split(",").filter(Boolean);
  new Connection(root, names, (frame) => store.take(frame), showState).start();
  // For tests, and for whoever looks at the page with the browser's tools.
  window.minidask = { store, figures };
}

start();
