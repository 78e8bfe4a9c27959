// The list of runs, asked for again every two seconds while the page can be seen.

const about = JSON.parse(byId("about").textContent);
const STATUS = {
  complete: "good",
  failed: "bad",
  unreadable: "bad",
  incomplete: "warn",
  running: ""
};
const EVERY_MS = 2000;
let before = "";
const paces = new Map();  // run -> {at, responses}, when it was first seen here

/** "1,204 responses, 35.2/s" */
function paceOf(run) {
  const now = performance.now() / 1000;
  if (!paces.has(run.name)) paces.set(run.name, {at: now, responses: run.responses});
  const first = paces.get(run.name), seconds = now - first.at, more = run.responses - first.responses;
  return plural(run.responses, "response") + (seconds > 1 && more > 0 ? `, ${(more / seconds).toPrecision(3)}/s` : "");
}

function progressOf(run) {
  const text = `${run.tasks_over} of ${run.tasks} tasks` + (run.tasks_failed ? `, ${run.tasks_failed} failed or missing` : "");
  const bar = el("progress", {max: Math.max(1, run.tasks), value: run.tasks_over, "aria-label": text});
  return el(
    "td", {}, bar, el("div", {class: "soft"}, text), run.status === "running" ? el("div", {class: "soft"}, paceOf(run)) : null);
}

function rowOf(run) {
  const link = run.status === "running" || run.status === "unreadable" ?
    visible(run.name) :
    el("a", {href: "run/" + run.name.split("/").map(encodeURIComponent).join("/")}, visible(run.name));
  return el("tr", {}, el("th", {scope: "row"}, link, run.error ? el("div", {class: "note"}, visible(run.error)) : null),
    el("td", {}, badge(run.status, STATUS[run.status])), el("td", {}, visible(run.models.join(", "))),
    el("td", {class: "num"}, count(run.datasets)), el("td", {class: "num"}, run.samples ? count(run.samples) : "–"),
    progressOf(run), el("td", {class: "soft"}, visible(run.started.replace("T", " ").replace(/[+-]\d{4}$/, ""))));
}

async function refresh() {
  if (document.hidden) return;
  let text;
  try {
    const answer = await fetch("runs.json", {cache: "no-store"});
    text = await answer.text();
    if (!answer.ok) throw new Error(text);
  } catch (error) {
    byId("subtitle").replaceChildren(badge("the server does not answer", "bad"));
    return;
  }
  const runs = JSON.parse(text).runs, running = runs.filter((run) => run.status === "running").length;
  byId("subtitle")
    .replaceChildren(el("span", {class: "mono"}, visible(about.folder)), el("span", {}, plural(runs.length, "run")),
      el("span", {}, count(running) + " running"));
  if (text === before) return;
  before = text;
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  byId("runs").replaceChildren(runs.length === 0 ?
      el("p", {class: "soft"}, "There is no run in this folder yet.") :
      table("Runs",
        ["run", "status", "models", {text: "data sets", class: "num"}, {text: "samples", class: "num"}, "progress", "started"],
        runs.map(rowOf)));
  if (focused)
    for (const link of document.querySelectorAll("#runs a"))
      if (link.getAttribute("href") === focused) link.focus();
  document.body.dataset.ready = "all";
}

refresh();
setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
