// Comforts only: every page works without this file.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- Differences, word by word, while a correction is typed -----------------------------------

// Words, runs of white space and single signs, so that a comma is a change of its own.
const words = (text) => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) || [];

function difference(before, after) {
  let start = 0;
  let a = words(before), b = words(after);
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const head = a.slice(0, start), tail = end ? a.slice(-end) : [];
  a = a.slice(start, a.length - end);
  b = b.slice(start, b.length - end);

  const parts = [];
  const add = (kind, text) => {
    if (parts.length && parts.at(-1)[0] === kind) parts.at(-1)[1] += text;
    else if (text) parts.push([kind, text]);
  };
  add("same", head.join(""));
  if (a.length * b.length > 1e6) { // too long to compare while typing: show the two as they are
    add("removed", a.join(""));
    add("added", b.join(""));
  } else { // longest common subsequence
    const width = b.length + 1;
    const common = new Uint16Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        common[i * width + j] = a[i] === b[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    let i = 0, j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) { add("same", a[i++]); j++; }
      else if (i < a.length && (j === b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) add("removed", a[i++]);
      else add("added", b[j++]);
    }
  }
  add("same", tail.join(""));
  return joined(parts);
}

// "six weeks" becoming "30 days" is one change, not two with a space between them.
function joined(parts) {
  const kind = (index) => parts[index] && parts[index][0];
  for (let i = parts.length - 3; i > 1; i--)
    if (kind(i) === "same" && /^[^\S\n]+$/.test(parts[i][1]) && kind(i - 2) === "removed" && kind(i - 1) === "added" && kind(i + 1) === "removed" && kind(i + 2) === "added") {
      parts[i - 2][1] += parts[i][1] + parts[i + 1][1];
      parts[i - 1][1] += parts[i][1] + parts[i + 2][1];
      parts.splice(i, 3);
    }
  return parts;
}

// The same markup as the macro display::diff.
function showDifference(parts, output) {
  output.replaceChildren(...parts.map(([kind, text]) => {
    if (kind === "same") return document.createTextNode(text);
    const element = document.createElement(kind === "added" ? "ins" : "del");
    const said = (words) => Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: words });
    element.append(said(`[${kind}: `), text, said("]"));
    return element;
  }));
}

for (const field of all("[data-diff-original]")) {
  const original = document.querySelector(field.dataset.diffOriginal);
  const output = (field.form || document).querySelector("[data-diff-output]");
  if (!original || !output) continue;
  const frame = output.closest("[data-diff-frame]");
  if (frame) frame.hidden = false;
  output.classList.toggle("mono", field.classList.contains("mono"));
  let timer;
  const update = () => {
    const parts = difference(original.textContent.replace(/\r\n/g, "\n"), field.value);
    if (parts.every(([kind]) => kind === "same")) output.textContent = "Nothing changed yet.";
    else showDifference(parts, output);
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, 120); });
  addEventListener("pageshow", update); // also after "back", when the browser has refilled the field
}

// --- Copy buttons -----------------------------------------------------------------------------

for (const block of navigator.clipboard ? all("[data-copy]") : []) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy-button secondary", textContent: "Copy" });
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.append(button);
}

// --- One click sends once ---------------------------------------------------------------------

function release(form) {
  delete form.dataset.sending;
  for (const button of all("[aria-busy]", form)) { button.removeAttribute("aria-busy"); button.disabled = false; }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) { event.preventDefault(); return; }
  form.dataset.sending = "1";
  // After the event, or the pressed button's own value would not be sent.
  setTimeout(() => {
    for (const button of all("button:not([type=button], :disabled)", form)) { button.setAttribute("aria-busy", "true"); button.disabled = true; }
  });
  setTimeout(release, 10000, form); // the way was cut: let the person try again
});
addEventListener("pageshow", () => all("form[data-sending]").forEach(release));

// --- What is typed is never lost --------------------------------------------------------------

// <form data-keep="KEY"> is kept for this tab until a page with data-keep-clear="KEY" says it arrived.
const DAY = 864e5;
const fields = (form) => [...form.elements].filter((field) => field.name && !["hidden", "password", "file", "submit"].includes(field.type));
const tickable = (field) => field.type === "radio" || field.type === "checkbox";

try {
  for (const done of all("[data-keep-clear]")) sessionStorage.removeItem("keep " + done.dataset.keepClear);

  for (const form of all("form[data-keep]")) {
    const key = "keep " + form.dataset.keep;
    const typed = () => fields(form).filter((field) => !tickable(field) || field.checked).map((field) => [field.name, field.value]);
    const save = () => sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), typed: typed() }));
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    const asSent = JSON.stringify(typed());
    // A form that came back with mistakes already holds what was typed.
    if (kept && Date.now() - kept.at < DAY && !document.querySelector(".error-summary") && JSON.stringify(kept.typed) !== asSent) {
      for (const field of fields(form)) {
        const values = kept.typed.filter(([name]) => name === field.name).map(([, value]) => value);
        if (tickable(field)) field.checked = values.includes(field.value);
        else if (values.length) field.value = values[0];
      }
      const note = Object.assign(document.createElement("p"), { className: "notice", textContent: "What you typed here before is still there." });
      note.setAttribute("role", "status");
      form.prepend(note);
    }
    form.addEventListener("input", save);
    form.addEventListener("submit", save);
  }
} catch { /* storage is switched off: the page works as it does without this file */ }

// --- Exact times in the reader's own time zone ------------------------------------------------

for (const time of all("time[datetime]")) {
  const instant = new Date(time.dateTime);
  // The zone they chose, else the browser's.
  const timeZone = document.body.dataset.timeZone;
  if (time.dateTime.includes("T") && !isNaN(instant)) time.title = instant.toLocaleString("en", { dateStyle: "full", timeStyle: "long", timeZone });
}

// --- How strong a new password is, while it is typed --------------------------------------------

for (const field of all("[data-strength]")) {
  const shown = field.parentElement.querySelector("[data-strength-shown]");
  const [meter, words, list] = [shown.querySelector("meter"), shown.querySelector("span"), shown.querySelector("ul")];
  let timer, last = 0;
  const ask = async () => {
    const asked = ++last;
    shown.hidden = !field.value;
    if (!field.value) return;
    try {
      const answer = await fetch(field.dataset.strength, { method: "POST", body: new URLSearchParams({ [field.name]: field.value }) });
      if (!answer.ok || asked !== last) return;
      const { score, word, advice } = await answer.json();
      meter.value = score;
      words.textContent = `It is ${word}.`;
      list.replaceChildren(...advice.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    } catch { /* no answer: the form says it after sending */ }
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 300); });
}

// --- The menu closes as menus do --------------------------------------------------------------

for (const menu of all("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

// --- Keys: data-key on a button presses it, on a fold-out opens it, on a choice takes it --------

const typing = (element) => element.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  // A key that is held down decides once, and not the next item, too.
  if (event.repeat && !typing(event.target)) return;
  const dialog = document.querySelector("dialog.keys");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.repeat && typing(event.target) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button[type=submit]"));
    return;
  }
  if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || (dialog && dialog.open)) return;
  if (event.key === "?" && dialog) { event.preventDefault(); dialog.showModal(); return; }
  const target = all("[data-key]").find((element) => element.dataset.key === event.key);
  if (!target) return;
  event.preventDefault();
  if (target.matches("summary")) {
    target.parentElement.open = true;
    const field = target.parentElement.querySelector("textarea, select, input:not([type=hidden])");
    if (field) { field.focus(); if (field.matches("textarea")) field.setSelectionRange(field.value.length, field.value.length); }
  } else if (target.matches("input")) { target.checked = true; target.focus(); }
  else target.click();
});

// --- New arrivals are told, and what is read stays where it is ---------------------------------

for (const news of all("[data-news]")) {
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(news.dataset.news, { headers: { Accept: "application/json" } });
      const { count, text } = answer.ok ? await answer.json() : { count: 0 };
      if (count > 0 && news.firstElementChild.textContent !== text) {
        news.firstElementChild.textContent = text;
        news.hidden = false;
      }
    } catch { /* no network just now: it is asked again */ }
  };
  setInterval(look, 20000);
  document.addEventListener("visibilitychange", look);
}

// --- Leaving an item gives it back --------------------------------------------------------------

for (const form of all("form[data-release]")) {
  let sent = false;
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) sent = true; });
  addEventListener("pagehide", () => {
    if (!sent) navigator.sendBeacon(form.dataset.release, new URLSearchParams({ quiet: "1" }));
  });
}
