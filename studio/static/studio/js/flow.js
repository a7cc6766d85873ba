// The canvas by pointer, and left and right between branches. Everything here fills in and sends the
// forms of the page; without this file the buttons on each step do the same.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
let dragged = null;

function send(values) {
  const form = $("#designer-move");
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.requestSubmit();
}

const fits = (node) => dragged && (dragged.kind || (node.dataset.group && node.dataset.group === dragged.group && node.dataset.step !== dragged.step));

function half(node, event) {
  const box = node.getBoundingClientRect();
  const across = node.dataset.group === "branches";
  return (across ? event.clientX < box.left + box.width / 2 : event.clientY < box.top + box.height / 2) ? "before" : "after";
}

function clear() {
  $$("[data-drop]").forEach((node) => delete node.dataset.drop);
}

document.addEventListener("dragstart", (event) => {
  const item = event.target.closest?.("[data-palette]");
  const node = event.target.closest?.(".node[data-group]");
  if (!item && !node) return;
  dragged = item ? { kind: item.dataset.palette } : { step: node.dataset.step, group: node.dataset.group };
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.kind ?? dragged.step);
});
document.addEventListener("dragover", (event) => {
  const node = event.target.closest?.(".node");
  clear();
  if (!node || !fits(node)) return;
  event.preventDefault();
  node.dataset.drop = dragged.kind ? "after" : half(node, event);
});
document.addEventListener("drop", (event) => {
  const node = event.target.closest?.(".node");
  if (!node || !fits(node)) return;
  event.preventDefault();
  if (dragged.kind) return send({ do: "add", kind: dragged.kind, after: node.dataset.step, step: "", before: "" });
  const group = $$(`.node[data-group="${dragged.group}"]`).filter((one) => one.dataset.step !== dragged.step);
  const next = half(node, event) === "before" ? node : group[group.indexOf(node) + 1];
  send({ do: "move", step: dragged.step, before: next ? next.dataset.step : "end", kind: "", after: "" });
});
document.addEventListener("dragend", () => { dragged = null; clear(); });

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const lanes = event.target.closest?.(".node")?.closest(".lanes");
  if (!lanes) return;
  const nodes = $$(".node", lanes);
  const next = nodes[nodes.indexOf(event.target.closest(".node")) + (event.key === "ArrowRight" ? 1 : -1)];
  if (next) { event.preventDefault(); next.focus(); }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// The panel was swapped: mark the step it belongs to, and lead the reader into it.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "panel") return;
  const link = event.detail.requestConfig?.elt?.closest?.(".node");
  if (!link) return;
  $$(".node-open").forEach((node) => { node.classList.remove("node-open"); $(".node-link", node).removeAttribute("aria-current"); });
  link.classList.add("node-open");
  $(".node-link", link).setAttribute("aria-current", "step");
  $$(".palette-list [name=after], .designer-tools [name=back], .palette-list [name=back]").forEach((field) => { field.value = link.dataset.step; });
  $("#panel")?.focus();
});
