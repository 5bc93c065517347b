// Brings an element to a new state by changing only what differs: focus, selection, scroll, typed text and open details
// stay where they are.
import { writeTime } from "./tools.js";

// What belongs to the person, not to the server.
const OWN = new Set(["aria-current", "aria-pressed", "aria-expanded", "open", "hidden", "style"]);

function attributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes]) {
    if (OWN.has(name) && old.hasAttribute(name)) continue;
    if (name === "class") {
      const own = [...old.classList].filter((word) => word.startsWith("is-"));
      const next = [value, ...own].join(" ");
      if (old.getAttribute("class") !== next) old.setAttribute("class", next);
    } else if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OWN.has(name)) old.removeAttribute(name);
  }
}

const isSame = (old, fresh) =>
  old.nodeType === fresh.nodeType && (old.nodeType !== 1 || (old.localName === fresh.localName && old.id === fresh.id));

function children(old, fresh) {
  const kept = new Map();
  for (const child of old.children) if (child.id) kept.set(child.id, child);
  let place = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    let found = next.nodeType === 1 && next.id ? kept.get(next.id) : null;
    if (!found && place && isSame(place, next) && !(place.nodeType === 1 && place.id)) found = place;
    if (found) {
      if (found === place) place = place.nextSibling;
      else old.insertBefore(found, place);
      morph(found, next);
    } else {
      old.insertBefore(document.importNode(next, true), place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function morph(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // An empty element stands for a row that has a fragment of its own.
  if (fresh.hasAttribute("data-part")) return;
  if (old.localName !== fresh.localName) return old.replaceWith(document.importNode(fresh, true));
  if (old.localName === "time" && old.getAttribute("datetime") === fresh.getAttribute("datetime")) return;
  attributes(old, fresh);
  children(old, fresh);
  if (old.localName === "time") { old.title = ""; writeTime(old); }
}

// Applies fragments by the id of their element; lists come before their rows.
export function apply(parts) {
  const names = Object.keys(parts).sort((a, b) => a.includes("-") - b.includes("-"));
  const focused = document.activeElement;
  const parser = document.createElement("template");
  for (const name of names) {
    const old = document.getElementById(name);
    if (!old) continue;
    parser.innerHTML = parts[name];
    const fresh = parser.content.firstElementChild;
    if (!fresh || fresh.id !== name) continue;
    if (old.hasAttribute("data-part")) old.replaceWith(fresh);
    else morph(old, fresh);
  }
  return focused && focused !== document.body && !focused.isConnected;
}
