// Plots as SVG. Each has its numbers as text for who does not see it.

function figure(title, about_it, ...content) {
  return el("figure", {}, el("figcaption", {}, title, about_it ? el("span", {}, about_it) : null), content);
}

function drawing(width, height, label, ...content) {
  return el("svg", {viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": label}, content);
}

function label(x, y, text, anchor) { return el("text", {x, y, "text-anchor": anchor || "start"}, text); }

/** A score on the scale of its table: a bar, and a whisker for its 95 % interval. */
function whisker(cell, scale) {
  const span = scale.high - scale.low || 1, x = (value) => 200 * Math.min(1, Math.max(0, (value - scale.low) / span));
  const known = cell.low !== null && cell.high !== null;
  const out = el("svg", {class: "whisker", viewBox: "0 0 200 14", preserveAspectRatio: "none", "aria-hidden": "true"},
    el("rect", {class: "track", x: 0, y: 5, width: 200, height: 4, rx: 2}),
    el(
      "rect", {class: "bar", x: Math.min(x(0), x(cell.value)), y: 5, width: Math.abs(x(cell.value) - x(0)), height: 4, rx: 2}));
  if (known)
    out.append(el("path", {
      class: "mark",
      "vector-effect": "non-scaling-stroke",
      d: `M${x(cell.low)} 7H${x(cell.high)}M${x(cell.low)} 3V11M${x(cell.high)} 3V11`
    }));
  return out;
}

/** Round numbers between low and high. */
function ticks(low, high, wanted) {
  const raw = (high - low) / wanted || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const out = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step)
    out.push(Number(value.toPrecision(12)));
  return out;
}

/** How often values come, in bins of equal width (log: of equal ratio). */
function histogram(title, unit, values, options = {}) {
  const shown = values.filter((value) => Number.isFinite(value) && (!options.log || value > 0));
  if (shown.length === 0 || shown.every((value) => value === 0)) return null;
  const scaled = options.log ? shown.map(Math.log10) : shown;
  let low = options.low ?? Infinity, high = -Infinity;
  for (const value of scaled) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const whole = !options.log && shown.every(Number.isInteger);
  let bins = Math.min(30, Math.max(8, Math.ceil(Math.sqrt(shown.length))));
  if (whole) bins = Math.min(bins, high - low + 1);
  const end = whole ? high + 1 : high, width = (end - low) / bins || 1;
  const heights = new Array(Math.max(1, bins)).fill(0);
  for (const value of scaled) ++heights[Math.min(heights.length - 1, Math.floor((value - low) / width))];
  const most = Math.max(...heights), sorted = Float64Array.from(shown).sort(), median = sorted[sorted.length >> 1];
  const w = 320, h = 150, bottom = h - 18, left = 4,
        x = (value) => left + (w - 2 * left) * (value - low) / (width * heights.length);
  const back = (value) => (options.log ? 10 ** value : value);
  const bars = heights.map(
    (height, i) => el("rect", {
      class: "bar",
      x: x(low + i * width) + .5,
      width: Math.max(1, x(low + width) - x(low) - 1),
      y: bottom - (bottom - 14) * height / most,
      height: (bottom - 14) * height / most
    },
      el("title", {}, `${short(back(low + i * width))} to ${short(back(low + (i + 1) * width))}: ${count(height)}`)));
  const marks =
    (options.log ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map(Math.log10).filter((value) => value >= low && value <= end) :
                   ticks(low, end, 5).filter((value) => !whole || Number.isInteger(value)))
      .map((value) => label(x(value), h - 4, short(back(value)), "middle"));
  const summary = `${plural(shown.length, "sample")}, from ${short(sorted[0])} to ${short(sorted[sorted.length - 1])}, median ${
    short(median)} ${unit}`;
  return figure(title, summary,
    drawing(w, h, title + ": " + summary, el("line", {class: "axis", x1: 0, x2: w, y1: bottom, y2: bottom}), bars, marks,
      label(w, 9, "at most " + count(most), "end")));
}

const short = (value) => (Math.abs(value) >= 1e6 ? (value / 1e6).toPrecision(3) + "M" :
    Math.abs(value) >= 1e4                       ? (value / 1e3).toPrecision(3) + "k" :
    Number.isInteger(value)                      ? String(value) :
                                                   String(Number(value.toPrecision(3))));

/** Shares of a whole as bars with their names. */
function shares(title, about_it, parts) {
  const whole = parts.reduce((sum, part) => sum + part[1], 0);
  if (whole === 0) return null;
  const row = 24, w = 320, most = Math.max(...parts.map((part) => part[1]));
  const rows =
    parts.map(([name, n], i) => [label(0, i * row + 15, name),
                el("rect", {class: "bar", x: 90, y: i * row + 5, height: 12, rx: 2, width: Math.max(1, 130 * n / most)}),
                label(w, i * row + 15, count(n) + " (" + percent(n, whole) + ")", "end")]);
  return figure(title, about_it,
    drawing(
      w, parts.length * row, title + ": " + parts.map(([name, n]) => name + " " + percent(n, whole)).join(", "), rows.flat()));
}

/** How often the best label is right, by the probability that the model gives it, in ten bins. */
function calibration(confidences, hits) {
  const bins = Array.from({length: 10}, () => ({n: 0, sum: 0, right: 0}));
  let n = 0;
  confidences.forEach((confidence, i) => {
    if (confidence === null) return;
    const bin = bins[Math.min(9, Math.floor(confidence * 10))];
    ++n;
    ++bin.n;
    bin.sum += confidence;
    bin.right += hits[i];
  });
  if (n === 0) return null;
  const error = bins.reduce((sum, bin) => sum + (bin.n ? Math.abs(bin.right - bin.sum) / n : 0), 0);
  const size = 230, pad = 28, x = (value) => pad + (size - pad - 6) * value,
        y = (value) => size - pad - (size - pad - 6) * value;
  const most = Math.max(...bins.map((bin) => bin.n));
  const dots =
    bins.filter((bin) => bin.n)
      .map((bin) =>
             el("circle", {class: "dot", cx: x(bin.sum / bin.n), cy: y(bin.right / bin.n), r: 3 + 8 * Math.sqrt(bin.n / most)},
               el("title", {}, `${count(bin.n)}: probability ${fixed(bin.sum / bin.n)}, right ${percent(bin.right, bin.n)}`)));
  const axes = [0, .5, 1].flatMap(
    (value) => [label(x(value), size - pad + 14, String(value), "middle"), label(pad - 5, y(value) + 4, String(value), "end"),
      el("line", {class: "axis", x1: x(0), x2: x(1), y1: y(value), y2: y(value)})]);
  const summary = `${plural(n, "sample")}; expected calibration error ${
    fixed(error, 3)}. Across: probability of the best label; up: how often it is right`;
  return figure("Calibration", summary,
    drawing(size, size, "Calibration: " + summary, axes,
      el("line", {class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1)}), dots));
}

const OPTIONS_MAX = 12;

/** What was read against what was wanted; nothing where the answers are not few. */
function confusion(answers, targets) {
  const wanted = distinct(targets).sort();
  if (wanted.length < 2 || wanted.length > OPTIONS_MAX) return null;
  const read = [...wanted, "other"], cells = new Map();
  let most = 0, unread = false;
  answers.forEach((answer, i) => {
    const column = answer !== null && answer !== "" && wanted.includes(answer) ? answer : "other";
    unread = unread || column === "other";
    const key = targets[i] + "\u0000" + column, n = (cells.get(key) || 0) + 1;
    cells.set(key, n);
    most = Math.max(most, n);
  });
  if (!unread) read.pop();
  const rows = wanted.map((target) => el("tr", {}, el("th", {scope: "row"}, visible(target)), read.map((answer) => {
    const n = cells.get(target + "\u0000" + answer) || 0;
    const cell = el("td", {class: answer === target ? "diagonal-cell" : null}, count(n));
    cell.style.background = `rgba(var(--shade), ${(.45 * n / most).toFixed(3)})`;
    return cell;
  })));
  return figure("Confusion", "Rows: the answer that was wanted; columns: what was read",
    el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion"},
      el("table", {class: "confusion"},
        el("thead", {},
          el("tr", {}, el("th", {scope: "col"}, "wanted"), read.map((answer) => el("th", {scope: "col"}, visible(answer))))),
        el("tbody", {}, rows))));
}

const FIGURES = {
  model: "",
  dataset: ""
};

/** The figures of the chosen tasks. */
function drawPlots() {
  const kept_tasks =
    new Set(about.tasks.map((task, i) => [task, i])
              .filter(([task]) => task.stage === "" && (FIGURES.model === "" || modelName(task) === FIGURES.model) &&
                  (FIGURES.dataset === "" || task.dataset === FIGURES.dataset))
              .map(([, i]) => i));
  const chosen = [];
  for (let i = 0; i < about.attempts; ++i)
    if (kept_tasks.has(columns.task[i])) chosen.push(i);
  const of = (name, flag) => (flag ? chosen.filter((i) => has(i, flag)) : chosen).map((i) => columns[name][i]);
  const finishes = ["ended by itself", "cut at its maximum length", "no reply"], ends = [0, 0, 0];
  for (const i of chosen) ++ends[has(i, FLAG.cut) ? 1 : has(i, FLAG.finished) ? 0 : 2];
  const scores = of("score").filter((score) => score !== null), graded = scores.some((score) => score !== 0 && score !== 1);
  const unread = chosen.filter((i) => has(i, FLAG.unparsed)).length;
  const figures = [
    confusion(of("answer"), of("target")),
    calibration(of("confidence"), of("hit")),
    graded ? histogram("Scores", "", scores) : null,
    ends[0] + ends[1] > 0 ?
      shares("How replies ended",
        unread > 0 ? plural(unread, "reply").replace("replys", "replies") + " without an answer that could be read" : "",
        finishes.map((name, i) => [["by itself", "cut", "no reply"][i], ends[i]]).filter(([, n]) => n > 0)) :
      null,
    ends[0] + ends[1] > 0 ? histogram("Length of replies", "tokens", of("generated", FLAG.finished)) : null,
    histogram("Length of prompts", "tokens", of("prompt")),
    ends[0] + ends[1] > 0 ? histogram("Repetition", "bytes per compressed byte; above 2.4 a reply usually loops",
                              of("ratio", FLAG.finished), {log: true}) :
                            null,
    histogram("Margin between the two best labels, or tokens of a reply", "", of("margin").filter((margin) => margin !== null)),
  ].filter((one) => one !== null);
  byId("figures").replaceChildren(
    ...(figures.length ? figures : [el("p", {class: "soft"}, "There is nothing to draw for this choice.")]));
}

function showPlots() {
  const tasks = about.tasks.filter((task) => task.stage === "");
  const pick = (name, values, text) => choice(text, [["", "all"], ...values.map((value) => [value, value])], (value) => {
    FIGURES[name] = value;
    drawPlots();
  }).node;
  byId("plots").append(el("div", {class: "controls"}, pick("dataset", distinct(tasks.map((task) => task.dataset)), "Data set"),
                         pick("model", distinct(tasks.map(modelName)), "Model")),
    el("div", {class: "figures", id: "figures"}));
  drawPlots();
}
