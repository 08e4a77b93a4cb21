"use strict";
// Only in a served page: asks for progress, and takes over the new content when results have arrived.
(() => {
  const SECONDS = 2;
  const byId = (id) => document.getElementById(id);
  const details = () => [...document.querySelectorAll("main details")];
  const busy = () => byId("provenance").open || byId("filter").contains(document.activeElement);

  function show(state) {
    byId("live-count").textContent = state.total ? `${state.done} of ${state.total} runs done` : `${state.done} runs`;
    byId("live-left").textContent = state.left ?? "";
    byId("live-bar").max = Math.max(state.total, 1);
    byId("live-bar").value = state.done;
    byId("live-now").textContent = state.problem ? state.problem : state.running.length ? `Now: ${state.running.join(", ")}` : "Nothing runs now.";
  }

  async function replace() {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok || busy()) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (busy()) return;
    // What the reader opened stays open, and the place on the page stays.
    const open = details().map((node) => node.open), top = scrollY, focus = document.activeElement?.closest("[data-cell]")?.dataset.cell;
    for (const selector of ["main", "#panel-data", "footer"]) document.querySelector(selector).replaceWith(next.querySelector(selector));
    byId("live").dataset.version = next.getElementById("live").dataset.version;
    report.start();
    const now = details();
    if (now.length === open.length) now.forEach((node, i) => { node.open = open[i]; });
    scrollTo(0, top);
    if (focus) document.querySelector(`[data-cell="${CSS.escape(focus)}"]`)?.closest(".number")?.focus({ preventScroll: true });
  }

  async function look() {
    try {
      const state = await (await fetch("/progress.json", { cache: "no-store" })).json();
      show(state);
      if (state.version !== byId("live").dataset.version && !busy()) await replace();
    } catch {
      byId("live-now").textContent = "The server does not answer: python -m reports serve was ended. The page stays as it is.";
    }
    setTimeout(look, SECONDS * 1000);
  }
  look();
})();
