// Keeps an open page current: receives the stream of changes and reloads the changing part of the page (#live) at most every two seconds.

const MIN_REFRESH_MS = 2000;
const MAX_AGE_MS = 60000;          // the page is reloaded at least this often, because remaining times change without an event
const body = document.body;
const stateLabel = document.getElementById("stream-state");
let source, isOutdated = false, lastRefresh = Date.now(), timer;

function showState(state) {
  if (!stateLabel || stateLabel.dataset.state === state) return;
  stateLabel.dataset.state = state;
  stateLabel.textContent = stateLabel.dataset[state];
}

function refresh() {
  clearTimeout(timer);
  timer = undefined;
  if (document.hidden) { isOutdated = true; return; }
  isOutdated = false;
  lastRefresh = Date.now();
  body.dispatchEvent(new CustomEvent("fengqiao:changed"));
}

function scheduleRefresh() {
  if (timer === undefined) timer = setTimeout(refresh, Math.max(0, lastRefresh + MIN_REFRESH_MS - Date.now()));
}

function onChange(event) {
  showState("live");
  const change = JSON.parse(event.data);
  const code = body.dataset.only;
  if (document.querySelector("#live[data-reload]")) location.reload();
  else if (!code || change.more > 0 || change.codes.includes(code)) scheduleRefresh();
}

function connect() {
  if (!body.dataset.stream || !window.EventSource) return;
  showState("connecting");
  source = new EventSource(body.dataset.stream);
  source.addEventListener("live", () => { if (stateLabel?.dataset.state === "unavailable") scheduleRefresh(); showState("live"); });
  source.addEventListener("unavailable", () => showState("unavailable"));
  source.addEventListener("change", onChange);
  source.addEventListener("reload", () => location.reload());
  source.onerror = () => {
    showState("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 10000);   // the server has too many streams open, so wait before the next attempt
  };
}

// After a reload of #live, copy its time to "Data as of" in the page header.
body.addEventListener("htmx:afterSwap", () => {
  const asOf = document.getElementById("live")?.dataset.asOf;
  const shown = document.querySelector("#as-of b");
  if (asOf && shown) shown.textContent = asOf;
});
// Expanded tables stay expanded when #live is reloaded.
let expanded = [];
body.addEventListener("htmx:beforeSwap", () => {
  expanded = [...document.querySelectorAll("#live details[open][id]")].map((table) => table.id);
});
body.addEventListener("htmx:afterSwap", () => expanded.forEach((id) => document.getElementById(id)?.setAttribute("open", "")));

document.addEventListener("visibilitychange", () => { if (!document.hidden && isOutdated) refresh(); });
setInterval(() => { if (Date.now() - lastRefresh >= MAX_AGE_MS) refresh(); }, MAX_AGE_MS / 4);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.addEventListener("change", (event) => { if (event.target.matches("select[data-submit]")) event.target.form.submit(); });
connect();
