// The strip under the navigation: the cluster in a few numbers, on every page.

import { KINDS } from "./format.js";

export class Summary {
  constructor(store) {
    this.places = [...document.querySelectorAll("[data-summary]")];
    if (this.places.length) {
      store.listeners.push((name) => {
        if (name === "summary") this.show(store.columns(name));
      });
    }
  }

  show(columns) {
    if (!columns) return;
    for (const place of this.places) {
      const [name, kind] = place.dataset.summary.split(":");
      const value = columns[name]?.[0];
      const text = (KINDS[kind] ?? KINDS.text)(value);
      if (place.textContent !== text) place.textContent = text;
      place.closest("li")?.classList.toggle("some", Boolean(value));
    }
  }
}
