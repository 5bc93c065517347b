// The journal: the newest rows stand in the page; older ones, and those that fit a filter, the server looks for.
import { $, refusal, request, tab, text, writeTime } from "./tools.js";

const PAGE = 100;
const view = $("#view-journal");
const form = $("#journal-filters");
const { text: words, branch, kind } = form.elements;
const found = $("#journal-found");
const older = $("#journal-older");
// Whether rows of the server's search are shown, and where they go on.
let isSearch = false;
let next = null;
let newest;
let question = 0;
let timer;

const isFiltered = () => Boolean(words.value || branch.value || kind.value);

function line(entry) {
  const row = $("#entry-template").content.firstElementChild.cloneNode(true);
  row.classList.add(`k-${entry.tone}`);
  const time = $("time", row);
  time.dateTime = entry.at;
  writeTime(time);
  $(".kind", row).textContent = [...kind.options].find((one) => one.value === entry.group)?.textContent ?? entry.group;
  $(".entry-branch bdi", row).textContent = entry.branch ?? "";
  $(".entry-text bdi", row).textContent = entry.text;
  return row;
}

async function ask(before) {
  const mine = ++question;
  const query = new URLSearchParams({ text: words.value, branch: branch.value, kind: kind.value, limit: PAGE });
  if (before) query.set("before", before);
  const answer = await request(`/api/journal?${query}`);
  // A later question has been asked meanwhile.
  if (mine !== question) return;
  const output = $("#journal-count");
  if (!answer.ok) {
    output.textContent = refusal(answer);
    return;
  }
  if (!before) found.replaceChildren();
  found.append(...answer.value.entries.map(line));
  next = answer.value.next;
  view.classList.add("is-search");
  older.hidden = !next;
  output.textContent = text(next ? "rows_found_more" : "rows_found", { count: found.childElementCount });
}

function search() {
  tab.set("journal", [words.value, branch.value, kind.value]);
  isSearch = isFiltered();
  if (isSearch) return ask();
  question += 1;
  found.replaceChildren();
  view.classList.remove("is-search");
  $("#journal-count").textContent = "";
  show();
}

function show() {
  older.hidden = isSearch ? !next : !("more" in $("#journal").dataset);
}

// The page has taken news: what fits may be among them, unless somebody reads further back.
export function journalChanged() {
  const first = $("#journal > .entry")?.id;
  if (first === newest) return;
  newest = first;
  if (!isSearch) show();
  else if (isFiltered() && found.childElementCount <= PAGE) ask();
}

older.addEventListener("click", () => {
  const goesOn = isSearch;
  isSearch = true;
  ask(goesOn ? next : undefined).then(() => goesOn || !next || ask(next));
});
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, 200);
});
form.addEventListener("reset", () => setTimeout(search));
form.addEventListener("submit", (event) => event.preventDefault());
[words.value, branch.value, kind.value] = tab.get("journal", ["", "", ""]);
search();
