// Frames of the page's feeds: over a websocket, by polling where websockets are blocked; after a loss again and again.
//
// States, as shown to people: "connecting", "live" (websocket), "polling", "lost". A websocket that was never opened in two
// attempts counts as blocked, and the page polls; polling that fails begins from the start, later and later.

const POLL_MS = 500;
const POLL_HIDDEN_MS = 4_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const OPENING_MS = 5_000;
const SILENCE_MS = 20_000;

export class Connection {
  constructor(root, names, onFrame, onState) {
    this.root = root;
    this.names = names;
    this.onFrame = onFrame;
    this.onState = onState;
    this.blocked = 0; // attempts of a websocket that was never opened
    this.failures = 0;
    this.seq = null;
    this.closed = false;
    this.socket = null;
    this.timer = null;
  }

  start() {
    if (!this.names.length) return;
    this.onState("connecting", 0);
    this.open();
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.again();
    });
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  again() {
    this.closed = false;
    this.failures = 0;
    this.seq = null;
    this.open();
  }

  // Somebody looks again, or the network is back: don't let them wait for the next attempt.
  hurry() {
    if (this.retry && !this.closed) {
      clearTimeout(this.timer);
      this.retry();
    }
  }

  url(path) {
    return new URL(`${this.root}${path}?feeds=${this.names.map(encodeURIComponent).join(",")}`, document.baseURI);
  }

  open() {
    this.retry = null;
    if (this.blocked >= 2 || !("WebSocket" in window)) {
      this.poll();
      return;
    }
    const url = this.url("feeds/ws");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    let socket;
    try {
      socket = new WebSocket(url);
    } catch {
      this.blocked += 1;
      this.later();
      return;
    }
    let opened = false;
    let silent = setTimeout(() => socket.close(), OPENING_MS);
    this.socket = socket;
    socket.onopen = () => {
      opened = true;
      this.blocked = 0;
    };
    socket.onmessage = (event) => {
      clearTimeout(silent);
      silent = setTimeout(() => socket.close(), SILENCE_MS);
      this.failures = 0;
      this.onState("live", 0);
      this.take(event.data);
    };
    socket.onclose = () => {
      clearTimeout(silent);
      if (this.socket !== socket || this.closed) return;
      this.socket = null;
      if (!opened) this.blocked += 1;
      this.later();
    };
  }

  async poll() {
    this.retry = null;
    try {
      const url = this.url("feeds/poll");
      if (this.seq != null) url.searchParams.set("since", this.seq);
      const answer = await fetch(url, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const frame = await answer.text();
      if (this.closed) return;
      this.failures = 0;
      this.onState("polling", 0);
      this.take(frame);
    } catch {
      if (this.closed) return;
      this.seq = null;
      this.blocked = 0;
      this.later();
      return;
    }
    this.retry = () => this.poll();
    this.timer = setTimeout(() => this.poll(), document.hidden ? POLL_HIDDEN_MS : POLL_MS);
  }

  take(text) {
    if (!text) return;
    const frame = JSON.parse(text);
    if (!frame.feeds) return;
    this.seq = frame.seq;
    this.onFrame(frame);
  }

  later() {
    this.failures += 1;
    const longest = Math.min(FIRST_DELAY_MS * 2 ** (this.failures - 1), LONGEST_DELAY_MS);
    const delay = longest * (0.75 + 0.5 * Math.random());
    this.onState(this.failures > 1 || this.blocked === 0 ? "lost" : "connecting", delay);
    this.retry = () => this.open();
    this.timer = setTimeout(() => this.open(), delay);
  }
}
