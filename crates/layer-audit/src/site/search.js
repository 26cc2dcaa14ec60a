// Search in `search-index.js`, which is loaded when somebody first searches. `?q=words` in the address searches too.
// Text from documents reaches the page as text nodes only.
"use strict";
(() => {
  const MOST = 40;
  const AROUND = 90;
  const base = document.currentScript.src;
  const form = document.querySelector("[role=search]");
  const input = form.querySelector("input");
  const status = form.querySelector("[role=status]");
  const results = form.querySelector("ol");

  let loading;
  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL("search-index.js", base).href;
      script.onload = () => resolve(globalThis.siteIndex);
      script.onerror = () => reject(new Error("search-index.js cannot be read"));
      document.head.append(script);
    });
    return loading;
  }

  // Words as the index has them: lower case, without underscores.
  function terms(query) {
    const names = query.match(/[\p{Alphabetic}\p{N}_]+/gu) ?? [];
    return [...new Set(names.map((name) => name.replaceAll("_", "").toLowerCase()).filter(Boolean))];
  }

  // Sections that hold every term as the start of a word, best first; a whole word counts twice.
  function find(index, wanted) {
    let scores;
    for (const term of wanted) {
      const best = new Map();
      index.words.forEach((word, at) => {
        if (!word.startsWith(term)) return;
        const hits = index.hits[at];
        for (let i = 0; i < hits.length; i += 2) {
          const weight = hits[i + 1] * (word === term ? 2 : 1);
          best.set(hits[i], Math.max(best.get(hits[i]) ?? 0, weight));
        }
      });
      const both = [...best].filter(([section]) => !scores || scores.has(section));
      scores = new Map(both.map(([section, weight]) => [section, weight + (scores?.get(section) ?? 0)]));
    }
    const ranked = [...(scores ?? [])].sort(([one, a], [other, b]) => b - a || one - other);
    return ranked.map(([section]) => section);
  }

  // A term may have underscores between its letters in the text.
  function matcher(wanted) {
    return new RegExp(wanted.map((term) => [...term].join("_?")).join("|"), "giu");
  }

  function startsWord(text, at) {
    const before = text.slice(0, at).at(-1) ?? " ";
    const here = text[at];
    if (!/[\p{Alphabetic}\p{N}]/u.test(before)) return true;
    return /\p{Lu}/u.test(here) && (!/\p{Lu}/u.test(before) || /\p{Ll}/u.test(text[at + 1] ?? ""));
  }

  function matches(text, pattern) {
    return [...text.matchAll(pattern)].filter((match) => startsWord(text, match.index));
  }

  function marked(text, pattern) {
    const parts = [];
    let at = 0;
    for (const match of matches(text, pattern)) {
      const mark = document.createElement("mark");
      mark.textContent = match[0];
      parts.push(text.slice(at, match.index), mark);
      at = match.index + match[0].length;
    }
    parts.push(text.slice(at));
    return parts;
  }

  // The line with most of the terms, cut around the first of them.
  function snippet(text, pattern) {
    let line = "";
    let most = -1;
    for (const candidate of text.split("\n")) {
      const count = new Set(matches(candidate, pattern).map((match) => match[0].toLowerCase())).size;
      if (count > most) [line, most] = [candidate, count];
    }
    const first = matches(line, pattern)[0]?.index ?? 0;
    let from = Math.max(0, first - AROUND);
    let to = Math.min(line.length, first + 2 * AROUND);
    if (from > 0) from = line.indexOf(" ", from) + 1 || from;
    if (to < line.length) to = Math.max(line.lastIndexOf(" ", to), first);
    return `${from > 0 ? "… " : ""}${line.slice(from, to)}${to < line.length ? " …" : ""}`;
  }

  function result(index, section, pattern) {
    const [page, anchor, heading, text] = index.sections[section];
    const [file, title] = index.pages[page];
    const link = document.createElement("a");
    link.href = new URL(file, base).href + (anchor && `#${encodeURIComponent(anchor)}`);
    const where = document.createElement("span");
    where.className = "where";
    where.append(...marked(title, pattern));
    if (heading) where.append(" › ", ...marked(heading, pattern));
    const what = document.createElement("span");
    what.className = "snippet";
    what.append(...marked(snippet(text, pattern), pattern));
    link.append(where, what);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }

  function show(count, items) {
    results.replaceChildren(...items);
    results.scrollTop = 0;
    if (count === 0) status.textContent = "Nothing found";
    else if (count > items.length) status.textContent = `The best ${items.length} of ${count} sections`;
    else status.textContent = count === 1 ? "1 section" : `${count} sections`;
    form.classList.add("open");
  }

  function close() {
    form.classList.remove("open");
    status.textContent = "";
  }

  async function search() {
    let index;
    try {
      index = await load();
    } catch (error) {
      status.textContent = error.message;
      form.classList.add("open");
      return;
    }
    const wanted = terms(input.value);
    if (wanted.length === 0) return close();
    const found = find(index, wanted);
    const pattern = matcher(wanted);
    show(found.length, found.slice(0, MOST).map((section) => result(index, section, pattern)));
  }

  function move(step) {
    const links = [...results.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + step;
    (next < 0 ? input : links[Math.min(next, links.length - 1)] ?? input).focus();
  }

  form.addEventListener("keydown", (event) => {
    const open = form.classList.contains("open");
    if (event.key === "Escape") {
      if (open) input.focus();
      else input.blur();
      close();
    } else if (event.key === "ArrowDown" && open) move(1);
    else if (event.key === "ArrowUp" && open) move(-1);
    else return;
    event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });
  input.addEventListener("input", search);
  input.addEventListener("focus", () => { if (input.value && !form.classList.contains("open")) search(); });
  results.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });

  form.hidden = false;
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    input.value = asked;
    input.focus();
    search();
  }
})();
