// Keyboard, focus, toasts and theme. Everything here only presses buttons that are on the page:
// without this file each of them still works as a link or a form.
//
//   data-rows            a list whose rows are walked with j/k or the arrows
//   data-row             one row (give it an id that survives a swap)
//   data-key="Enter"     this control is pressed by that key: first in the row, then on the page
//   data-key-label       what the help dialog says (otherwise the control's own words)
//   data-tick            the row's checkbox (x, Shift+arrow)
//   data-advance         pressing this control finishes the row: the next one gets the focus at once
//   data-detail          where a row's explanation or question is shown; Escape folds it
//   data-folds           pressing this control again folds what it opened there
//   data-asks            in swapped content: the row asks back, so it has the focus again
//   data-find            the search box (/)
//   data-open="id"       opens a dialog;  data-dismiss closes a toast
//   data-announce="…"    on swapped content: said to screen readers
//   data-more="start end"  set here on what scrolls sideways: where more of it is

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const visible = (element) => element.getClientRects().length > 0;
const rows = () => $$("[data-rows] [data-row]").filter(visible);
const current = () => document.activeElement?.closest?.("[data-row]") ?? $("[data-row][data-current]");
const typing = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

export function announce(text) {
  const live = $("#live");
  if (live && text) live.textContent = text;
}

export function toast(text, tone = "info") {
  const box = document.createElement("div");
  box.className = `toast toast-${tone}`;
  box.dataset.toast = "";
  const words = box.appendChild(document.createElement("p"));
  words.textContent = text;
  $("#toasts")?.append(box);
  age(box);
  fewer();
}

function age(box) {
  // What can be undone stays until something else was done (a refusal does nothing): then its Undo would no longer be
  // the last one.
  if (!box.matches(".toast-error, .toast-warning")) $$("[data-toast][data-keep]").forEach((old) => old !== box && old.remove());
  if (!box.hasAttribute("data-keep")) setTimeout(() => box.matches(":hover, :focus-within") || box.remove(), 8000);
}

// At most so many at once; the oldest goes, but never what can still be undone before what cannot.
const MOST_TOASTS = 3;
function fewer() {
  const all = $$("[data-toast]");
  const going = [...all.filter((box) => !box.hasAttribute("data-keep")), ...all.filter((box) => box.hasAttribute("data-keep"))];
  going.filter((box) => box !== all.at(-1)).slice(0, Math.max(0, all.length - MOST_TOASTS)).forEach((box) => box.remove());
}

function mark(row) {
  $$("[data-row][data-current]").forEach((old) => { delete old.dataset.current; old.tabIndex = -1; });
  row.dataset.current = "";
  row.tabIndex = 0;
}

function focusRow(row, scrolls = true) {
  if (!row) return;
  mark(row);
  row.focus({ preventScroll: true });
  if (scrolls) row.scrollIntoView({ block: "nearest" });
}

// The row that a key means may be below the screen, since a page opens at its top, or was scrolled away.
// Nothing is decided about a record that is not seen: the first key shows it.
function onlyShows(row) {
  const { top, bottom } = row.getBoundingClientRect();
  const end = $(".keys")?.getBoundingClientRect().top || innerHeight;
  if (bottom > 0 && top < end) return false;
  focusRow(row);
  return true;
}

function step(by, extend) {
  const all = rows();
  if (!all.length) return;
  const here = all.indexOf(current());
  if (here >= 0 && onlyShows(all[here])) return;
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + by, 0), all.length - 1)];
  if (extend) [all[here], next].forEach((row) => tick(row, true));
  focusRow(next);
}

function tick(row, on) {
  const box = row && $("[data-tick]", row);
  if (!box) return;
  if (on === undefined || box.checked !== on) box.click();
}

// The name of a key as pages write it: "Enter", "Ctrl+Enter", "?", "j".
function nameOf(event) {
  const name = event.key.length === 1 && /[a-z]/i.test(event.key) ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + name;
}

const control = (key, root) => $$("[data-key]", root).find(
  (found) => found.dataset.key.split(" ").includes(key) && !found.disabled && visible(found) && (root !== document || !found.closest("[data-row]")));

// Escape folds the innermost thing that was opened; its summary has the focus again.
function fold(inside) {
  const box = inside.closest?.("details[open]");
  if (!box) return false;
  box.open = false;
  $("summary", box).focus();
  return true;
}

// What a row tells or asks goes, and the row has the focus again. What was typed into it stays for a second Escape.
function foldDetail(row, written) {
  const box = row && $("[data-detail]", row);
  if (!box) return false;
  const opened = box.childElementCount > 0;
  if (!opened && !written) return false;
  if (opened && !(written && box.contains(written) && written.value !== written.defaultValue)) box.replaceChildren();
  focusRow(row);
  return true;
}

const MOVES = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

function onKey(event) {
  const key = nameOf(event);
  if (event.key === "Escape" && !$("dialog[open]") && fold(event.target)) return;
  if (event.key === "Escape" && !$("dialog[open]") && foldDetail(event.target.closest?.("[data-row]"), typing(event.target))) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (event.defaultPrevented || typing(event.target) || $("dialog[open]")) return;
  const row = current();
  if (key in MOVES && $("[data-rows]")) { event.preventDefault(); return step(MOVES[key], event.shiftKey); }
  if (key === "/" && $("[data-find]")) { event.preventDefault(); return $("[data-find]").focus(); }
  if (key === "x" && row) { event.preventDefault(); return onlyShows(row) || tick(row); }
  // Enter on a focused link or button means that link or button.
  if ((key === "Enter" || key === " ") && event.target.closest?.("a, button, summary, [role=button]")) return;
  // A toast's Undo stands for the very last thing done, decision or not: it goes before the page's own.
  const said = $("#toasts");
  const own = row && control(key, row);
  if (own && onlyShows(row)) return event.preventDefault();
  const found = own || (said && control(key, said)) || control(key, document);
  if (found) { event.preventDefault(); found.click(); return; }
  if (key === "?") { event.preventDefault(); openHelp(); }
}

function openHelp() {
  const list = $("[data-keys-list]");
  const known = new Map();
  if ($("[data-rows]")) {
    known.set("↓ / j", "Next row"); known.set("↑ / k", "Previous row");
    if ($("[data-tick]")) { known.set("x", "Tick the row"); known.set("Shift+↓", "Extend the ticks"); }
    if ($("[data-detail]")) known.set("Esc", "Fold what was opened");
  }
  if ($("[data-find]")) known.set("/", "Find");
  // Rows differ in what they offer; of every key the first control tells what it does.
  for (const found of $$("[data-key]").filter((e) => visible(e) && !e.disabled)) {
    const label = found.dataset.keyLabel || found.getAttribute("aria-label") || found.textContent.trim().replace(/\s+/g, " ");
    if (!known.has(found.dataset.key)) known.set(found.dataset.key, label);
  }
  list.replaceChildren(...[...known].flatMap(([key, text]) => {
    const term = document.createElement("dt");
    term.append(...key.split(" / ").flatMap((k, i) => {
      const cap = document.createElement("kbd");
      cap.textContent = k;
      return i ? [" ", cap] : [cap];
    }));
    const words = document.createElement("dd");
    words.textContent = text;
    return [term, words];
  }));
  $("#keys-help").showModal();
}

// What scrolls must be reachable by keyboard, also when nothing inside it is; and it says on which side more is.
const SCROLLERS = ".table-wrap, .scroll, pre";
function reachScrollers() {
  for (const box of $$(SCROLLERS)) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    tellMore(box);
  }
}

function tellMore(box) {
  const hidden = box.scrollWidth - box.clientWidth;
  // From right to left the place is counted below zero.
  const gone = Math.abs(box.scrollLeft);
  const sides = [gone > 1 && "start", hidden - gone > 1 && "end"].filter(Boolean).join(" ");
  if (sides) box.dataset.more = sides;
  else delete box.dataset.more;
}

document.addEventListener("keydown", onKey);
addEventListener("resize", reachScrollers);
document.addEventListener("scroll", (event) => event.target.matches?.(SCROLLERS) && tellMore(event.target), true);
// A press takes the focus before its click: a row that grew or shrank then would move what is clicked away.
let pressed = false;
function follow() {
  const row = document.activeElement?.closest?.("[data-row]");
  if (!pressed && row && !("current" in row.dataset)) mark(row);
}
document.addEventListener("pointerdown", () => { pressed = true; }, true);
["pointerup", "pointercancel"].forEach((end) => document.addEventListener(end, () => setTimeout(() => { pressed = false; follow(); }), true));
document.addEventListener("focusin", follow);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-tick]")) event.target.closest("[data-row]")?.classList.toggle("ticked", event.target.checked);
});
document.addEventListener("click", (event) => {
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) return dismiss.closest("[data-toast]").remove();
  const opener = event.target.closest("[data-open]");
  if (!opener) return;
  if (opener.dataset.open === "keys-help") return openHelp();
  document.getElementById(opener.dataset.open)?.showModal();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  document.cookie = `theme=${chosen}; path=/; max-age=31536000; samesite=lax`;
  document.documentElement.dataset.theme = chosen;
  $$("button", event.target).forEach((b) => b.setAttribute("aria-pressed", String(b === event.submitter)));
});

// htmx: move on at once, come back if the server says no.
let wanted = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-folds]") && foldDetail(event.target.closest("[data-row]"))) return event.preventDefault();
  document.body.classList.add("busy");
  const row = event.target.closest?.("[data-row]");
  // Only what writes finishes a row: to read about it (Explain) is to stay on it.
  if (event.detail.requestConfig.verb === "get") return;
  if (!row || !event.target.closest("[data-advance]")) return;
  const all = rows();
  const at = all.indexOf(row);
  const next = all[at + 1] ?? all[at - 1];
  wanted = next?.id ?? "";
  focusRow(next);
});
// A form that only brings pieces for other places may have been replaced meanwhile (by a search, by prices that
// arrived). The pieces belong to the page all the same; htmx would look for their places in what was taken away.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, serverResponse, shouldSwap } = event.detail;
  const { elt } = requestConfig;
  if (!shouldSwap || elt.isConnected || elt.getAttribute("hx-swap") !== "none") return;
  event.detail.shouldSwap = false;
  htmx.swap(document.body, serverResponse, { swapStyle: "none" });
});
document.addEventListener("htmx:afterRequest", () => document.body.classList.remove("busy"));
document.addEventListener("htmx:afterSettle", (event) => {
  $$("[data-toast]").forEach((box) => { if (!box.dataset.aged) { box.dataset.aged = "1"; age(box); } });
  fewer();
  reachScrollers();
  announce(event.target.dataset?.announce ?? $("[data-announce]", event.target)?.dataset.announce);
  // A swap may have taken the focused row away; the one after the row that was settled is meant.
  const meant = wanted && document.getElementById(wanted);
  // The row is not finished: it asks something back.
  const asks = $("[data-asks]", event.target)?.closest("[data-row]");
  if (asks) focusRow(asks);
  if (document.activeElement === document.body && $("[data-rows]")) focusRow(meant || ($("[data-row][data-current]") ?? rows()[0]));
  wanted = "";
  // What a key has just moved stays before who moved it; htmx gives it the focus back without a look.
  const own = event.detail.requestConfig?.elt?.closest?.("[data-row]")?.id;
  if (own && document.activeElement.id === own) document.activeElement.scrollIntoView({ block: "nearest" });
});
const failed = (words) => (event) => {
  toast(words(event), "error");
  const row = event.target.closest?.("[data-row]");
  if (row?.isConnected) focusRow(row);
};
document.addEventListener("htmx:responseError", failed((event) => {
  const { status, responseText } = event.detail.xhr;
  return /^[^<]{1,300}$/.test(responseText) ? responseText : `The server answered ${status}. Nothing was changed.`;
}));
document.addEventListener("htmx:sendError", failed(() => "The server cannot be reached. Nothing was changed."));
document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail));

$$("[data-toast]").forEach((box) => { box.dataset.aged = "1"; age(box); });
fewer();
reachScrollers();
rows().forEach((row, index) => { row.tabIndex = index ? -1 : 0; });
if ($("[data-rows][data-autofocus]")) focusRow(rows()[0], false);
