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
const act = (name, data) => { if (window.underhood) window.underhood(name, data); else waiting.push([name, data]); };
addEventListener("underhood-ready", () => { for (const call of waiting.splice(0)) act(...call); });

// One question at a time: Enter while an answer is being written would only be refused

const LONG_AGO = -1e9;
let sent = LONG_AGO;
const QUEUED = "Others are being answered; your question waits for its turn.";
let queued = null;
const asking = () => {
  sent = performance.now();
  clearTimeout(queued);
  queued = setTimeout(() => { if (!gone) notice(QUEUED, true); }, 4000);
};
const answering = () => {
  sent = LONG_AGO;
  clearTimeout(queued);
  if (told?.textContent === QUEUED) notice("");
};
const early = () => {
  if (!busy() && performance.now() - sent > 1500) return false;
  say("One question at a time: wait for the answer, or stop it.");
  return true;
};
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target !== box()) return;
  if (!box().value.trim() || early()) { event.preventDefault(); event.stopImmediatePropagation(); } else asking();
}, true);
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#ask")) return;
  if (!box().value.trim() || early()) { event.preventDefault(); event.stopImmediatePropagation(); box().focus(); } else asking();
}, true);

// What was typed and not yet asked survives a reload too

const DRAFT = "underhood-draft";
document.addEventListener("input", (event) => { if (event.target === box()) sessionStorage.setItem(DRAFT, box().value); });
const redraft = () => {
  const text = sessionStorage.getItem(DRAFT);
  if (!text || !box() || box().value) return;
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
};

const ask = (question) => {
  if (early()) return;
  asking();
  show("ask");
  act("ask", { question });
  box()?.focus({ preventScroll: true });
};

// Views: ask, list (with its resources), concepts (with each concept), readings, verify

const NAV = { ask: "ask", list: "list", resource: "list", concepts: "concepts", concept: "concepts", readings: "readings", verify: "verify" };
const show = (kind) => {
  document.body.dataset.view = NAV[kind] === "ask" ? "ask" : "browse";
  document.body.dataset.kind = kind;
  for (const link of all("#top nav a, #top .menu a")) {
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
let lit = ""; // the id of the card in the light
const light = (card) => {
  lit = card?.id ?? "";
  for (const c of all(".source.lit")) if (c !== card) c.classList.remove("lit");
  card?.classList.add("lit");
  document.body.classList.toggle("sourced", Boolean(card));
  for (const p of all(".statement[data-rests]")) p.classList.toggle("resting", Boolean(card) && `#${p.closest(".turn").id}` === `#${card.closest(".turn").id}` && p.dataset.rests.split(" ").includes(lit.split("-c")[1]));
};
const toSource = (mark) => {
  const card = document.getElementById(mark.getAttribute("href").slice(1));
  if (!card) return;
  activate(card.closest(".turn"));
  light(card);
  for (const picture of all(".picture", card)) { picture.open = true; opened.set(picture.id, true); }
  card.focus({ preventScroll: true });
  see(card, "nearest");
};
const toText = (card) => {
  if (!card) return;
  const mark = one(`.exchange .mark[href="#${card.id}"]`, card.closest(".turn"));
  light(null);
  if (mark) { mark.focus({ preventScroll: true }); see(mark, "nearest"); }
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
// Where a source covers the text, a click beside it puts it away
document.addEventListener("click", (event) => {
  if (lit && matchMedia("(max-width: 1079.98px)").matches && !event.target.closest?.(".source.lit, a.mark")) light(null);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menus = all(".menu[open]");
  for (const m of menus) { m.open = false; one("summary", m).focus(); }
  if (!menus.length && lit) toText(document.getElementById(lit));
});

// Finding in a long list: what has all the words stays

document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-finder]")) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of all("#browse .group")) {
    let found = 0;
    for (const item of all("li", group)) {
      const fits = words.every((w) => item.textContent.toLowerCase().includes(w));
      item.dataset.found = fits ? "yes" : "no";
      found += fits;
    }
    group.dataset.found = found ? "yes" : "no";
  }
  const left = all('#browse li[data-found="yes"]').length;
  say(`${left} found.`);
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
const opened = new Map(); // what a person unfolded, by id: Gradio's next update of the page would fold it again
const reporter = (form) => one(`[data-report="${form.id}"]`);
const unfold = (form, wanted) => {
  opened.set(form.id, wanted);
  form.hidden = !wanted;
  reporter(form).setAttribute("aria-expanded", String(wanted));
  (wanted ? one("textarea", form) : reporter(form)).focus();
};
const report = (button) => {
  const form = document.getElementById(button.dataset.report), wanted = form.hidden;
  for (const other of all(".report", form.parentElement)) if (other !== form && !other.hidden) { other.hidden = true; opened.set(other.id, false); }
  unfold(form, wanted);
};
document.addEventListener("click", (event) => {
  const details = event.target.closest?.("summary")?.parentElement;
  if (details?.id && !details.matches(".menu")) opened.set(details.id, !details.open);
}, true);
const unfolded = () => {
  for (const [id, wanted] of opened) {
    const element = document.getElementById(id);
    if (!element) continue;
    if (element.matches("details")) { if (element.open !== wanted) element.open = wanted; }
    else if (element.hidden === wanted) { element.hidden = !wanted; reporter(element).setAttribute("aria-expanded", String(wanted)); }
  }
  const card = lit && document.getElementById(lit);
  if (card && !card.classList.contains("lit")) { activate(card.closest(".turn")); light(card); }
};
const saveRemarks = async () => {
  try {
    const answer = await fetch(new URL("underhood-parts/remarks", document.baseURI), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ who: who() }) });
    const rows = answer.ok ? await answer.text() : "";
    if (rows) download("underhood-remarks.jsonl", rows, "application/jsonl");
    notice(rows ? "" : "You have not said anything of an answer yet.");
  } catch { notice("The server cannot be reached."); }
};
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".report, .examine");
  if (!form) return;
  event.preventDefault();
  if (form.matches(".examine")) { examine(form); return; }
  const { reason, sentence } = form.elements;
  act("rate", { turn: form.dataset.turn, value: form.dataset.verdict, reason: reason.value, sentence: sentence ? sentence.value : "0", who: who() });
  unfold(form, false);
  notice("Thank you. It is kept on this machine, and sent nowhere.");
});
const forget = () => {
  if (!confirm("Delete this conversation, and every remark of yours that is kept on the server?")) return;
  act("forget", { who: who() });
  localStorage.removeItem("underhood-who");
  for (const key of [KEY, DRAFT]) sessionStorage.removeItem(key);
  notice("This conversation and your remarks are deleted.");
  show("ask");
  box()?.focus();
};

// A text of one's own, checked: a file is read here and goes nowhere

const MOST_TEXT = 2_000_000;
const examine = (form) => {
  const { text } = form.elements;
  if (text.value.trim()) act("examine", { text: text.value, who: who() });
  else text.focus();
};
document.addEventListener("change", async (event) => {
  const input = event.target, form = input.closest?.(".examine");
  if (!form || input.type !== "file" || !input.files.length) return;
  if (input.files[0].size > 2 * MOST_TEXT) { notice("The file is larger than 4 MB."); return; }
  form.elements.text.value = await input.files[0].text();
  input.value = "";
  examine(form);
});

// Clicks

const CLICKS = {
  "a.mark": (e) => toSource(e),
  "[data-back]": (e) => toText(e.closest(".source")),
  "[data-ask]": (e) => ask(e.dataset.ask),
  "[data-open]": (e) => open(e.dataset.open, e.dataset.id),
  "[data-scope]": (e) => { act("narrow", { id: e.dataset.scope }); open("ask"); },
  "[data-report]": (e) => {
    if (e.dataset.act && e.getAttribute("aria-pressed") !== "true") act(e.dataset.act, { turn: e.dataset.turn, value: e.dataset.value, who: who() });
    report(e);
  },
  "[data-act]": (e) => {
    if (e.dataset.act === "retry" && early()) return;
    if (e.dataset.act === "retry") asking();
    act(e.dataset.act, { turn: e.dataset.turn, value: e.dataset.value, who: who() });
  },
  "[data-cancel]": (e) => unfold(document.getElementById(e.dataset.cancel), false),
  "[data-remarks]": () => saveRemarks(),
  "[data-fetch]": (e) => act("fetch", { only: e.dataset.fetch, kind: fromAddress()[0], id: fromAddress()[1] }),
  "[data-remove]": (e) => { if (confirm(`Remove what is held of “${e.dataset.name}”?`)) act("remove", { resource: e.dataset.remove, kind: fromAddress()[0], id: fromAddress()[1] }); },
  "[data-halt]": () => act("halt", {}),
  "[data-forget]": () => forget(),
  "[data-edit]": () => { act("edit", {}); box()?.focus(); },
  "[data-new]": () => { show("ask"); history.replaceState({}, "", location.pathname); light(null); answering(); sessionStorage.removeItem(DRAFT); act("fresh", {}); box()?.focus(); },
  "[data-copy]": (e) => copy(e.dataset.copy, e),
  "[data-link]": (e) => copy(new URL(e.dataset.link, location.href.split("?")[0]).href, e),
  "[data-download=md]": (e) => download(`underhood-${e.dataset.turn}.md`, e.dataset.text, "text/markdown"),
  "[data-download=bib]": (e) => download(`underhood-${e.dataset.turn}.bib`, e.dataset.text, "application/x-bibtex"),
  "[data-download=json]": (e) => download(`underhood-${e.dataset.turn}.json`, JSON.stringify(kept()[e.dataset.turn - 1]?.answer ?? null, null, 2), "application/json"),
  "[data-theme-switch]": () => { const dark = document.body.classList.toggle("dark"); localStorage.setItem("underhood-dark", dark ? "1" : "0"); },
  ".skip": () => box()?.focus(),
};
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#stop")) answering();
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  for (const [selector, run] of Object.entries(CLICKS)) {
    const element = event.target.closest?.(selector);
    if (!element) continue;
    event.preventDefault();
    const menu = element.closest(".menu");
    if (menu) menu.open = false;
    run(element);
    return;
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
let asked = new URLSearchParams(location.search).get("q"); // asked once the page is whole
document.addEventListener("focusin", (event) => { wasIn = event.target; });
const changed = (records = []) => {
  formulas();
  overheard();
  const turns = all(".turn");
  document.body.classList.toggle("talking", turns.length > 0);
  unfolded();
  if (records.some((r) => r.target.nodeType === 1 && r.target.closest("#conversation"))) answering();
  if (box() && !box().value) sessionStorage.removeItem(DRAFT);
  if (asked && window.underhood && one("#browse .browse")) { const question = asked; asked = null; ask(question); }
  if (turns.length > shown) { light(null); see(one(".question", turns.at(-1)), "start"); }
  shown = turns.length;
  const heading = one("#browse h1");
  if (toHeading && heading && heading !== toHeading) { toHeading = false; heading.focus({ preventScroll: true }); scrollTo(0, 0); }
  if (wasIn && !wasIn.isConnected && document.activeElement === document.body && document.body.dataset.view === "ask") { wasIn = null; box()?.focus({ preventScroll: true }); }
};
new MutationObserver(changed).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "data-tex"] });

// What Gradio says by itself (a full queue, a lost connection), in our words and place

const SAID = [
  [/currently busy|queue is full/i, "Many people are asking just now. Wait some seconds, then ask again."],
  [/connection|fetch|network/i, "The server cannot be reached. What you see is kept in this tab."],
];
const overheard = () => {
  for (const toast of all(".toast-body")) {
    if (toast.dataset.heard) continue;
    toast.dataset.heard = "yes";
    const text = toast.textContent.trim();
    answering();
    if (!gone) notice((SAID.find(([pattern]) => pattern.test(text)) ?? [0, text])[1]);
  }
};

// A line that everybody sees, for what concerns the page as a whole

let told = null;
const notice = (text, stays = false) => {
  told ??= document.body.appendChild(Object.assign(document.createElement("p"), { id: "notice" }));
  told.textContent = text;
  told.hidden = !text;
  if (text) say(text);
  clearTimeout(notice.timer);
  if (text && !stays) notice.timer = setTimeout(() => { told.hidden = true; }, 5000);
};

// A server that goes away in the middle of an answer: the page says so, and goes on when there is one again

let born = null, gone = false;
const alive = async () => { // which start of the server answers; null where none does. A slow one is no gone one.
  try {
    const answer = await fetch(new URL("underhood-parts/alive", document.baseURI), { cache: "no-store" });
    return answer.ok ? await answer.text() : null;
  } catch { return null; }
};
const watch = async () => {
  if (busy() || gone || born === null) {
    const now = await alive();
    born ??= now;
    if (now === null && !gone && busy()) {
      gone = true;
      notice("The server stopped in the middle of the answer. What you see is kept in this tab; the page goes on by itself when the server is back.", true);
    } else if (now !== null && now !== born) { location.reload(); return; }
    else if (now !== null && gone) { gone = false; notice(""); }
  }
  setTimeout(watch, 2000);
};
watch();

// The start

const dark = localStorage.getItem("underhood-dark");
if (dark !== null) document.body.classList.toggle("dark", dark === "1");
show(fromAddress()[0]);
redraft();
changed();
if (asked) history.replaceState({}, "", location.pathname);
if (innerWidth > 768 && document.body.dataset.view === "ask") box()?.focus({ preventScroll: true });
