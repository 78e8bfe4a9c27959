"use strict";
// Elements and texts. What models and data say becomes text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** el("p", {class: "soft", onclick: f}, "text", node, ...); null children are left out. */
function el(name, attributes, ...children) {
  const svg = ["svg", "g", "rect", "line", "path", "circle", "text", "title"].includes(name);
  const out = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) out.addEventListener(key.slice(2), value);
    else out.setAttribute(key, value === true ? "" : String(value));
  }
  out.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return out;
}

const byId = (id) => document.getElementById(id);
const say = (text) => {
  byId("status").textContent = text;
};
const count = (n) => n.toLocaleString("en-US");
const fixed = (value, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits));
const percent = (part, whole) => (whole > 0 ? (100 * part / whole).toFixed(1) + " %" : "–");
const plural = (n, word) => count(n) + " " + word + (n === 1 ? "" : "s");

// What a terminal or a renderer would obey and nobody would see: C0 and C1, soft hyphens, zero-width and directional marks.
const HIDDEN = "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e" +
  "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]";
// What chat templates and tokenizers use as special tokens.
const SPECIAL = "<\\|[^<>|\\s]{1,60}\\|>|<\\uff5c[^<>\\s]{1,60}\\uff5c>|</?s>|<</?SYS>>" +
  "|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn|start_of_image)>|</?(?:think|thinking|tool_call|tool_response|tools)>" +
  "|\\[/?(?:INST|THINK|TOOL_CALLS|AVAILABLE_TOOLS)\\]|\\[(?:BOS|EOS|CLS|SEP|MASK|gMASK|sop)\\]";
const MARKED = new RegExp(HIDDEN + "|" + SPECIAL, "g");

/** As in the terminal: \x1B, \u202E. */
function named(character) {
  const code = character.codePointAt(0);
  return code < 0x100 ? "\\x" + code.toString(16).toUpperCase().padStart(2, "0") :
                        "\\u" + code.toString(16).toUpperCase().padStart(4, "0");
}

/** The text as nodes in which hidden characters and special tokens can be seen, and what was searched for. */
function visible(text, wanted) {
  const out = document.createDocumentFragment();
  const pattern = wanted ? new RegExp(MARKED.source + "|" + wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi") : MARKED;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const found = match[0];
    if (found.length === 0) continue;
    if (match.index > at) out.append(text.slice(at, match.index));
    const hidden = found.length === 1 && new RegExp(HIDDEN).test(found);
    const special = !hidden && new RegExp("^(?:" + SPECIAL + ")$").test(found);
    out.append(hidden ?
        el("span", {class: "ctl", title: "character U+" + found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")},
          named(found)) :
        el("mark", {class: special ? "tok" : "hit"}, found));
    at = match.index + found.length;
  }
  if (at < text.length) out.append(text.slice(at));
  return out;
}

const SHOWN_AT_ONCE = 20000;

/** A block of text; of a long one the beginning (or the end) first. */
function textBlock(text, options = {}) {
  const box = el("div", {
    class: "text " + (options.class || ""),
    dir: "auto",
    tabindex: "0",
    role: "region",
    "aria-label": options.label || "text"
  });
  if (text === "") box.append(el("span", {class: "soft"}, "(empty)"));
  if (text.length <= SHOWN_AT_ONCE) {
    box.append(visible(text, options.wanted));
    return box;
  }
  const part = options.end ? text.slice(-SHOWN_AT_ONCE) : text.slice(0, SHOWN_AT_ONCE);
  const button = el("button", {
    type: "button",
    onclick: () => {
      box.replaceChildren(visible(text, options.wanted));
      button.remove();
      box.focus();
    }
  },
    "Show all " + count(text.length) + " characters");
  box.append(options.end ? "… " : "", visible(part, options.wanted), options.end ? "" : " …");
  return el("div", {}, box, button);
}

function badge(text, kind) { return el("span", {class: "badge " + (kind || "")}, text); }

/** A <select> with a label; choices: [value, text]. */
function choice(label, choices, onchange) {
  const select =
    el("select", {onchange: () => onchange(select.value)}, choices.map(([value, text]) => el("option", {value}, text)));
  return {select, node: el("label", {}, label, select)};
}

function table(caption, heads, rows, attributes) {
  return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
    el("table", attributes || {}, el("caption", {class: "hidden"}, caption),
      el("thead", {},
        el("tr", {},
          heads.map(
            (head) => el("th", {scope: "col", class: head.class || null}, head.text === undefined ? head : head.text)))),
      el("tbody", {}, rows)));
}
