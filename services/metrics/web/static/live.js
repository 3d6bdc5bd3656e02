// Keeps the page up to date: one event stream a page, and a reload of the part that changes, at most every two seconds.

const QUIET_MS = 2000;
const MINUTE_MS = 60000;           // times that are left move without an event
const body = document.body;
const label = document.getElementById("stream-state");
let source, changed = false, lastRefresh = Date.now(), timer;

function show(state) {
  if (!label || label.dataset.state === state) return;
  label.dataset.state = state;
  label.textContent = label.dataset[state];
}

function refresh() {
  clearTimeout(timer);
  timer = undefined;
  if (document.hidden) { changed = true; return; }
  changed = false;
  lastRefresh = Date.now();
  body.dispatchEvent(new CustomEvent("fengqiao:changed"));
}

function soon() {
  if (timer === undefined) timer = setTimeout(refresh, Math.max(0, lastRefresh + QUIET_MS - Date.now()));
}

function hear(event) {
  show("live");
  const told = JSON.parse(event.data);
  const only = body.dataset.only;
  if (document.querySelector("#live[data-reload]")) location.reload();
  else if (!only || told.more > 0 || told.codes.includes(only)) soon();
}

function listen() {
  if (!body.dataset.stream || !window.EventSource) return;
  show("connecting");
  source = new EventSource(body.dataset.stream);
  source.addEventListener("live", () => { if (label?.dataset.state === "away") soon(); show("live"); });
  source.addEventListener("away", () => show("away"));
  source.addEventListener("change", hear);
  source.addEventListener("reload", () => location.reload());
  source.onerror = () => {
    show("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 10000);   // a full house: ask again later
  };
}

// The header's "as of" follows the part that was read anew.
body.addEventListener("htmx:afterSwap", () => {
  const read = document.getElementById("live")?.dataset.asOf;
  const shown = document.querySelector("#as-of b");
  if (read && shown) shown.textContent = read;
});
// Open tables stay open, and a place in a long table is kept, when the part around them is read anew.
let kept = [];
body.addEventListener("htmx:beforeSwap", () => {
  kept = [...document.querySelectorAll("#live details[open][id]")].map((table) => table.id);
});
body.addEventListener("htmx:afterSwap", () => kept.forEach((id) => document.getElementById(id)?.setAttribute("open", "")));

document.addEventListener("visibilitychange", () => { if (!document.hidden && changed) refresh(); });
setInterval(() => { if (Date.now() - lastRefresh >= MINUTE_MS) refresh(); }, MINUTE_MS / 4);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.addEventListener("change", (event) => { if (event.target.matches("select[data-submit]")) event.target.form.submit(); });
listen();
