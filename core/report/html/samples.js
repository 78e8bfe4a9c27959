// The samples: filters, a list in pages, and one of them in full.

const FILTER = {
  search: "",
  dataset: "",
  model: "",
  kinds: new Set(),
  sort: "order",
  set: null,
  setName: ""
};
const PAGE = 25;
let matches = [], page = 0, shown = null, searching = 0;

const KINDS = [
  ["wrong", "wrong", (i) => isWrong(i)],
  ["unparsed", "no answer read", (i) => has(i, FLAG.unparsed)],
  ["cut", "cut", (i) => has(i, FLAG.cut | FLAG.promptCut)],
  ["noScore", "no score", (i) => has(i, FLAG.noScore)],
  ["thinking", "with thinking", (i) => has(i, FLAG.thinking)],
  ["loops", "repetitive", (i) => columns.ratio[i] > 2.4],
];
const SORTS = {
  order: ["as in the run", null],
  margin: ["smallest margin first", (i) => columns.margin[i] ?? Infinity],
  sure: ["most confident first", (i) => -(columns.confidence[i] ?? -1)],
  longest: ["longest reply first", (i) => -columns.generated[i]],
  loops: ["most repetitive first", (i) => -columns.ratio[i]],
  worst: ["lowest score first", (i) => columns.score[i] ?? -Infinity],
};

function mark(i) {
  const score = columns.score[i];
  if (score === null) return badge("no score", "warn");
  return score === 1 ? badge("✓ right", "good") :
    score === 0      ? badge("✗ wrong", "bad") :
                       badge(Number(score.toPrecision(4)).toString());
}

/** Samples that the filters leave; texts are searched block by block, and a later search ends an earlier one. */
async function filterSamples() {
  const ticket = ++searching, wanted = FILTER.search.trim().toLowerCase();
  const tests = KINDS.filter(([key]) => FILTER.kinds.has(key)).map(([, , test]) => test);
  const tasks = about.tasks.map((task) => (FILTER.dataset === "" || task.dataset === FILTER.dataset) &&
      (FILTER.model === "" || modelName(task) === FILTER.model));
  let found = [];
  for (let i = 0; i < about.attempts; ++i)
    if (tasks[columns.task[i]] && (FILTER.set === null || FILTER.set.has(i)) && tests.every((test) => test(i))) found.push(i);
  if (wanted !== "") {
    const inside = [];
    for (let at = 0; at < found.length;) {
      const number = blockOf(found[at]), first = about.blocks[number], samples = await block(number);
      if (ticket !== searching) return;
      for (; at < found.length && blockOf(found[at]) === number; ++at)
        if (textOf(samples[found[at] - first].line).toLowerCase().includes(wanted)) inside.push(found[at]);
    }
    found = inside;
  }
  const key = SORTS[FILTER.sort][1];
  if (key) found.sort((a, b) => key(a) - key(b) || a - b);
  if (ticket !== searching) return;
  matches = found;
  page = 0;
  drawList();
  say(plural(matches.length, "sample") + " of " + count(about.attempts));
}

const asText = (value) => (value === undefined || value === null ? "" :
    typeof value === "string"                                    ? value :
                                                                   JSON.stringify(value));
const messageText = (message) =>
  asText(message.content) + (message.tool_calls ? "\n" + JSON.stringify(message.tool_calls) : "");
const promptText = (line) => (line.messages ? line.messages.map(messageText).join("\n") : asText(line.prompt));
const textOf =
  (line) => [promptText(line), line.thinking, line.prediction, asText(line.target), line.error].filter(Boolean).join("\n");

function drawList() {
  const from = page * PAGE, rows = matches.slice(from, from + PAGE).map((i) => {
    const task = taskOf(i);
    const open = el("a", {href: addressOf(i), class: "clip", dir: "auto"}, visible(columns.question[i] || "(no text)"));
    const said = columns.answer[i] === null ? el("span", {class: "soft"}, "–") :
      columns.answer[i] === ""              ? el("span", {class: "soft"}, "(none)") :
                                              visible(columns.answer[i]);
    return el("tr", {
      class: i === shown ? "chosen" : null,
      "data-attempt": i,
      onclick: (event) => {
        if (!event.target.closest("a")) location.hash = addressOf(i);
      }
    },
      el("td", {}, mark(i)),
      el("th", {scope: "row"}, open,
        el("span", {class: "soft"},
          visible(task.dataset + " #" + columns.row[i] + (columns.repeat[i] ? " / " + columns.repeat[i] : "") +
            (FILTER.model === "" && distinct(about.tasks.map(modelName)).length > 1 ? " · " + modelName(task) : "")))),
      el("td", {}, el("div", {class: "clip", dir: "auto"}, said)),
      el("td", {}, el("div", {class: "clip", dir: "auto"}, visible(columns.target[i]))));
  });
  byId("list").replaceChildren(rows.length ?
      table("List of samples", ["result", "question", "read", "wanted"], rows, {class: "list"}) :
      el("p", {class: "soft"}, "No sample is left by these filters."));
  const pages = Math.max(1, Math.ceil(matches.length / PAGE));
  const turn = (by, text) => el("button", {
    type: "button",
    disabled: page + by < 0 || page + by >= pages,
    onclick: () => {
      page += by;
      drawList();
    }
  },
    text);
  byId("pager").replaceChildren(turn(-1, "Previous"), turn(1, "Next"),
    el("span", {class: "soft"},
      matches.length ? `${count(from + 1)}–${count(Math.min(from + PAGE, matches.length))} of ${count(matches.length)}`
        : "0"));
  byId("set").hidden = FILTER.set === null;
  byId("set").textContent = FILTER.setName + " ×";
}

/** Sets filters from elsewhere on the page and goes to the samples. */
function choose(filters) {
  Object.assign(FILTER, {search: "", dataset: "", model: "", kinds: new Set(), set: null, setName: ""}, filters);
  byId("search").value = FILTER.search;
  byId("dataset").value = FILTER.dataset;
  byId("model").value = FILTER.model;
  for (const [key] of KINDS) byId("kind-" + key).checked = FILTER.kinds.has(key);
  filterSamples();
  byId("samples").scrollIntoView();
  byId("samples").focus({preventScroll: true});
}

function chooseFlips(a, b, pair, sign, name) {
  const task = (side) => about.tasks.findIndex(
    (one) => one.run === side.run && one.model === side.model && one.dataset === pair.dataset && one.stage === "");
  const set = new Set(), wanted = pair.flips.filter((flip) => flip[2] === sign);
  const rows = {[task(a)]: new Set(wanted.map((flip) => flip[0])), [task(b)]: new Set(wanted.map((flip) => flip[1]))};
  for (let i = 0; i < about.attempts; ++i)
    if (rows[columns.task[i]]?.has(columns.row[i])) set.add(i);
  choose({set, setName: name});
}

function showSamples() {
  const tasks = about.tasks, pick = (id, label, values) => {
    const made = choice(label, [["", "all"], ...values.map((value) => [value, value])], (value) => {
      FILTER[id] = value;
      filterSamples();
    });
    made.select.id = id;
    return made.node;
  };
  let waiting = 0;
  const search = el("input", {
    type: "search",
    id: "search",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        FILTER.search = search.value;
        filterSamples();
      }, 250);
    }
  });
  const kinds = el("fieldset", {}, el("legend", {class: "hidden"}, "Only those that are"),
    KINDS.map(([key, text]) => el("label", {class: "check"}, el("input", {
      type: "checkbox",
      id: "kind-" + key,
      onchange: (event) => {
        if (event.target.checked) FILTER.kinds.add(key);
        else FILTER.kinds.delete(key);
        filterSamples();
      }
    }),
                text)));
  const sort = choice("Order", Object.entries(SORTS).map(([key, [text]]) => [key, text]), (value) => {
    FILTER.sort = value;
    filterSamples();
  });
  sort.select.id = "order";
  byId("samples").append(el("div", {class: "controls"}, el("label", {}, "Search prompts and replies", search),
                           pick("dataset", "Data set", distinct(tasks.map((task) => task.dataset))),
                           pick("model", "Model", distinct(tasks.map(modelName))), sort.node, kinds, el("button", {
                             type: "button",
                             id: "set",
                             hidden: true,
                             onclick: () => {
                               FILTER.set = null;
                               filterSamples();
                             }
                           })),
    el("div", {class: "browser"}, el("div", {}, el("div", {id: "list"}), el("div", {class: "pager", id: "pager"})),
      el("article", {class: "detail", id: "detail", tabindex: "-1", "aria-label": "The chosen sample"},
        el("p", {class: "soft"}, "Choose a sample to see what was asked and said."))));
  return filterSamples();
}
