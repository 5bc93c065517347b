// The page's line to the fleet: server-sent events, tried again after pauses that grow, with a state that people see.
//
// A browser has six lines to one server, for all its tabs together, so they share one: the tab that was looked at last holds it
// and passes on what comes. A lock says who holds it; when that tab is closed, the next in the lock's queue does. Where there are
// no locks (plain http to another machine) a tab has a line of its own while it is seen.
import { $, clockTime, freshID, language, text } from "./tools.js";

const speech = language.slice(0, 2);
const NAME = `tmux-agent ${speech}`;
const isShared = Boolean(navigator.locks && globalThis.BroadcastChannel);

export class Live {
  // `panes` gives the agents whose output the page shows; `handlers` has a function for each kind of event.
  constructor(panes, handlers) {
    this.panes = panes;
    this.handlers = handlers;
    this.pause = 500;
    // Milliseconds without a word after which a line is taken for dead; the server says how often it speaks.
    this.patience = 40000;
    this.last = null;
    this.tab = freshID();
    this.shown = [];
    this.others = new Map();
    addEventListener("online", () => this.restart());
    document.addEventListener("visibilitychange", () => this.turn());
    if (isShared) {
      this.channel = new BroadcastChannel(NAME);
      this.channel.addEventListener("message", ({ data }) => this.hear(data));
      addEventListener("pagehide", () => this.tell({ kind: "panes", panes: [] }));
      addEventListener("pageshow", ({ persisted }) => { if (persisted) this.catchUp(); });
      if (document.hidden) {
        this.queue();
        this.tell({ kind: "behind" });
      }
    }
    this.turn();
  }

  // The page is seen now, or no more.
  turn() {
    this.watch();
    if (!isShared) {
      this.holds = !document.hidden;
      if (this.holds) this.restart();
      else this.close();
    } else if (!document.hidden && !this.holds) {
      this.waiting?.abort();
      this.hold({ steal: true });
    } else if (!document.hidden && this.down) {
      this.restart();
    }
  }

  queue() {
    this.waiting = new AbortController();
    this.hold({ signal: this.waiting.signal });
  }

  async hold(options) {
    try {
      await navigator.locks.request(NAME, options, () => {
        this.holds = true;
        this.others.clear();
        this.tell({ kind: "who" });
        this.open();
        return new Promise(() => { /* until another tab takes it */ });
      });
    } catch {
      if (!this.holds || options.signal?.aborted) return;
      this.holds = false;
      this.close();
      this.queue();
    }
  }

  // What the page shows has changed.
  watch() {
    const panes = document.hidden ? [] : this.panes();
    if (panes.join() === this.shown.join()) return;
    this.shown = panes;
    if (this.holds) this.restart();
    else this.tell({ kind: "panes", panes });
  }

  wanted() {
    return [...new Set([...this.shown, ...[...this.others.values()].flat()])].join();
  }

  tell(message) { this.channel?.postMessage({ ...message, tab: this.tab }); }

  hear(message) {
    const { kind, tab, panes } = message;
    if (kind === "who") {
      if (this.shown.length) this.tell({ kind: "panes", panes: this.shown });
    } else if (!this.holds) {
      if (kind === "event") this.receive(message);
      if (kind === "state") this.show(message);
    } else if (kind === "behind") {
      this.catchUp();
    } else if (kind === "panes") {
      const former = this.others.get(tab) ?? [];
      this.others.set(tab, panes);
      // A new reader needs a pane from its beginning, also where another tab shows it already.
      if (panes.some((pane) => !former.includes(pane)) || this.wanted() !== this.asked) this.restart();
    }
  }

  receive({ name, value, last }) {
    if (last) this.last = last;
    this.handlers[name](value);
  }

  // A line that broke without being closed is known by its silence alone.
  alive() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.fail(), this.patience);
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
  }

  open() {
    this.close();
    const url = new URL("/api/events", location.href);
    this.asked = this.wanted();
    url.searchParams.set("language", speech);
    if (this.asked) url.searchParams.set("pane", this.asked);
    if (this.last) url.searchParams.set("last", this.last);
    const source = new EventSource(url);
    this.source = source;
    this.alive();
    source.addEventListener("open", () => {
      this.alive();
      this.pause = 500;
      this.down = null;
      this.isLocked = false;
      this.report("live", text("live"));
    });
    source.addEventListener("error", () => this.fail(source.readyState === EventSource.CLOSED && url));
    source.addEventListener("beat", ({ data }) => {
      this.patience = 2 * JSON.parse(data).every_ms;
      this.alive();
    });
    for (const name of ["parts", "pane"]) {
      source.addEventListener(name, (event) => {
        this.alive();
        let value;
        try { value = JSON.parse(event.data); } catch { return; }
        const message = { kind: "event", name, value, last: event.lastEventId };
        this.tell(message);
        this.receive(message);
      });
    }
  }

  // `refused` is the address where something else than events came.
  fail(refused) {
    this.close();
    this.down ??= new Date();
    if (!refused || !this.isLocked) this.report("offline", text("offline", { time: clockTime(this.down) }));
    if (refused) this.askWhy(refused);
    this.timer = setTimeout(() => this.open(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, 30000);
  }

  async askWhy(url) {
    const stop = new AbortController();
    try {
      const { status } = await fetch(url, { signal: stop.signal });
      this.isLocked = status === 401;
      if (this.isLocked && this.down) this.report("login", text("log_in_first"));
    } catch { /* the line is down */ }
    stop.abort();
  }

  restart() {
    if (!this.holds) return;
    this.pause = 500;
    this.open();
  }

  // Asks for every part of the page anew.
  catchUp() {
    this.last = null;
    if (this.holds) this.restart();
    else this.tell({ kind: "behind" });
  }

  report(state, words) {
    this.tell({ kind: "state", state, words });
    this.show({ state, words });
  }

  show({ state, words }) {
    const box = $("#live");
    if (!box || box.dataset.state === state && state === "live") return;
    box.dataset.state = state;
    const place = $(".live-text", box);
    place.textContent = words;
    if (state === "login") {
      const link = document.createElement("a");
      link.href = location.pathname;
      link.append(words);
      place.replaceChildren(link);
    }
    document.body.classList.toggle("is-offline", state !== "live");
  }
}
