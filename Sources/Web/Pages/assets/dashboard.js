// The dashboard: views, agents, keys.
import { answer, beginReject } from "./answers.js";
import { journalChanged } from "./journal.js";
import { Live } from "./live.js";
import { apply } from "./morph.js";
import { Pane } from "./panes.js";
import { $, $$, languageButtons, logInByAddress, say, tab, text, toast, writeTimes } from "./tools.js";

logInByAddress();
const views = $$("[data-view]").map((link) => link.dataset.view);
const panes = [];
const MOST_PANES = 4;
let only = "";
// The pane that a person looked at last: keys mean it.
let current;
const currentPane = () => panes.includes(current) ? current : panes.at(-1);

// Views and the agent that is shown stand in the address, so that Back works and a reload changes nothing.
function showView(name) {
  for (const view of views) $(`#view-${view}`).hidden = view !== name;
  for (const link of $$("[data-view]")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// As a click on the view's name.
function go(name) {
  if (!$(`#view-${name}`).hidden) return;
  history.pushState(null, "", `#${name}`);
  showView(name);
}

function route() {
  let place = location.hash.slice(1);
  try { place = decodeURIComponent(place); } catch { /* an address that nobody made here */ }
  if (place.startsWith("agent=")) {
    showView("fleet");
    select(place.slice(6));
  } else {
    showView(views.includes(place) ? place : "fleet");
  }
}

const rowOf = (id) => document.getElementById(`agent-${id}`);

function select(id) {
  const row = rowOf(id);
  if (!row) return;
  current = panes.find((one) => one.agent === id) ?? panes.find((one) => !one.isPinned) ?? add();
  current.show(row);
  mark();
  live.watch();
}

function add() {
  const pane = new Pane($("#panes"));
  pane.onPin = pin;
  pane.onClose = close;
  pane.element.addEventListener("focusin", () => { current = pane; });
  panes.push(pane);
  return pane;
}

function pin(pane) {
  const pinned = pane.element.classList.toggle("is-pinned");
  $("[data-do=pin]", pane.element).setAttribute("aria-pressed", pinned);
  if (panes.filter((one) => one.isPinned).length >= MOST_PANES) close(panes[0]);
  mark();
}

function close(pane) {
  const row = rowOf(pane.agent);
  panes.splice(panes.indexOf(pane), 1);
  pane.element.remove();
  if (location.hash.startsWith("#agent=")) history.replaceState(null, "", "#fleet");
  mark();
  live.watch();
  $(".agent-link", row ?? document)?.focus();
}

function mark() {
  tab.set("panes", panes.map((pane) => [pane.agent, pane.isPinned]));
  $("#no-pane").hidden = panes.length > 0;
  document.body.classList.toggle("is-reading", panes.length > 0);
  const shown = new Set(panes.map((pane) => pane.agent));
  for (const row of $$(".agent[data-agent]")) {
    const isShown = shown.has(row.dataset.agent);
    row.classList.toggle("is-open", isShown);
    const link = $(".agent-link", row);
    if (isShown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function filterAgents() {
  const words = $("#agent-search").value.toLowerCase();
  if (!$$("[data-only]").some((button) => button.dataset.only === only)) only = "";
  const rows = $$(".agent[data-agent]");
  for (const row of rows) {
    row.hidden = (only && row.dataset.state !== only) || (words && !row.textContent.toLowerCase().includes(words));
  }
  $("#no-match").hidden = !rows.length || rows.some((row) => !row.hidden);
  for (const button of $$("[data-only]")) button.setAttribute("aria-pressed", button.dataset.only === only);
}

function badges() {
  const waiting = Number($("#approvals").dataset.count);
  const fleet = $("#badge-fleet");
  fleet.textContent = waiting || "";
  document.title = document.title.replace(/^(\(\d+\) )?/, waiting ? `(${waiting}) ` : "");
  // Lists of other views come with the first event.
  if (!("count" in $("#notices").dataset)) return;
  const newest = $("#notices > .notice")?.id ?? "";
  if ($("#view-notices").hidden && badges.notice !== undefined && newest !== badges.notice) $("#badge-notices").textContent = "●";
  if (!$("#view-notices").hidden) $("#badge-notices").textContent = "";
  badges.notice = newest;
}

// What changed that a person who hears the page should know.
let former = new Map();
function announce() {
  const now = new Map($$(".agent[data-agent]").map((row) => [row.dataset.agent, row.dataset.state]));
  for (const [agent, state] of now) {
    if (former.get(agent) !== state && ["waiting", "exited", "gone"].includes(state) && former.size) {
      const row = rowOf(agent);
      say(text("now_waiting", { branch: row.dataset.branch, state: $(".state", row).textContent }));
    }
  }
  former = now;
}

function changed() {
  filterAgents();
  journalChanged();
  badges();
  announce();
  for (const pane of panes) {
    const row = rowOf(pane.agent);
    if (row) pane.show(row);
    else pane.leave();
  }
  mark();
}

const live = new Live(() => panes.map((pane) => pane.agent), {
  pane: (news) => { for (const pane of panes) if (pane.agent === news.agent) pane.update(news); },
  parts: ({ parts }) => {
    const questions = new Set($$(".approval").map((card) => card.id));
    const within = document.activeElement?.closest("#approvals");
    const lost = apply(parts);
    if (lost) (within ? $(".approval") ?? $(".agent-link") : $(".agent-link[aria-current]"))?.focus();
    const fresh = $$(".approval").find((card) => !questions.has(card.id));
    if (fresh) say(text("new_question", { question: $("h3", fresh).textContent }));
    changed();
    document.documentElement.dataset.updated = performance.now().toFixed(1);
  },
});

function move(step) {
  const links = $$(".agent:not([hidden]) .agent-link");
  if (!links.length) return;
  const at = links.indexOf(document.activeElement.closest?.(".agent")?.querySelector(".agent-link"));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

// Answers the question in focus. From an agent's row or pane the first press goes to its own question, so that it is read.
function onQuestion(answerIt) {
  const place = document.activeElement.closest?.(".approval, .agent[data-agent], .pane");
  if (!place) return nextQuestion();
  const card = place.matches(".approval") ? place : $$(".approval").find((one) => one.dataset.agent === place.dataset.agent);
  if (!card) return toast(text("asks_nothing"));
  const form = $("form.answer", card);
  if (card !== place) card.focus();
  else if (form) answerIt(form);
}

function nextQuestion() {
  go("fleet");
  const cards = $$(".approval");
  if (!cards.length) return;
  cards[(cards.indexOf(document.activeElement.closest?.(".approval")) + 1) % cards.length].focus();
}

const keys = {
  j: () => move(1), k: () => move(-1), ArrowDown: (event) => inList(event) && move(1), ArrowUp: (event) => inList(event) && move(-1),
  n: nextQuestion,
  a: () => onQuestion((form) => answer(form, "approve")),
  r: () => onQuestion(beginReject),
  "/": () => { go("fleet"); $("#agent-search").focus(); },
  i: () => { go("fleet"); currentPane()?.area.focus(); },
  f: () => currentPane()?.screen.setFollow(!currentPane().screen.follows),
  p: () => panes.length && pin(currentPane()),
  "?": () => $("#help").showModal(),
  Escape: () => panes.length && !$("#view-fleet").hidden && close(currentPane()),
};
views.forEach((view, index) => { keys[index + 1] = () => { location.hash = view; }; });

function inList(event) {
  return event.target.closest?.(".agents") && (event.preventDefault(), true);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("#help").open) return;
  const box = event.target.closest?.("input, textarea, select");
  if (box) {
    if (event.key === "Escape" && !box.closest("form.answer")) box.blur();
    return;
  }
  const handle = keys[event.key];
  if (!handle) return;
  if (!event.key.startsWith("Arrow")) event.preventDefault();
  handle(event);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-question]")) return nextQuestion();
  const filter = event.target.closest("[data-only]");
  if (filter) {
    only = only === filter.dataset.only ? "" : filter.dataset.only;
    filterAgents();
    return;
  }
  // A click on the row is one on its link, unless text is being marked.
  const row = event.target.closest(".agent[data-agent]");
  if (row && !event.target.closest("a, button, input") && !String(getSelection())) $(".agent-link", row).click();
});

$("#agent-search").addEventListener("input", filterAgents);
$("#help-open").addEventListener("click", () => $("#help").showModal());
addEventListener("hashchange", route);
languageButtons();
writeTimes();
// What a reload of this tab would take away.
for (const [agent, isPinned] of tab.get("panes", [])) {
  if (rowOf(agent)) {
    current = add();
    current.show(rowOf(agent));
    if (isPinned) pin(current);
  }
}
route();
changed();
live.watch();
