// Light or dark: as the system has it, or as the viewer chose with the switch (remembered by the browser).

const KEY = "minidask-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// In a frame of another site the browser may refuse to remember anything.
function remembered() {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme) {
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // The choice holds for this page.
  }
}

export function current() {
  const asked = new URLSearchParams(window.location.search).get("theme") || remembered();
  return asked === "dark" || asked === "light" ? asked : dark.matches ? "dark" : "light";
}

// Apply the theme; `changed(name)` is called when it becomes another one.
export function setUpTheme(changed) {
  let theme = current();
  const button = document.getElementById("theme");
  const show = () => {
    document.documentElement.dataset.theme = theme;
    if (button) {
      button.textContent = theme === "dark" ? "Light" : "Dark";
      button.setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
    }
  };
  const become = (name) => {
    if (name === theme) return;
    theme = name;
    show();
    changed(theme);
  };
  show();
  button?.addEventListener("click", () => {
    const next = theme === "dark" ? "light" : "dark";
    remember(next);
    become(next);
  });
  dark.addEventListener("change", () => become(current()));
  return theme;
}
