// The parts above and below the samples: title, table, findings, groups, comparison, tasks.

const STATUS = {
  complete: "good",
  failed: "bad",
  missing: "warn",
  incomplete: "warn"
};

function showTitle() {
  const run = about.runs[0], models = about.runs.flatMap((one) => one.table.models);
  byId("title").replaceChildren(visible(distinct(models).join(", ")));
  byId("subtitle")
    .append(badge(run.status, STATUS[run.status]),
      el("span", {}, "run ", el("span", {class: "mono"}, visible(about.runs.map((one) => one.name).join(" and ")))),
      el("span", {}, plural(distinct(about.tasks.map((task) => task.dataset)).length, "data set")),
      el("span", {}, plural(about.attempts, "sample")),
      el("span", {}, (run.started || "").replace("T", " ").replace(/[+-]\d{4}$/, "")));
  if (about.left_out > 0)
    byId("scores").append(el("p", {class: "note"},
      `This page holds the first ${count(about.attempts)} attempts; ${
        count(about.left_out)} more are only in the run's samples folder.`));
  const parts = [...document.querySelectorAll("main section")].filter((section) => !section.hidden);
  byId("parts").append(
    ...parts.map((section) => el("li", {}, el("a", {href: "#" + section.id}, section.querySelector("h2").textContent))));
}

function scoreCell(cell, scale) {
  if (cell.value === undefined)
    return el(
      "td", {}, badge(cell.text, STATUS[cell.text]), cell.error ? el("div", {class: "soft"}, visible(cell.error)) : null);
  const range = cell.low !== null && cell.high !== null ? `[${fixed(cell.low, 1)}, ${fixed(cell.high, 1)}]` : "";
  return el("td", {}, el("span", {class: "num" + (cell.best ? " best" : "")}, cell.text), el("span", {class: "range"}, range),
    cell.best ? el("span", {class: "hidden"}, "best; the difference is significant") : null, whisker(cell, scale));
}

/** From 0 to 100 where values are shares; else what the row needs. */
function scaleOf(cells) {
  const values = cells.filter((cell) => cell.value !== undefined)
                   .flatMap((cell) => [cell.value, cell.low ?? cell.value, cell.high ?? cell.value]);
  const low = Math.min(0, ...values), high = Math.max(...values);
  return {low, high: low >= 0 && high <= 100 && values.some((value) => value > 1.5) ? 100 : high};
}

function showScores() {
  for (const run of about.runs) {
    const t = run.table, groups = new Set(t.groups.map((group) => group.name));
    if (several) byId("scores").append(el("h3", {}, "Run ", visible(run.name)));
    const seen = new Set();
    const rows = t.rows.map((row) => {
      const again = seen.has(row.dataset), scale = scaleOf(row.cells);
      seen.add(row.dataset);
      const name = groups.has(row.dataset) ?
        visible(row.dataset) :
        el("button", {type: "button", class: "link", title: "show its samples", onclick: () => choose({dataset: row.dataset})},
          visible(row.dataset));
      return el("tr", {class: groups.has(row.dataset) ? "group" : null},
        el("th", {scope: "row"}, again ? el("span", {class: "hidden"}, visible(row.dataset)) : name),
        el("td", {}, visible(row.metric)), el("td", {class: "soft wide"}, visible(row.mode)),
        el("td", {class: "soft mono wide"}, visible(row.version)), row.cells.map((cell) => scoreCell(cell, scale)),
        el("td", {class: "num soft wide"},
          row.cells.some((cell) => cell.n) ? count(Math.max(...row.cells.map((cell) => cell.n || 0))) : ""));
    });
    byId("scores").append(table("Scores with 95 % intervals",
      [
        "data set", "metric", {text: "mode", class: "wide"}, {text: "version", class: "wide"},
        ...t.models.map((model) => ({text: model})), {text: "questions", class: "num wide"}
      ],
      rows));
    if (t.rows.some((row) => row.cells.some((cell) => cell.best)))
      byId("scores").append(
        el("p", {class: "soft"}, "★ the best of its row, and shown to be better than each other model (paired, 5 %)"));
  }
}

const SEVERITY = {
  error: "bad",
  warning: "warn",
  note: ""
};

/** What `sextant check` says of the run's configuration (sextant report --check). */
function showChecked(run) {
  const rows = run.checked.map((one) => el("tr", {}, el("td", {}, badge(one.severity, SEVERITY[one.severity])),
    el("th", {scope: "row"}, visible(one.dataset || one.model || "the run")),
    el("td", {}, visible(one.text), one.sample ? el("div", {class: "soft"}, `row ${one.index ?? one.row ?? ""}: `, visible(one.sample)) : null),
    el("td", {}, visible(one.remedy || ""))));
  byId("findings").append(rows.length === 0 ?
    el("p", {}, "sextant check finds nothing in this run's configuration and data.") :
    table("What sextant check finds in this run's configuration and data", ["severity", "of", "finding", "what to do"], rows));
}

/** The same questions with something changed that should not matter (--perturb). */
function showRobustness() {
  for (const run of about.runs) {
    if (!run.robustness || run.robustness.length === 0) continue;
    const cell = (content) => el("td", {class: "num"}, content);
    const rows = run.robustness.map((one) => el("tr", {}, el("th", {scope: "row"}, visible(one.dataset)), el("td", {}, visible(one.model)),
      el("td", {}, visible(one.kind)),
      one.error ? el("td", {colspan: 7}, visible(one.error)) :
                  [fixed(one.value), fixed(one.low), fixed(one.high), fixed(one.between_variants), count(one.variants),
                    `${count(one.changed_scores)} of ${count(one.n)}`, one.p === null ? "–" : one.p.toPrecision(2)].map(cell)));
    byId("scores").append(table("The same questions with something changed that should not matter",
      ["data set", "model", "changed", ...["as it is", "lowest", "highest", "sd of variants", "variants", "questions that flip", "p"].map(
        (text) => ({text, class: "num"}))], rows));
    for (const one of run.robustness)
      if (one.own_order)
        byId("scores").append(el("p", {class: one.own_order.p < .01 ? "note" : "soft"}, visible(one.dataset), ", ", visible(one.model),
          `: the set's own order of options is the most probable in ${one.own_order.first} of ${one.own_order.n} questions, of ${
            one.own_order.orders} orders (p ${one.own_order.p.toPrecision(2)})`));
  }
}

function showFindings() {
  const notes =
    about.runs.flatMap((run) => [...run.findings, ...run.errors].map((text) => (several ? run.name + ": " : "") + text));
  for (const task of about.tasks)
    if (task.error) notes.push(`${task.dataset} on ${modelName(task)}: ${task.error}`);
  const checked = about.runs.filter((run) => run.checked);
  if (notes.length === 0 && checked.length === 0) return;
  byId("findings").hidden = false;
  byId("findings").append(el("ul", {class: "notes"}, distinct(notes).map((text) => el("li", {class: "note"}, visible(text)))));
  for (const run of checked) showChecked(run);
  const spoken = distinct(about.tasks.flatMap((task) => (task.suspicious || []).map(
    (one) => `${several ? about.runs[task.run].name + ": " : ""}${task.dataset}, row ${one.index} of ${one.model}: ${one.quote}`)));
  if (spoken.length > 0)
    byId("findings").append(
      folded("Answers that speak to a judge (" + spoken.length + ")", el("ul", {}, spoken.map((text) => el("li", {}, visible(text))))));
}

/** A bar for each member of each group. */
function showGroups() {
  for (const run of about.runs) {
    const first = new Map();
    for (const row of run.table.rows)
      if (!first.has(row.dataset)) first.set(row.dataset, row);
    for (const group of run.table.groups) {
      const members = group.members.filter((name) => first.has(name)).map((name) => first.get(name));
      if (members.length < 2) continue;
      byId("groups").hidden = false;
      const scale = scaleOf(members.flatMap((row) => row.cells));
      const rows = members.map(
        (row) => el("tr", {}, el("th", {scope: "row"}, visible(row.dataset)), row.cells.map((cell) => scoreCell(cell, scale))));
      const body = table("Members of " + group.name, ["data set", ...run.table.models], rows);
      byId("groups").append(el("details", {open: members.length <= 20},
        el("summary", {}, visible(group.name), ` (${members.length} data sets${several ? ", run " + run.name : ""})`), body));
    }
  }
}

const signed = (value) => (value === null ? "–" : (value > 0 ? "+" : "") + value.toFixed(2));

// Of one model in two precisions: how far its probabilities have moved beneath the scores.
function precisionTable(precision) {
  const digits = (value) => (typeof value === "number" ? value.toPrecision(3) : "–");
  const points = (value) => (typeof value === "number" ? signed(100 * value) : "–");
  const grown = (logRatio) => (typeof logRatio === "number" ? signed(100 * Math.expm1(logRatio)) : "–");
  const range = (one, write) =>
    el("span", {class: "range"}, typeof one.low === "number" ? `[${write(one.low)}, ${write(one.high)}]` : "");
  const share = (one) => (one ? [fixed(100 * one.share), range(one, (value) => fixed(100 * value))] : "–");
  const cell = (content) => el("td", {class: "num"}, content);
  const rows = precision.datasets.map((one) => {
    const {kl, perplexity, answer_probability: answer} = one;
    return el("tr", {}, el("th", {scope: "row"}, visible(one.dataset)), cell(count(one.n)),
      cell(kl ? [digits(kl.mean), range(kl, digits)] : "–"), cell(share(one.agreement)), cell(share(one.same_reply)),
      cell(answer ? `${points(answer.mean)} (${points(answer.rms).slice(1)})` : "–"),
      cell(perplexity ? digits(perplexity.a) : "–"), cell(perplexity ? digits(perplexity.b) : "–"),
      cell(perplexity ? [grown(perplexity.log_ratio), range(perplexity, grown)] : "–"));
  });
  const heads =
    ["n", "KL, nats", "same answer, %", "same reply, %", "p of the answer, points (rms)", "perplexity A", "B", "change, %"];
  return [
    el("p", {}, "Precision: ", visible(precision.why)),
    table("What the precision changes beneath the scores", ["data set", ...heads.map((text) => ({text, class: "num"}))], rows)
  ];
}

function showComparison() {
  for (const one of about.comparisons) {
    const side = (at) => ({run: one["run_" + at], model: one[at].model});
    const name = (at) => one[at].model + (several ? " (" + about.runs[one["run_" + at]].name + ")" : "");
    byId("comparison").hidden = false;
    const rows = one.pairs.map((pair) => {
      const clear = pair.p_adjusted !== null && pair.p_adjusted <= .05,
            better = (pair.difference > 0) === pair.higher_is_better;
      const flips = (sign, n, who) => (n > 0 ? el("button", {
        type: "button",
        class: "link",
        "aria-label": `${n} samples of ${pair.dataset} on which only ${who} is better`,
        onclick: () => chooseFlips(side("a"), side("b"), pair, sign, `${pair.dataset}: ${who} better`)
      },
                                                 count(n)) :
                                               "0");
      return el("tr", {}, el("th", {scope: "row"}, visible(pair.dataset)), el("td", {}, visible(pair.metric)),
        el("td", {class: "num"}, count(pair.n)), el("td", {class: "num"}, fixed(pair.a)),
        el("td", {class: "num"}, fixed(pair.b)),
        el("td", {class: "num"}, signed(pair.difference),
          el("span", {class: "range"}, pair.low === null ? "" : `[${signed(pair.low)}, ${signed(pair.high)}]`)),
        el("td", {class: "num"},
          pair.p_adjusted === null  ? "–" :
            pair.p_adjusted < .0001 ? "<0.0001" :
                                      pair.p_adjusted.toFixed(4)),
        el("td", {}, clear ? badge((better ? "B" : "A") + " is better", better ? "good" : "bad") : badge("not significant")),
        el("td", {class: "num"}, flips(-1, pair.a_only, "A")), el("td", {class: "num"}, flips(1, pair.b_only, "B")));
    });
    byId("comparison")
      .append(el("p", {}, el("strong", {}, "A "), visible(name("a")), el("br"), el("strong", {}, "B "), visible(name("b"))),
        table("Paired comparison of " + name("a") + " and " + name("b"),
          [
            "data set", "metric", {text: "n", class: "num"}, {text: "A", class: "num"}, {text: "B", class: "num"},
            {text: "B − A, 95 %", class: "num"}, {text: "p (Holm)", class: "num"}, "verdict at 5 %",
            {text: "A only", class: "num"}, {text: "B only", class: "num"}
          ],
          rows),
        ...(one.precision ? precisionTable(one.precision) : []),
        one.differences.length ? el("details", {}, el("summary", {}, "What differs (" + one.differences.length + ")"),
                                   el("ul", {}, one.differences.map((text) => el("li", {}, visible(text))))) :
                                 null,
        ...one.refused.map(
          (refused) => el("p", {class: "note"}, "Not compared: ", visible(refused.dataset), ": ", visible(refused.reason))));
  }
}

function showTasks() {
  const cut = new Array(about.tasks.length).fill(0), unread = cut.slice();
  for (let i = 0; i < about.attempts; ++i) {
    if (has(i, FLAG.cut)) ++cut[columns.task[i]];
    if (has(i, FLAG.unparsed)) ++unread[columns.task[i]];
  }
  const number = (n, alarm) => el("td", {class: "num"}, alarm && n > 0 ? badge(count(n), "warn") : count(n));
  const rows = about.tasks.map(
    (task, i) => el("tr", {},
      el("th", {scope: "row"}, visible(task.dataset), task.stage ? el("span", {class: "soft"}, " (" + task.stage + ")") : null),
      el("td", {}, visible(modelName(task))), el("td", {}, badge(task.status, STATUS[task.status])), number(task.samples),
      number(task.truncated_prompts, true), number(task.dropped_shots, true), number(cut[i], true), number(unread[i], true),
      number(task.prompt_tokens), number(task.generated_tokens),
      el("td", {class: "num"}, task.infer_s === null ? "" : task.infer_s.toFixed(1) + " s")));
  const heads =
    ["samples", "prompts cut", "examples dropped", "replies cut", "no answer read", "prompt tokens", "generated", "time"].map(
      (text) => ({text, class: "num"}));
  byId("tasks").append(table("Tasks, their tokens, and what was cut", ["data set", "model", "status", ...heads], rows));
}

function showRun() {
  for (const run of about.runs) {
    const facts = [
      ["folder", run.path], ["started", run.started], ["finished", run.finished], ["host", run.host], ["Sextant", run.version]
    ];
    for (const model of run.models)
      facts.push([
        "model " + model.name,
        [
          model.backend, model.device, model.compute, model.adapter && "adapter " + model.adapter,
          model.chat_template && "chat template " + model.chat_template,
          model.weights && "weights " + model.weights.slice(0, 16)
        ].filter(Boolean)
          .join(", ")
      ]);
    byId("run").append(el("dl", {class: "facts"},
      facts.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", {}, visible(name)), el("dd", {}, visible(text))])));
  }
  byId("run").append(
    el("p", {class: "soft"},
      `Made by Sextant ${about.sextant}. Everything on this page lies in this one file; nothing is loaded. `,
      "Keys while a sample is shown: j or ↓ next, k or ↑ previous, / search, w wrong ones, Escape back to the list."),
    el("label", {class: "check"}, el("input", {type: "checkbox", id: "keys", checked: true}), " single keys do this"));
}
