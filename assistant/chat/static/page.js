// The page's own behaviour: views, markers and their sources, copying, formulas, and clicks that become events of
// Python (window.underhood, made by page.py). It writes no HTML but what KaTeX makes of a formula.

const KEY = "underhood-conversation";
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const box = () => one("#question textarea, #question input");
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const see = (element, block) => element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
const busy = () => Boolean(one(".turn.writing"));
const say = (text) => { const line = one("#status [role=status]"); if (line) line.textContent = text; };

// What the tab remembers

const kept = () => {
  try { return JSON.parse(sessionStorage.getItem(KEY))?.turns ?? []; } catch { return []; }
};
window.underhoodKeep = (conversation) => {
  if (!conversation?.turns) return; // not from Python yet
  try { sessionStorage.setItem(KEY, JSON.stringify(conversation)); } catch { say("The browser has no room to keep this conversation."); }
};

// Acts that Python answers

const waiting = [];
let settled = 0; // Gradio loses an event that begins while another is being cancelled, so what follows a stop waits
const act = (name, data) => {
  const left = settled - performance.now();
  if (left > 0) setTimeout(act, left, name, data);
  else if (window.underhood) window.underhood(name, data);
  else waiting.push([name, data]);
};
addEventListener("underhood-ready", () => { for (const call of waiting.splice(0)) act(...call); });

const ask = (question) => {
  if (busy()) { say("One question at a time: wait for the answer, or stop it."); return; }
  show("ask");
  act("ask", { question });
  box()?.focus({ preventScroll: true });
};

// Views: ask, list (with its resources), concepts (with each concept)

const NAV = { ask: "ask", list: "list", resource: "list", concepts: "concepts", concept: "concepts" };
const show = (kind) => {
  document.body.dataset.view = NAV[kind] === "ask" ? "ask" : "browse";
  for (const link of all("#top nav a")) {
    if (link.dataset.open === NAV[kind]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};
const addressOf = (kind, id) => (kind === "ask" ? location.pathname : id ? `?${kind}=${encodeURIComponent(id)}` : `?view=${kind}`);
const open = (kind, id, push = true) => {
  show(kind);
  if (push) history.pushState({ kind, id }, "", addressOf(kind, id));
  if (kind === "ask") { box()?.focus({ preventScroll: true }); return; }
  toHeading = true;
  act("open", { kind, id: id || "" });
};
let toHeading = false;
const fromAddress = () => {
  const wanted = new URLSearchParams(location.search);
  for (const kind of ["resource", "concept"]) if (wanted.get(kind)) return [kind, wanted.get(kind)];
  return [NAV[wanted.get("view")] ? wanted.get("view") : "ask", ""];
};
addEventListener("popstate", () => open(...fromAddress(), false));

// Sources beside the answers

const activate = (turn) => { for (const t of all(".turn")) t.classList.toggle("active", t === turn); };
const toSource = (mark) => {
  const card = document.getElementById(mark.getAttribute("href").slice(1));
  if (!card) return;
  activate(card.closest(".turn"));
  for (const c of all(".source.lit")) c.classList.remove("lit");
  card.classList.add("lit");
  card.focus({ preventScroll: true });
  see(card, "nearest");
};
const toText = (link) => {
  const turn = link.closest(".turn");
  const mark = one(`.exchange .mark[href="#t${link.dataset.turn}-c${link.dataset.back}"]`, turn);
  if (mark) { mark.focus({ preventScroll: true }); see(mark, "center"); }
};

const toWords = (frame) => {
  const words = all(".lit", frame);
  if (!words.length) return;
  frame.scrollTop = words[0].offsetTop - frame.clientHeight / 3;
  frame.scrollLeft = Math.min(...words.map((w) => w.offsetLeft)) - 16;
};
document.addEventListener("toggle", (event) => {
  const frame = event.target.matches?.(".picture[open]") && one(".frame", event.target);
  if (!frame) return;
  const image = one("img", frame);
  if (image.complete && image.naturalWidth) toWords(frame);
  else image.addEventListener("load", () => toWords(frame), { once: true });
}, true);
document.addEventListener("error", (event) => {
  if (event.target.matches?.(".sheet img")) event.target.closest(".frame").textContent = "This page could not be drawn.";
}, true);
document.addEventListener("click", (event) => { for (const m of all(".menu[open]")) if (!m.contains(event.target)) m.open = false; });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const m of all(".menu[open]")) { m.open = false; one("summary", m).focus(); }
});

// Taking an answer away

const copy = async (text, button) => {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area); area.select(); document.execCommand("copy"); area.remove(); button.focus();
  }
  const was = button.textContent;
  button.textContent = "Copied";
  say("Copied.");
  setTimeout(() => { button.textContent = was; }, 1500);
};
const download = (name, text, type) => {
  const link = Object.assign(document.createElement("a"), { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

// Saying what is wrong, and being forgotten

const who = () => {
  let token = localStorage.getItem("underhood-who");
  if (!token) localStorage.setItem("underhood-who", token = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join(""));
  return token;
};
const unfold = (button, form, wanted = form.hidden) => {
  form.hidden = !wanted;
  button.setAttribute("aria-expanded", String(wanted));
  (wanted ? one("textarea", form) : button).focus();
};
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".report");
  if (!form) return;
  event.preventDefault();
  const { reason, sentence } = form.elements;
  act("rate", { turn: form.dataset.turn, value: "down", reason: reason.value, sentence: sentence ? sentence.value : "0", who: who() });
  form.hidden = true;
  one(`[data-report=${form.id}]`).focus();
});
const forget = (button) => {
  if (!confirm("Delete this conversation, and every remark of yours that is kept on the server?")) return;
  act("forget", { who: who() });
  localStorage.removeItem("underhood-who");
  sessionStorage.removeItem(KEY);
  button.closest("details").open = false;
  show("ask");
  box()?.focus();
};

// Clicks

const CLICKS = {
  "a.mark": (e) => toSource(e),
  "[data-back]": (e) => toText(e),
  "[data-ask]": (e) => ask(e.dataset.ask),
  "[data-open]": (e) => open(e.dataset.open, e.dataset.id),
  "[data-scope]": (e) => { act("narrow", { id: e.dataset.scope }); open("ask"); },
  "[data-act]": (e) => act(e.dataset.act, { turn: e.dataset.turn, value: e.dataset.value, who: who() }),
  "[data-report]": (e) => unfold(e, document.getElementById(e.dataset.report)),
  "[data-cancel]": (e) => unfold(one(`[data-report=${e.dataset.cancel}]`), document.getElementById(e.dataset.cancel), false),
  "[data-forget]": (e) => forget(e),
  "[data-edit]": () => { act("edit", {}); box()?.focus(); },
  "[data-new]": () => { show("ask"); history.replaceState({}, "", location.pathname); window.underhood?.("fresh", {}); box()?.focus(); },
  "[data-copy]": (e) => copy(e.dataset.copy, e),
  "[data-link]": (e) => copy(new URL(e.dataset.link, location.href.split("?")[0]).href, e),
  "[data-download=md]": (e) => download(`underhood-${e.dataset.turn}.md`, e.dataset.text, "text/markdown"),
  "[data-download=json]": (e) => download(`underhood-${e.dataset.turn}.json`, JSON.stringify(kept()[e.dataset.turn - 1]?.answer ?? null, null, 2), "application/json"),
  "[data-theme-switch]": () => { const dark = document.body.classList.toggle("dark"); localStorage.setItem("underhood-dark", dark ? "1" : "0"); },
  ".skip": () => box()?.focus(),
};
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#stop, [data-new]")) settled = busy() ? performance.now() + 800 : 0;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  for (const [selector, run] of Object.entries(CLICKS)) {
    const element = event.target.closest?.(selector);
    if (element) { event.preventDefault(); run(element); return; }
  }
});

// What changes in the page: formulas are set, a new question comes into view, focus is not lost

let katex = null;
const made = new WeakMap(); // what KaTeX put into each span: a formula is set once, unless Gradio put its text back
const formulas = () => {
  for (const span of katex ? all(".tex") : []) {
    if (made.has(span) && made.get(span) === span.firstChild) continue;
    const settings = { displayMode: "display" in span.dataset, throwOnError: false, trust: false, maxExpand: 200, maxSize: 20 };
    try { katex.render(span.dataset.tex, span, settings); } catch { span.textContent = span.dataset.tex; }
    made.set(span, span.firstChild);
  }
};
if (KATEX.script) {
  if (KATEX.style) document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(KATEX.style, document.baseURI).href }));
  import(new URL(KATEX.script, document.baseURI).href).then((module) => { katex = module.default; formulas(); });
}
let shown = all(".turn").length, wasIn = null;
document.addEventListener("focusin", (event) => { wasIn = event.target; });
const changed = () => {
  formulas();
  const turns = all(".turn");
  document.body.classList.toggle("talking", turns.length > 0);
  if (turns.length > shown) see(one(".question", turns.at(-1)), "start");
  shown = turns.length;
  const heading = one("#browse h1");
  if (toHeading && heading && heading !== toHeading) { toHeading = false; heading.focus({ preventScroll: true }); scrollTo(0, 0); }
  if (wasIn && !wasIn.isConnected && document.activeElement === document.body && document.body.dataset.view === "ask") { wasIn = null; box()?.focus({ preventScroll: true }); }
};
new MutationObserver(changed).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "data-tex"] });

// The start

const dark = localStorage.getItem("underhood-dark");
if (dark !== null) document.body.classList.toggle("dark", dark === "1");
show(fromAddress()[0]);
changed();
const asked = new URLSearchParams(location.search).get("q");
if (asked) { history.replaceState({}, "", location.pathname); setTimeout(() => ask(asked), 300); }
if (innerWidth > 768 && document.body.dataset.view === "ask") box()?.focus({ preventScroll: true });
