// One sample in full.

function turns(line, wanted) {
  if (!line.messages) return textBlock(asText(line.prompt), {label: "Prompt", end: true, wanted});
  return line.messages.map(
    (message) => el("div", {class: "turn"}, el("div", {class: "role"}, visible(asText(message.role) || "?")),
      textBlock(messageText(message), {label: "Turn: " + asText(message.role), end: true, wanted})));
}

/** Labels with their ln p, and the probabilities that these give them. */
function labelTable(line, more) {
  if (!Array.isArray(line.labels) || line.labels.length < 2 || !Array.isArray(line.logprobs)) return null;
  const known = line.logprobs.filter((value) => typeof value === "number"), most = Math.max(...known),
        sum = known.reduce((all, value) => all + Math.exp(value - most), 0);
  const answer = asText(line.reference ?? line.target);
  const rows = line.labels.map((name, i) => {
    const value = line.logprobs[i], p = typeof value === "number" ? Math.exp(value - most) / sum : null,
          facts = more?.labels?.[i];
    return el("tr", {},
      el("th", {scope: "row"}, visible(name), " ",
        name === line.prediction ? badge("chosen", name === answer ? "good" : "bad") : null,
        name === answer ? badge("wanted") : null),
      el("td", {class: "num"}, fixed(value, 4)), el("td", {class: "num"}, facts ? count(facts.tokens) : "–"),
      el(
        "td", {class: "num"}, facts && facts.tokens > 0 && typeof value === "number" ? (value / facts.tokens).toFixed(4) : "–"),
      el("td", {}, p === null ? "–" : percent(p, 1),
        p === null ? null : whisker({value: p, low: null, high: null}, {low: 0, high: 1})));
  });
  return [
    el("h4", {}, "Labels"),
    table("Labels and their log-probabilities",
      ["label", {text: "ln p", class: "num"}, {text: "tokens", class: "num"}, {text: "per token", class: "num"}, "share of p"],
      rows),
    (more?.labels ?? []).some((one) => one.input) ?
      folded("Texts that were scored",
        more.labels.map((one) => el("div", {class: "turn"}, el("div", {class: "role"}, visible(one.label)),
                          textBlock(asText(one.input), {label: "Text of " + one.label, end: true})))) :
      null
  ];
}

/** ln p of each token of a text, where the run recorded them: the less probable a token, the taller its bar. */
function tokenPlot(values) {
  const shown = values.slice(0, 2000), most = shown.reduce((all, value) => Math.max(all, -value), 1), w = 640, h = 70, step = w / shown.length;
  const sum = shown.reduce((all, value) => all + value, 0);
  return figure("ln p of each token",
    ` ${count(shown.length)} of ${count(values.length)} tokens, mean ${(sum / shown.length).toFixed(3)}, least ${(-most).toFixed(2)}`,
    drawing(w, h, `ln p of ${shown.length} tokens, mean ${(sum / shown.length).toFixed(3)}, least ${(-most).toFixed(2)}`,
      shown.map((value, i) => el("rect", {class: "bar", x: i * step, y: h - h * -value / most, width: Math.max(0.4, 0.8 * step), height: h * -value / most},
        el("title", {}, `token ${i + 2}: ln p ${value.toFixed(4)}`)))));
}

/** What the other models, runs and repeats say to the same question. */
function others(attempt) {
  const task = taskOf(attempt), found = [];
  about.tasks.forEach((one, number) => {
    if (one.dataset !== task.dataset || one.stage !== task.stage) return;
    for (let repeat = 0;; ++repeat) {
      const other = attemptAt(number, columns.row[attempt], repeat);
      if (other === null) break;
      if (other !== attempt) found.push(other);
      if (found.length >= 20) break;
    }
  });
  if (found.length === 0) return null;
  const rows = found.map(
    (other) => el("tr", {},
      el("th", {scope: "row"},
        el("a", {href: addressOf(other)},
          visible(modelName(taskOf(other)) +
            (columns.repeat[other] || taskOf(other) === task ? ", repeat " + columns.repeat[other] : "")))),
      el("td", {}, mark(other)), el("td", {}, el("div", {class: "clip", dir: "auto"}, visible(columns.answer[other] ?? "–")))));
  return [el("h4", {}, "The same question elsewhere"), table("The same question elsewhere", ["model", "result", "read"], rows)];
}

/** Two answers that a judge was shown, side by side. */
function pairOf(task, more) {
  if (task.stage !== "judge" || typeof more?.record?.prediction2 !== "string") return null;
  const side = (name, text) => el("div", {}, el("h4", {}, name), textBlock(text, {label: name}));
  return [
    el("h4", {}, "Question"),
    textBlock(asText(more.record.question ?? more.record.prompt ?? more.record.input), {label: "Question"}),
    el("div", {class: "sides"}, side("First answer (A)", asText(more.record.prediction)),
      side("Second answer (B)", more.record.prediction2))
  ];
}

function folded(title, ...content) { return el("details", {}, el("summary", {}, title), content); }

async function showSample(attempt, focus) {
  shown = attempt;
  for (const row of document.querySelectorAll("#list tr[data-attempt]"))
    row.classList.toggle("chosen", Number(row.dataset.attempt) === attempt);
  const {line, more} = await sampleOf(attempt);
  if (shown !== attempt) return;
  const task = taskOf(attempt), wanted = FILTER.search.trim(), place = matches.indexOf(attempt);
  const step = (by, text) => el("button",
    {type: "button", disabled: place < 0 || place + by < 0 || place + by >= matches.length, onclick: () => move(by)}, text);
  const answers = Object.entries(line.answers || {}), read = answers.length ? answers[0][1] : null;
  const thought = line.thinking || more?.thought?.thinking;
  const score = columns.score[attempt], kind = isVerdict(attempt) ? "" : score === 1 ? "good" : score === 0 ? "bad" : "warn";
  const facts = Object.entries(line.scores || {}).map(([name, value]) => [name, value === null ? "no score" : String(value)]);
  for (const [name, answer] of answers.slice(1)) facts.push(["read by " + name, asText(answer)]);
  for (const [name, text] of Object.entries(line.metric_answers || {})) facts.push(["read by metric " + name, text]);
  for (const [name, text] of Object.entries(line.explanations || {})) facts.push(["because (" + name + ")", text]);
  facts.push(["prompt", plural(line.prompt_tokens || 0, "token")]);
  if (line.finish)
    facts.push([
      "reply",
      plural(line.generated_tokens || 0, "token") + ", " +
        (line.finish === "length" ? "cut at its maximum length" : "ended by " + line.finish)
    ]);
  if (more?.truncated_tokens) facts.push(["cut from the prompt", plural(more.truncated_tokens, "token")]);
  if (more?.dropped_shots) facts.push(["examples left out", String(more.dropped_shots)]);
  if (line.cluster) facts.push(["cluster", line.cluster]);
  const copy = el("button", {
    type: "button",
    onclick: () => navigator.clipboard?.writeText(location.href)
                     .then(() => say("The address has been copied."), () => say("The browser does not allow copying."))
  },
    "Copy address");
  byId("detail")
    .replaceChildren(
      ...[el("h3", {}, visible(`${task.dataset} #${line.index}` + (line.repeat ? `, repeat ${line.repeat}` : "")), " ",
            mark(attempt)),
        el("p", {class: "soft"}, visible(modelName(task))),
        el("div", {class: "controls"}, step(-1, "Previous sample"), step(1, "Next sample"), copy),
        line.error ? el("p", {class: "note"}, visible(line.error)) : null,
        el("div", {class: "verdict"},
          el("div", {class: kind}, el("div", {class: "what"}, "read"),
            el("div", {class: "said", dir: "auto"},
              read === null ? "(failed)" :
                read === "" ? "(none)" :
                              visible(asText(read)))),
          el("div", {}, el("div", {class: "what"}, "wanted"),
            el("div", {class: "said", dir: "auto"}, visible(asText(line.reference ?? line.target)) || ""))),
        pairOf(task, more),
        labelTable(line, more),
        Array.isArray(more?.extra?.token_logprobs) && more.extra.token_logprobs.length > 0 ? tokenPlot(more.extra.token_logprobs) : null,
        el("h4", {}, "Prompt"),
        turns(line, wanted),
        line.tools ? folded("Tools that were offered", textBlock(JSON.stringify(line.tools, null, 1), {label: "Tools"})) : null,
        thought ?
          folded("Thinking (" + plural(thought.length, "character") + ")", textBlock(thought, {label: "Thinking", wanted})) :
          null,
        line.finish ?
          [
            el("h4", {}, "Reply"),
            textBlock(more?.thought ? more.thought.answer : asText(line.prediction), {label: "Reply", class: "reply", wanted})
          ] :
          null,
        more?.thought ? folded("Reply as it came, with its thinking",
                          textBlock(asText(line.prediction), {label: "Reply as it came", wanted})) :
                        null,
        others(attempt),
        el("h4", {}, "Facts"),
        el("dl", {class: "facts"},
          facts.flatMap(([name, text]) => [el("dt", {}, visible(name)), el("dd", {}, visible(asText(text)))])),
        more?.record ? folded("Row of the data", textBlock(JSON.stringify(more.record, null, 1), {label: "Row of the data"})) :
                       null,
        more?.extra ? folded("Further values", textBlock(JSON.stringify(more.extra, null, 1), {label: "Further values"})) :
                      null,
        folded("Prompt as tokens", el("p", {class: "soft"}, "This prints the text and the token ids that are sent:"),
          textBlock(
            `sextant prompt ${about.runs[task.run].path}/configs/run.json -n ${line.index} --tokens`, {label: "Command"})),
  ].flat()
        .filter((node) => node !== null));
  if (focus) byId("detail").focus({preventScroll: false});
}

/** To the next or previous sample that the filters leave. */
function move(by) {
  const place = shown === null ? (by > 0 ? -1 : matches.length) : matches.indexOf(shown), next = matches[place + by];
  if (next === undefined) return;
  if (Math.floor((place + by) / PAGE) !== page) {
    page = Math.floor((place + by) / PAGE);
    drawList();
  }
  location.hash = addressOf(next);
}
