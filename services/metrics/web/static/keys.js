// Keyboard shortcuts: j and k move the focus through the rows, Enter opens the focused row, / focuses the code search, ? shows the help. Shortcuts are off in input fields.

const rowLinks = () => [...document.querySelectorAll("[data-row] a")];

function moveFocus(step) {
  const links = rowLinks();
  const current = links.indexOf(document.activeElement);
  const next = links[current < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(current + step, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function focusSearch() {
  const field = document.getElementById("q");
  if (field) { field.focus(); field.select(); }
  else location.href = document.querySelector('nav a[href^="/disputes"]').href + "#q";
}

const SHORTCUTS = { j: () => moveFocus(1), k: () => moveFocus(-1), "/": focusSearch, "?": () => document.getElementById("help").showModal() };

document.addEventListener("keydown", (event) => {
  // Shortcuts are ignored in fields and in an open dialog. In a closed dialog they are not: its button keeps the focus for a moment after closing.
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, dialog[open] *")) return;
  const action = SHORTCUTS[event.key];
  if (action) { event.preventDefault(); action(); }
});
if (location.hash === "#q") document.getElementById("q")?.focus();
