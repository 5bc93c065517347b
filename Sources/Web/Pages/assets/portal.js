// The phone console: notices on top, questions as cards, one session and a box to type to it.
import "./answers.js";
import { Live } from "./live.js";
import { apply } from "./morph.js";
import { Screen } from "./panes.js";
import { $, $$, freshID, grow, languageButtons, logInByAddress, post, refusal, text, toast, writeTimes } from "./tools.js";

logInByAddress();
const store = {
  get(key, standard) {
    try { return JSON.parse(localStorage.getItem(key)) ?? standard; } catch { return standard; }
  },
  set(key, value) {
    // A phone without room for it forgets what was typed, nothing else.
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden */ }
  },
};

let chosen = store.get("session", "");
let waiting = store.get("waiting", []);
let past = store.get("past", []);
// What is typed for one session never goes to another.
const drafts = store.get("drafts", {});
const screen = new Screen($("#portal-term"));
const form = $("#portal-send");
const area = form?.elements.text;
const receipt = $(".receipt");

const button = () => $$(".pick").find((one) => one.dataset.agent === chosen);

function mark() {
  for (const one of $$(".pick")) one.setAttribute("aria-pressed", one.dataset.agent === chosen);
  $("#portal-none").hidden = Boolean(button());
  if (!form) return;
  form.inert = !button() || "readonly" in button().dataset;
  $(".send-name", form).textContent = button()?.dataset.branch ?? "";
}

function write(words) {
  area.value = words;
  grow(area);
  keepDraft();
}

function keepDraft() {
  if (area.value) drafts[chosen] = area.value;
  else delete drafts[chosen];
  store.set("drafts", drafts);
}

// Moves the picker alone: the page stays where it is.
function bringIntoSight() {
  const one = button();
  const list = $("#picker");
  if (one) list.scrollLeft = one.offsetLeft - list.offsetLeft - (list.clientWidth - one.offsetWidth) / 2;
}

function choose(agent) {
  if (agent === chosen) return;
  chosen = agent;
  store.set("session", chosen);
  screen.clear();
  screen.setFollow(true);
  mark();
  if (area) write(drafts[chosen] ?? "");
  receipt?.replaceChildren();
  bringIntoSight();
  $("#portal-term").scrollIntoView({ block: "nearest" });
  live.watch();
}

const live = new Live(() => chosen ? [chosen] : [], {
  pane: (news) => { if (news.agent === chosen) screen.update(news); },
  parts: ({ parts }) => {
    apply(parts);
    mark();
    flush();
    document.documentElement.dataset.updated = performance.now().toFixed(1);
  },
});

// A command has an id from the moment it is sent. Without a link it waits and is sent again under the same id, so that
// the server does it once, whatever the link did with the answer.
let flushing = false;
async function flush() {
  if (flushing) return;
  flushing = true;
  try {
    while (waiting.length) {
      const command = waiting[0];
      receipt.className = "receipt";
      receipt.textContent = text("sending");
      const result = await post("/api/commands", command);
      if (result.status === 401) {
        const link = document.createElement("a");
        link.href = "/login";
        link.append(text("kept_login"));
        receipt.replaceChildren(link);
        return;
      }
      if (result.status === 0 || result.status >= 500 || result.status === 429) {
        receipt.textContent = text("kept");
        return;
      }
      waiting = waiting.slice(1);
      store.set("waiting", waiting);
      receipt.textContent = result.ok ? text("sent") : refusal(result);
      receipt.classList.toggle("bad", !result.ok);
      if (!result.ok) toast(refusal(result), "bad");
    }
  } finally {
    flushing = false;
  }
}

function queue(content) {
  const one = button();
  if (!one) return;
  waiting = [...waiting, { ...content, agent: one.dataset.agent, branch: one.dataset.branch, id: freshID() }];
  store.set("waiting", waiting);
  flush();
}

let back = 0;
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = area.value;
  if (!words) return;
  past = [words, ...past.filter((one) => one !== words)].slice(0, 50);
  store.set("past", past);
  back = 0;
  queue({ text: words, enter: true });
  write("");
});
area?.addEventListener("input", () => {
  grow(area);
  keepDraft();
});
area?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "ArrowUp" && (!area.value || area.value === recalled)) {
    event.preventDefault();
    recall();
  }
});

let recalled = "";
// What is half typed takes its place in the history first.
function recall() {
  if (area.value && area.value !== recalled) {
    past = [area.value, ...past];
    back = 1;
  }
  if (!past.length) return;
  recalled = past[back % past.length];
  back += 1;
  write(recalled);
  area.focus();
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest(".pick");
  if (pick) choose(pick.dataset.agent);
  const key = event.target.closest("[data-key]");
  if (key) queue({ keys: [key.dataset.key], enter: false });
  if (event.target.closest("[data-history]")) recall();
});
addEventListener("online", flush);
setInterval(flush, 5000);
languageButtons();
writeTimes();
mark();
if (area) write(drafts[chosen] ?? "");
bringIntoSight();
if (isSecureContext) navigator.serviceWorker?.register("/service-worker.js").catch(() => { /* works without it */ });
