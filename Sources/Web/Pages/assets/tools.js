// What every page needs: texts, times, requests and messages.
const texts = document.getElementById("texts")?.dataset ?? {};

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const mayChange = document.body.dataset.change === "true";
export const language = document.documentElement.lang;

export function text(key, values = {}) {
  let sentence = texts[key.replace(/_(.)/g, (_, letter) => letter.toUpperCase())] ?? key;
  for (const [name, value] of Object.entries(values)) sentence = sentence.replaceAll(`{${name}}`, value);
  return sentence;
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

export const clockTime = (date) => clock.format(date);

function brief(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`;
  return `${Math.floor(seconds / 86400)}d`;
}

export function writeTime(element) {
  const date = new Date(element.dateTime);
  if (Number.isNaN(date.getTime())) return;
  const age = (Date.now() - date.getTime()) / 1000;
  const form = element.dataset.time;
  let shown;
  if (form === "age") shown = age < 5 ? text("just_now") : brief(age);
  else if (form === "until") shown = age < 0 ? brief(-age) : "0s";
  else shown = age < 64800 ? clock.format(date) : day.format(date);
  if (element.textContent !== shown) element.textContent = shown;
  if (!element.title) element.title = date.toLocaleString(language);
}

export function writeTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-time]")) writeTime(element);
}

let number = 0;
export const freshID = () =>
  `w-${Date.now().toString(36)}-${(number++).toString(36)}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

// One answer for every outcome: `status` 0 means that the link is down, or that nothing was said for `limit` milliseconds.
export async function request(path, options = {}, limit = 20000) {
  try {
    const response = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(limit), ...options });
    let value = {};
    try { value = await response.json(); } catch { /* an answer without a body */ }
    const error = value.error;
    return { ok: response.ok, status: response.status, value, why: error ? [error.message, error.hint].filter(Boolean).join(". ") : response.statusText };
  } catch (error) {
    return { ok: false, status: 0, value: {}, why: String(error.message ?? error) };
  }
}

export const post = (path, body, limit) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }, limit);

export function refusal(answer) {
  if (answer.status === 401) return text("log_in_first");
  if (answer.status === 409) return answer.why || text("conflict");
  return text("refused", { why: answer.why || answer.status });
}

export function toast(message, kind = "") {
  const box = document.getElementById("toasts");
  if (!box) return;
  const line = document.createElement("p");
  line.className = `toast ${kind}`;
  line.textContent = message;
  box.append(line);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => line.remove(), kind === "bad" ? 12000 : 5000);
}

// For those who hear the page: one sentence at a time.
export function say(sentence) {
  const said = document.getElementById("said");
  if (said) said.textContent = sentence;
}

export function languageButtons() {
  for (const button of $$("[data-language]")) {
    button.addEventListener("click", () => {
      document.cookie = `language=${button.dataset.language}; path=/; max-age=31536000; samesite=strict`;
      location.reload();
    });
  }
}

// The token that stands behind the `#`, which browsers send to nobody; the address forgets it.
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

export async function logInByAddress() {
  const token = takeToken();
  if (!token) return;
  const result = await post("/login", { token });
  if (result.ok) location.reload();
  else toast(result.status === 401 ? text("login_wrong") : refusal(result), "bad");
}

// An address with a token may also be opened in a tab that shows the page already.
addEventListener("hashchange", () => { if (document.body.dataset.change) logInByAddress(); });

// What a reload of this tab leaves as it is.
export const tab = {
  get(key, standard) {
    try { return JSON.parse(sessionStorage.getItem(key)) ?? standard; } catch { return standard; }
  },
  set(key, value) {
    try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden: then a reload forgets */ }
  },
};

export function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 200)}px`;
}

setInterval(() => writeTimes(), 1000 * 5);
