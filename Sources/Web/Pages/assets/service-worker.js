// Keeps the shell (styles, modules, icon), never what a fleet says: without a link a page opens that waits for it.
const SHELL = "shell-2";
const WAITING = "/assets/offline.html";
const FIRST = [WAITING, "/assets/offline.js", "/assets/page.css", "/assets/icon.svg"];

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FIRST)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

const kept = (request) => caches.match(request).then((response) => response ?? Response.error());

// The network first, so that a new version is seen at once; what was kept only when there is no link.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => kept(WAITING)));
    return;
  }
  if (!new URL(request.url).pathname.startsWith("/assets/")) return;
  event.respondWith(
    fetch(request).then((response) => {
      if (response.ok) {
        const copy = response.clone();
        event.waitUntil(caches.open(SHELL).then((cache) => cache.put(request, copy)));
      }
      return response;
    }).catch(() => kept(request)),
  );
});
