// j and k walk the rows, Enter opens one (it is a link), / finds a code, ? helps. Nothing happens while somebody types.

const rows = () => [...document.querySelectorAll("[data-row] a")];

function walk(step) {
  const links = rows();
  const now = links.indexOf(document.activeElement);
  const next = links[now < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + step, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function search() {
  const field = document.getElementById("q");
  if (field) { field.focus(); field.select(); }
  else location.href = document.querySelector('nav a[href^="/disputes"]').href + "#q";
}

const KEYS = { j: () => walk(1), k: () => walk(-1), "/": search, "?": () => document.getElementById("help").showModal() };

document.addEventListener("keydown", (event) => {
  // For a moment after the help is closed, its button still has the focus: only the button of an open dialog keeps the keys for itself.
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, dialog[open] *")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
if (location.hash === "#q") document.getElementById("q")?.focus();
