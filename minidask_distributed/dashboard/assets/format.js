// Numbers as people read them: binary multiples of bytes, spans of time with a fitting unit, counts with separators.
// Pure functions; `KINDS` has what figures' derived columns and tables' cells may ask for.

const MULTIPLES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function digits(value, whole) {
  return value >= 100 || whole ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function bytes(value) {
  if (value == null || !isFinite(value)) return "–";
  const sign = value < 0 ? "−" : "";
  let size = Math.abs(value);
  let at = 0;
  while (size >= 999.5 && at < MULTIPLES.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${sign}${digits(size, at === 0)} ${MULTIPLES[at]}`;
}

export function rate(value) {
  return value == null ? "–" : `${bytes(value)}/s`;
}

export function seconds(value) {
  if (value == null || !isFinite(value)) return "–";
  const sign = value < 0 ? "−" : "";
  const span = Math.abs(value);
  if (span === 0) return "0 s";
  if (span < 0.9995e-3) return `${sign}${digits(span * 1e6)} µs`;
  if (span < 0.9995) return `${sign}${digits(span * 1e3)} ms`;
  if (span < 59.95) return `${sign}${digits(span)} s`;
  const whole = Math.round(span);
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(span / 60);
  if (minutes < 48 * 60) return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${sign}${Math.round(span / 86400)} days`;
}

export function count(value) {
  return value == null || !isFinite(value) ? "–" : COUNT.format(value);
}

export function exact(value) {
  if (value == null || !isFinite(value)) return "–";
  return Number.isInteger(value) ? COUNT.format(value) : digits(value);
}

export function percent(value) {
  return value == null || !isFinite(value) ? "–" : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`;
}

function two(value) {
  return String(value).padStart(2, "0");
}

// A time of the day on the viewer's clock; with the date if it was another day.
export function time(stamp) {
  if (!stamp || !isFinite(stamp)) return "–";
  const at = new Date(stamp * 1000);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === new Date().toDateString()) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

// Figures have no time zones: their axes show the viewer's clock because the numbers are moved.
export function localMs(stamp) {
  return stamp == null ? null : stamp * 1000 - zone(stamp) * 60_000;
}

let zoneAt = 0;
let zoneMinutes = new Date().getTimezoneOffset();
function zone(stamp) {
  if (Math.abs(stamp - zoneAt) > 600) {
    zoneAt = stamp;
    zoneMinutes = new Date(stamp * 1000).getTimezoneOffset();
  }
  return zoneMinutes;
}

export function text(value) {
  return value == null ? "" : String(value);
}

// The edge of a rectangle: a darker shade of its colour, so that narrow ones keep it; around black, what the page writes with.
const edges = new Map();
export function edge(color) {
  if (color === "#000000") return document.documentElement.dataset.theme === "dark" ? "#c9d1dc" : color;
  let made = edges.get(color);
  if (made === undefined) {
    const shades = [1, 3, 5].map((at) => Math.round(parseInt(color.slice(at, at + 2), 16) * 0.86));
    made = `#${shades.map((shade) => shade.toString(16).padStart(2, "0")).join("")}`;
    edges.set(color, made);
  }
  return made;
}

export const KINDS = { bytes, rate, seconds, count, exact, percent, time, text, edge, local_ms: localMs };
