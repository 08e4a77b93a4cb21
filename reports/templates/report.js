"use strict";
// The page without this file is whole: it adds the filter, the provenance panel, the theme button and printing.
const report = (() => {
  const FIELDS = ["table", "space", "dataset", "method", "verdict"];
  const VERDICTS = ["reproduced", "better", "worse", "inconclusive", "not-comparable", "paper-inconsistent", "not-run", "setting"];
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  let data, items, form;

  // Text only ever becomes a text node: nothing from the data is read as HTML.
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  }

  // --- filter: every element with data-verdict is a result; a place of a table is blanked, an empty row goes ---
  const normal = (field, value) => field === "verdict" ? value.toLowerCase().replace(/\s+/g, "-") : value;
  const label = (field, value) => field === "verdict" ? value.replaceAll("-", " ").toUpperCase()
    : field === "table" && /^\d+$/.test(value) ? `Table ${value}`
    : value === "all" ? "all together" : value; // "all" alone is the choice of no filter

  function collect() {
    items = all("[data-verdict]").map((node) => {
      const row = node.closest("tr");
      const head = row.querySelector("th")?.textContent ?? "";
      const fields = Object.fromEntries(FIELDS.map((f) => [f, normal(f, node.dataset[f] ?? "")]));
      const words = [head, node.textContent, node.title, node.dataset.cell ?? "", ...Object.values(fields)].join(" ");
      return { node, row, fields, words: words.toLowerCase(), id: node.dataset.cell ?? words };
    });
    for (const field of FIELDS) {
      const select = form.elements[field], chosen = select.value;
      const values = [...new Set(items.map((item) => item.fields[field]))].filter(Boolean);
      values.sort((a, b) => field === "verdict" ? VERDICTS.indexOf(a) - VERDICTS.indexOf(b)
        : a.localeCompare(b, "en", { numeric: true }));
      select.replaceChildren(select.options[0], ...values.map((value) => make("option", { value })));
      select.value = values.includes(chosen) ? chosen : "";
    }
  }

  const wanted = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));

  function matches(item, want, except) {
    const words = (want.q ?? "").toLowerCase().split(/\s+/);
    return FIELDS.every((f) => f === except || !want[f] || item.fields[f] === want[f]) &&
      words.every((word) => item.words.includes(word));
  }

  const distinct = (list) => new Set(list.map((item) => item.id)).size;

  function apply() {
    const want = wanted(), active = Object.keys(want).length > 0;
    for (const item of items) {
      item.match = matches(item, want);
      item.node.classList.toggle("out", !item.match);
    }
    for (const row of new Set(items.map((item) => item.row)))
      row.hidden = !items.some((item) => item.row === row && item.match);
    for (const block of all("[data-block]")) {
      const inside = items.filter((item) => block.contains(item.node)), shown = inside.filter((item) => item.match);
      block.hidden = inside.length ? shown.length === 0 : active;
    }
    for (const field of FIELDS)
      for (const option of form.elements[field].options) {
        const there = items.filter((i) => (!option.value || i.fields[field] === option.value) && matches(i, want, field));
        option.textContent = `${option.value ? label(field, option.value) : "all"} (${distinct(there)})`;
        option.disabled = there.length === 0 && !option.selected;
      }
    const named = Object.entries(want).map(([name, value]) => name === "q" ? `“${value}”` : label(name, value));
    byId("shown").textContent = `${distinct(items.filter((i) => i.match))} of ${distinct(items)} results shown` +
      (active ? `: ${named.join(", ")}` : "");
    byId("filter").classList.toggle("active", active);
    return want;
  }

  function changed() {
    const hash = new URLSearchParams(apply()).toString();
    // A link to a section stays as it is while no filter is set.
    if (hash || location.hash.includes("=")) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function fromHash() {
    if (location.hash && !location.hash.includes("=")) return; // a link to a section
    const want = new URLSearchParams(location.hash.slice(1));
    for (const name of [...FIELDS, "q"]) form.elements[name].value = want.get(name) ?? "";
    for (const field of FIELDS) if (form.elements[field].selectedIndex < 0) form.elements[field].value = "";
    apply();
  }

  // --- provenance ---
  const definitions = (pairs) => make("dl", {}, ...pairs.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  const code = (text) => make("code", {}, text);
  const lines = (text) => make("span", { class: "lines" }, text);

  function verdictPart(one) {
    const more = one.needed === undefined ? undefined : `${one.needed} more seed${one.needed === 1 ? "" : "s"} decide it with 80 % power`;
    const notes = (one.caveats ?? []).map((text) =>
      data.rules[text] ? make("li", {}, make("a", { href: "#inconsistencies" }, text), ` ${data.rules[text]}`) : make("li", {}, text));
    return [
      make("h3", {}, "Verdict"),
      make("p", { class: "reason" }, make("b", { class: `verdict v-${normal("verdict", one.verdict)}` }, one.verdict),
        one.fragile ? " (fragile: another reading of the paper's ± gives another verdict)" : "", one.reason ? ` ${one.reason}` : ""),
      definitions([
        ["The paper prints", make("span", {}, make("b", {}, one.printed), ` in ${one.place}`)], ["Note", one.note],
        ["Ours minus the paper's", one.difference], ["90 % interval", one.interval90], ["95 % interval", one.interval95],
        ["Margin", one.margin], ["p", one.p], ["Seeds needed", more],
        ["Rules and caveats", notes.length ? make("ul", {}, ...notes) : undefined],
      ]),
    ];
  }

  const distinctOf = (runs, read) => [...new Set(runs.map(read))].filter((text) => text !== "");

  const meanLine = (one, n, more = "") => make("p", {}, make("b", {}, one.mean), one.unit ? ` ${one.unit}` : "",
    ` (n = ${n}${n > 1 ? ", ± 95 % interval, Student t" : ""}${more})`);

  // A number that the text computes from two cells: ours, then both cells as they were measured.
  function derivedPart(derived) {
    return [
      make("h3", {}, "Our value"),
      meanLine(derived, derived.n, derived.paired ? "; paired by seed" : "; both sides on their own"),
      make("p", {}, "Computed from the means of two cells, as the paper computes its own; both follow."),
      ...derived.of.flatMap((id) => measuredPart(data.cells[id], id)),
    ];
  }

  function measuredPart(cell, id) {
    const runs = cell.runs.map((place) => data.runs[place]), n = runs.length;
    const rows = runs.map((run, i) => make("tr", {}, make("th", { scope: "row" }, String(run.seed)), make("td", {}, make("b", {}, cell.values[i])),
      make("td", {}, run.origin), make("td", {}, run.wall), make("td", {}, run.load === null ? "–" : String(run.load)), make("td", {}, code(run.value))));
    const heads = ["Seed", "Value", "Origin", "Wall", "Load", "Generator's seed"].map((name) => make("th", { scope: "col" }, name));
    return [
      make("h3", {}, id === undefined ? "Our values" : cell.title),
      id === undefined ? null : make("p", {}, make("code", { class: "cell" }, id)),
      meanLine(cell, n),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Values by seed" },
        make("table", { class: "plain-table" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))),
      make(id === undefined ? "h3" : "h4", {}, "How it was measured"),
      definitions([
        ["Protocol", data.protocols[cell.protocol]],
        ["Configuration", make("span", {}, code(distinctOf(runs, (r) => r.config).join(", ")), `, profile ${distinctOf(runs, (r) => r.profile).join(", ")}`)],
        ["Commit", lines(distinctOf(runs, (r) => r.commit + (r.dirty ? " with local changes" : "")).join("\n"))],
        ["Recorded, UTC", lines(distinctOf(runs, (r) => r.recorded).join("\n"))],
        ["CPU time", distinctOf(runs, (r) => r.cpu).join(", ")],
        ["Machine and packages", lines(distinctOf(runs, (r) => data.machines[r.machine]).join("\n\n"))],
        ["Data and checkpoints", lines(distinctOf(runs, (r) => data.inputs[r.inputs]).join("\n\n"))],
        ["Missing here", cell.missing],
      ]),
    ].filter(Boolean);
  }

  function commandPart(place) {
    if (place === undefined) return [];
    const command = code(data.commands[place]), said = make("span", { role: "status", class: "said" });
    const button = make("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        said.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        said.textContent = "Selected: copy it with Ctrl+C";
      }
    });
    return [make("h3", {}, "Compute it again"), make("p", { class: "command-line" }, command, button, said)];
  }

  function open(id, opener) {
    const paper = data.paper[id], cell = data.cells[paper ? paper.ours : id];
    if (!paper && !cell) return;
    const verdicts = paper ? [paper] : (cell.judged ?? []).map((name) => data.paper[name]);
    const dialog = byId("provenance");
    byId("provenance-body").replaceChildren(
      make("h2", { id: "provenance-title", tabindex: "-1" }, (paper ?? cell).title), make("p", {}, make("code", { class: "cell" }, id)),
      ...verdicts.flatMap(verdictPart), ...(cell ? measuredPart(cell) : paper.derived ? derivedPart(paper.derived) : []),
      ...commandPart((cell ?? paper).command));
    dialog.onclose = () => opener.focus();
    dialog.showModal();
    dialog.scrollTop = 0;
    byId("provenance-title").focus();
  }

  function makeButtons() {
    for (const number of all(".number")) {
      if (!number.closest("[data-cell]")) continue;
      number.setAttribute("role", "button");
      number.setAttribute("aria-haspopup", "dialog");
      number.tabIndex = 0;
    }
  }

  function onNumber(event) {
    const number = event.target.closest?.(".number"), holder = number?.closest("[data-cell]");
    if (!holder || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open(holder.dataset.cell, number);
  }

  // --- theme, printing ---
  function theme() {
    const button = byId("theme"), root = document.documentElement;
    const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
    const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* remembered for this view only */ }
      show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
    button.hidden = false;
    show();
  }

  function printing() {
    let closed = [];
    addEventListener("beforeprint", () => { closed = all("details:not([open])"); for (const d of closed) d.open = true; });
    addEventListener("afterprint", () => { for (const d of closed) d.open = false; });
  }

  // Called again by a served page when its content was replaced.
  function start() {
    data = JSON.parse(byId("panel-data").textContent);
    form = byId("filter").querySelector("form");
    byId("filter").hidden = false;
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed));
    makeButtons();
    collect();
    apply();
    fromHash();
  }

  document.addEventListener("click", (event) => {
    onNumber(event);
    const link = event.target.closest?.("a[data-filter]");
    if (link) {
      event.preventDefault();
      form.reset();
      history.pushState(null, "", `#${link.dataset.filter}`);
      fromHash();
      const heading = byId("results").querySelector("h2");
      heading.scrollIntoView();
      heading.focus({ preventScroll: true });
    }
    const away = event.target.closest?.("dialog a[href^='#']");
    if (away) byId("provenance").onclose = null; // the link decides where to go, not the number that was clicked
    if (away || event.target.closest?.("dialog .close") || event.target === byId("provenance")) byId("provenance").close();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches?.(".number[role=button]")) onNumber(event);
  });
  addEventListener("hashchange", fromHash);
  theme();
  printing();
  start();
  return { start };
})();
