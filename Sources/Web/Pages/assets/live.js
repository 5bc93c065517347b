// The page's line to the fleet: server-sent events, tried again after pauses that grow, with a state that people see.
import { $, clockTime, text } from "./tools.js";

export class Live {
  // `address` gives the URL, or null when nothing is wanted; `handlers` has a function for each kind of event.
  constructor(address, handlers, { shown = false, rests = false } = {}) {
    this.address = address;
    this.handlers = handlers;
    this.shown = shown;
    this.pause = 500;
    this.last = null;
    this.open();
    addEventListener("online", () => this.restart());
    document.addEventListener("visibilitychange", () => {
      // Browsers allow few lines to one server, for all tabs together: a tab that nobody sees needs no panes.
      if (document.hidden && rests) this.close();
      else if (!document.hidden && (this.down || rests)) this.restart();
    });
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  open() {
    this.close();
    const address = this.address();
    if (!address) return;
    const url = new URL(address, location.href);
    if (this.last) url.searchParams.set("last", this.last);
    const source = new EventSource(url);
    this.source = source;
    source.addEventListener("open", () => { this.pause = 500; this.down = null; this.show("live", text("live")); });
    source.addEventListener("error", () => this.fail());
    for (const [kind, handle] of Object.entries(this.handlers)) {
      source.addEventListener(kind, (event) => {
        if (event.lastEventId) this.last = event.lastEventId;
        let value;
        try { value = JSON.parse(event.data); } catch { return; }
        handle(value);
      });
    }
  }

  fail() {
    this.close();
    this.down ??= new Date();
    this.show("offline", text("offline", { time: clockTime(this.down) }));
    this.timer = setTimeout(() => this.open(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, 30000);
  }

  restart() {
    this.pause = 500;
    this.open();
  }

  show(state, words) {
    if (!this.shown) return;
    const box = $("#live");
    if (!box || box.dataset.state === state && state === "live") return;
    box.dataset.state = state;
    $(".live-text", box).textContent = words;
    document.body.classList.toggle("is-offline", state === "offline");
  }
}
