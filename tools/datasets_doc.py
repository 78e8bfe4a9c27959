#!/usr/bin/env python3
"""docs/datasets.md, made from the cards: datasets_doc.py [--check]. --check says whether the file in the tree is the one that would be made."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/datasets.md"
HEAD = """# Data sets

Made from the cards in `datasets/` by `tools/datasets_doc.py`; do not edit. A card is run by its name: `sextant run --datasets ARC_c_gen`.
`sextant list datasets` says whose data are on this machine, `sextant list datasets NAME --long` which files a card needs and where they are
looked for. Data are never part of Sextant but where a folder here has them; the licence is the data's, and what is said of it here is no legal advice: the publisher's own word counts, and but where its own file is named it was written down from memory. Folders are those of an OpenCompassData
archive ([cards.md](cards.md)); `--data-dir` names the folder that holds them.

Prompts of the cards marked = are OpenCompass 0.5.4's to the byte with `--compat opencompass` ([compat.md](compat.md#prompts)).
"""


def strip_comments(text):
    """JSON with // comments and trailing commas, as cards may be."""
    text = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda m: m.group(1) or "", text)
    return re.sub(r",(\s*[}\]])", r"\1", text)


def merge(base, over):
    for key, value in over.items():
        base[key] = merge(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base


class Cards:
    def __init__(self):
        self.paths = {p.stem: p for p in sorted((ROOT / "datasets").rglob("cards/**/*.json"))}

    def load(self, path, chain=()):
        card = json.loads(strip_comments(path.read_text(encoding="utf-8")))
        extends = card.pop("extends", [])
        merged = {}
        for parent in [extends] if isinstance(extends, str) else extends:
            beside = path.parent / parent
            merge(merged, self.load(beside if beside.is_file() else self.paths[parent], (*chain, path)))
        return merge(merged, card)


def scoring(card):
    chain = card.get("eval", {})
    names = [p["type"] for p in chain.get("postprocessors", [])] or sorted({p["type"] for f in chain.get("filters", {}).values() for p in f})
    metrics = [m["type"] for m in chain.get("metrics", [])]
    judge = ["judge"] if "judge" in chain else []
    return ", ".join(names + metrics + judge) or card.get("infer", {}).get("inferencer", {}).get("type", "")


def document():
    cards = Cards()
    equal = set()
    for name in ("own", "real"):
        file = ROOT / f"tests/golden/prompts/goldens_{name}.json"
        if file.exists():
            equal |= set(json.loads(file.read_text(encoding="utf-8")))
    families, collections = {}, []
    for name, path in cards.paths.items():
        if json.loads(strip_comments(path.read_text(encoding="utf-8"))).get("card") == "dataset":
            card = cards.load(path)
            if "cards" in card:
                collections.append((name, card))
            else:
                families.setdefault(card.get("folder") or path.parent.parent.name, []).append((name, card))
    out = [HEAD]
    for folder, members in sorted(families.items(), key=lambda item: item[0].lower()):
        out.append(f"\n## {folder}\n")
        told = set()
        for _, card in members:
            about = card.get("provenance", {})
            line = ". ".join(filter(None, [about.get("about"), f"Licence: {about['licence']}" if "licence" in about else None,
                                           f"Source: {about['source']}" if "source" in about else None,
                                           "`sextant fetch` gets it" if about.get("fetch") and all("sha256" in one for one in about["fetch"]) else None]))
            if line and line not in told:
                out.append(line + ".\n")
            told.add(line)
        out.append("| card | | sets | scored by | = |\n|---|---|---|---|---|")
        for name, card in members:
            each = card.get("each", [0])
            sets = len(each) if isinstance(each, list) else "files"
            out.append(f"| `{name}` | {card.get('summary', '')} | {sets} | {scoring(card)} | {'=' if name in equal else ''} |")
    out.append("\n## Collections\n\n| card | | runs |\n|---|---|---|")
    for name, card in sorted(collections):
        out.append(f"| `{name}` | {card.get('summary', '')} | {', '.join(f'`{one}`' for one in card['cards'])} |")
    left_out = json.loads((ROOT / "datasets/left_out.json").read_text(encoding="utf-8"))
    out.append("\n## Sets without a card\n\nFolders of OpenCompassData, and sets that other tools have.\n\n| folder or set | why |\n|---|---|")
    out += [f"| `{folder}` | {why} |" for folder, why in left_out.items()]
    return "\n".join(out) + "\n"


def main():
    text = document()
    if sys.argv[1:] == ["--check"]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("docs/datasets.md is not what the cards say; run tools/datasets_doc.py")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
