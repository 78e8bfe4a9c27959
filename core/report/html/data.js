// What the page holds: "about" as JSON, the columns and the blocks as base64 of zlib's format. A block is read when one of its
// samples is looked at.

const about = JSON.parse(byId("about").textContent);
const several = about.runs.length > 1;
let columns = null;  // {task: [...], row: [...], ...}, once they have been read

const FLAG = {
  unparsed: 1,
  cut: 2,
  noScore: 4,
  thinking: 8,
  promptCut: 16,
  shotsDropped: 32,
  finished: 64
};

async function inflated(id) {
  const text = atob(byId(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const kept = new Map();  // block -> its samples; the oldest goes first
const KEPT_BLOCKS = 24;

async function block(number) {
  if (kept.has(number)) {
    const known = kept.get(number);
    kept.delete(number);
    kept.set(number, known);
    return known;
  }
  const read = await inflated("block-" + number);
  kept.set(number, read);
  if (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value);
  return read;
}

function blockOf(attempt) {
  let low = 0, high = about.blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (about.blocks[middle] <= attempt) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** {line, more} of an attempt. */
async function sampleOf(attempt) {
  const number = blockOf(attempt);
  return (await block(number))[attempt - about.blocks[number]];
}

const taskOf = (attempt) => about.tasks[columns.task[attempt]];
const has = (attempt, flag) => (columns.flags[attempt] & flag) !== 0;
const isWrong = (attempt) => columns.score[attempt] !== 1;

/** A model's name; where several runs are shown, with its run. */
function modelName(task) { return several ? task.model + " (" + about.runs[task.run].name + ")" : task.model; }

/** Names of tasks, each once, in their order. */
function distinct(values) { return [...new Set(values)]; }

let places = null;  // "task/row/repeat" -> attempt
function attemptAt(task, row, repeat) {
  if (!places) {
    places = new Map();
    for (let i = 0; i < about.attempts; ++i) places.set(columns.task[i] + "/" + columns.row[i] + "/" + columns.repeat[i], i);
  }
  const found = places.get(task + "/" + row + "/" + repeat);
  return found === undefined ? null : found;
}

/** The part of the address that names a sample: #s/MODEL/DATASET/ROW, and /REPEAT where it is not the first. */
function addressOf(attempt) {
  const task = taskOf(attempt), repeat = columns.repeat[attempt];
  return "#s/" + [task.model, task.dataset].map(encodeURIComponent).join("/") + "/" + columns.row[attempt] +
    (repeat > 0 || task.run > 0 ? "/" + repeat : "") + (task.run > 0 ? "/" + task.run : "");
}

function attemptOfAddress(address) {
  if (!address.startsWith("#s/")) return null;
  let parts;
  try {
    parts = address.slice(3).split("/").map(decodeURIComponent);
  } catch (error) { return null; }
  const task =
    about.tasks.findIndex((one) => one.model === parts[0] && one.dataset === parts[1] && one.run === Number(parts[4] || 0));
  return task < 0 ? null : attemptAt(task, Number(parts[2]), Number(parts[3] || 0));
}
