// Live panes: what an agent's terminal shows, and the box to type to it.
import { $, $$, freshID, grow, mayChange, post, refusal, tab, text, toast } from "./tools.js";

const MOST_LINES = 4000;
// What a summary's command may take at most, and a little for the way.
const SUMMARY_LIMIT = 65000;
const drafts = new Map(tab.get("drafts", []));

function keepDraft(agent, words) {
  if (words) drafts.set(agent, words);
  else drafts.delete(agent);
  tab.set("drafts", [...drafts]);
}

// Shows updates of one pane in a `.term` element.
export class Screen {
  constructor(term) {
    this.term = term;
    this.past = $(".past", term);
    this.rows = $(".screen", term);
    this.follows = true;
    term.addEventListener("scroll", () => {
      const atEnd = term.scrollHeight - term.scrollTop - term.clientHeight < 24;
      if (!this.moving && atEnd !== this.follows) this.setFollow(atEnd);
    }, { passive: true });
  }

  clear() {
    this.past.replaceChildren();
    this.rows.replaceChildren();
  }

  // The markup of lines is the server's: escaped text in spans with classes.
  update(news) {
    const place = this.term.scrollTop;
    if (news.reset) this.clear();
    const lines = document.createDocumentFragment();
    for (const html of news.history) {
      const line = document.createElement("div");
      line.innerHTML = html || " ";
      lines.append(line);
    }
    this.past.append(lines);
    while (this.past.childElementCount > MOST_LINES) this.past.firstElementChild.remove();
    let end = news.screen.length;
    while (end > 0 && !news.screen[end - 1]) end -= 1;
    while (this.rows.childElementCount > end) this.rows.lastElementChild.remove();
    for (let index = 0; index < end; index += 1) {
      let row = this.rows.children[index];
      if (!row) this.rows.append(row = document.createElement("div"));
      if (row.shown !== news.screen[index]) {
        row.shown = news.screen[index];
        row.innerHTML = row.shown || " ";
      }
    }
    if (this.follows) this.toEnd();
    else if (news.reset) this.term.scrollTop = place;
  }

  toEnd() {
    this.moving = true;
    this.term.scrollTop = this.term.scrollHeight;
    requestAnimationFrame(() => { this.moving = false; });
  }

  setFollow(follows) {
    this.follows = follows;
    if (follows) this.toEnd();
    this.onFollow?.(follows);
  }

  // Every place of `words`, as ranges; the page marks them without changing the text.
  find(words) {
    const found = [];
    const wanted = words.toLowerCase();
    if (wanted) {
      const walker = document.createTreeWalker(this.term, NodeFilter.SHOW_TEXT);
      while (walker.nextNode() && found.length < 1000) {
        const low = walker.currentNode.data.toLowerCase();
        for (let at = low.indexOf(wanted); at >= 0 && found.length < 1000; at = low.indexOf(wanted, at + wanted.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, Math.min(at + wanted.length, walker.currentNode.length));
          found.push(range);
        }
      }
    }
    if (globalThis.Highlight) CSS.highlights.set("found", new Highlight(...found));
    return found;
  }
}

// Sends to an agent; the answer says how far it got.
export async function send(target, content) {
  // By the agent: a tmux server that was started anew gives its panes the same ids again.
  const path = `/api/panes/${encodeURIComponent(target.agent)}/send`;
  return post(path, { ...content, agent: target.agent, id: freshID() });
}

export class Pane {
  constructor(place) {
    this.element = document.getElementById("pane-template").content.firstElementChild.cloneNode(true);
    place.append(this.element);
    this.screen = new Screen($(".term", this.element));
    this.screen.onFollow = (follows) => $("[data-do=follow]", this.element).setAttribute("aria-pressed", follows);
    this.form = $(".send", this.element);
    this.area = this.form.elements.text;
    this.receipt = $(".receipt", this.element);
    this.wire();
  }

  get agent() { return this.element.dataset.agent; }
  get isPinned() { return this.element.classList.contains("is-pinned"); }

  // What is typed for one agent never goes to another: each has a draft of its own.
  show(row) {
    const { agent, branch } = row.dataset;
    if (agent !== this.agent) {
      this.element.dataset.agent = agent;
      this.screen.clear();
      this.screen.setFollow(true);
      this.area.value = drafts.get(agent) ?? "";
      this.receipt.textContent = "";
      $(".summary", this.element).hidden = true;
      $(".pane-title bdi", this.element).textContent = "";
      grow(this.area);
    }
    // Panes that nobody spawned here are only shown while 'run', which types into them, does not run.
    this.form.hidden = "readonly" in row.dataset;
    this.form.inert = !mayChange;
    $(".pane-name", this.element).textContent = branch;
    $(".send-name", this.element).textContent = branch;
    const state = $(".pane-state", this.element);
    state.className = `pane-state s-${row.dataset.state}`;
    state.replaceChildren(...[...($(".state", row)?.childNodes ?? [])].map((node) => node.cloneNode(true)));
  }

  // Its agent was removed: what it printed stays, and nobody is there to type to.
  leave() {
    this.form.inert = true;
    const state = $(".pane-state", this.element);
    state.className = "pane-state s-gone";
    state.textContent = text("removed");
  }

  update(news) {
    $(".pane-title bdi", this.element).textContent = news.title;
    this.screen.update(news);
  }

  wire() {
    const button = (name) => $(`[data-do=${name}]`, this.element);
    button("follow").addEventListener("click", () => this.screen.setFollow(!this.screen.follows));
    button("pin").addEventListener("click", () => this.onPin(this));
    button("close").addEventListener("click", () => this.onClose(this));
    button("summary")?.addEventListener("click", () => this.sumUp());
    const search = $(".pane-search", this.element);
    let index = 0;
    const find = () => {
      const found = this.screen.find(search.value);
      $(".found", this.element).textContent = search.value ? text("found", { count: found.length }) : "";
      return found;
    };
    search.addEventListener("input", () => { index = 0; find(); });
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const found = find();
      if (!found.length) return;
      index = (index + (event.shiftKey ? 1 : found.length - 1)) % found.length;
      this.screen.setFollow(false);
      found[index].startContainer.parentElement.scrollIntoView({ block: "center" });
    });
    if (!mayChange) return;
    this.area.addEventListener("input", () => {
      keepDraft(this.agent, this.area.value);
      grow(this.area);
    });
    this.area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.area.value) this.sendText();
    });
    for (const key of $$(".key", this.form)) {
      key.addEventListener("click", () => this.deliver({ keys: [key.dataset.key] }));
    }
  }

  async sendText() {
    const input = this.area.value;
    const agent = this.agent;
    const done = await this.deliver({ input, enter: true });
    if (!done || drafts.get(agent) !== input) return;
    keepDraft(agent, "");
    if (this.agent === agent) {
      this.area.value = "";
      grow(this.area);
    }
  }

  // To the agent that is named beside the box, in whatever pane it lives now.
  async deliver(content) {
    const target = { agent: this.agent };
    this.receipt.className = "receipt";
    this.receipt.textContent = text("sending");
    const result = await send(target, content);
    if (this.agent !== target.agent) {
      if (!result.ok) toast(refusal(result), "bad");
      return result.ok;
    }
    this.receipt.textContent = result.ok ? text("sent") : refusal(result);
    this.receipt.classList.toggle("bad", !result.ok);
    return result.ok;
  }

  async sumUp() {
    const box = $(".summary", this.element);
    const agent = this.agent;
    const button = $("[data-do=summary]", this.element);
    button.disabled = true;
    box.hidden = false;
    box.textContent = text("summing_up");
    const result = await post(`/api/panes/${encodeURIComponent(agent)}/summary`, { agent }, SUMMARY_LIMIT);
    button.disabled = false;
    if (agent !== this.agent) return;
    box.textContent = result.ok ? result.value.summary : refusal(result);
    if (result.ok && result.value.cost) box.append(document.createElement("br"), text("cost", { cost: result.value.cost }));
  }
}
