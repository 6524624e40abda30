// Tabs: parts that take turns at one place, by mouse or arrow keys. A figure in a tab is drawn when the tab is first opened.

export function setUpTabs(shown) {
  for (const card of document.querySelectorAll(".card.tabs")) {
    const tabs = [...card.querySelectorAll("[role=tab]")];
    const choose = (tab, focus) => {
      for (const other of tabs) {
        const mine = other === tab;
        other.setAttribute("aria-selected", String(mine));
        other.tabIndex = mine ? 0 : -1;
        document.getElementById(other.getAttribute("aria-controls")).hidden = !mine;
      }
      if (focus) tab.focus();
      shown();
    };
    tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => choose(tab, false));
      tab.addEventListener("keydown", (event) => {
        const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        choose(tabs[(next + tabs.length) % tabs.length], true);
      });
    });
  }
}
