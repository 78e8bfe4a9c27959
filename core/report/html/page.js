// Puts the page together, and follows its address and the keyboard.

function followAddress() {
  const attempt = attemptOfAddress(location.hash);
  if (attempt !== null) {
    showSample(attempt, true).catch(broken);
    byId("samples").scrollIntoView();
  } else if (location.hash.startsWith("#s/")) {
    say("");
    byId("detail").replaceChildren(el("p", {class: "note"}, "This page has no sample ", visible(location.hash.slice(3)), "."));
    byId("samples").scrollIntoView();
  }
}

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  "/": () => byId("search").focus(),
  w: () => byId("kind-wrong").click(),
  Escape: () => {
    const row = document.querySelector("#list tr.chosen a") || document.querySelector("#list a");
    if (row) row.focus();
  },
};

function followKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !byId("keys").checked) return;
  const target = event.target, editing = ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName) && target.type !== "checkbox";
  if (event.key === "Escape" && editing) {
    target.blur();
    return;
  }
  const inside = target.closest("#samples") !== null;
  if (editing || !KEYS[event.key] || (event.key.startsWith("Arrow") && (!inside || target.closest(".text, .scroll")))) return;
  event.preventDefault();
  KEYS[event.key]();
}

function broken(error) {
  const text = typeof DecompressionStream === "undefined" ?
    "This browser is too old to read the samples in this page (it has no DecompressionStream); take one of 2023 or later." :
    "The samples in this page cannot be read: " + error;
  byId("samples").append(el("p", {class: "note"}, text));
}

async function start() {
  showScores();
  showRobustness();
  showFindings();
  showGroups();
  showComparison();
  showTitle();
  showRun();
  columns = await inflated("index");
  showTasks();
  await showSamples();
  followAddress();
  if (shown === null && matches.length > 0 && !location.hash.startsWith("#s/")) await showSample(matches[0], false);
  window.addEventListener("hashchange", followAddress);
  document.addEventListener("keydown", followKeys);
  document.body.dataset.openedMs = Math.round(performance.now());
  requestAnimationFrame(() => setTimeout(() => {
    showPlots();
    document.body.dataset.ready = "all";
  }));
}

start().catch(broken);
