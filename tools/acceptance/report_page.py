#!/usr/bin/env python3
"""Opens report.html in headless Chromium: hostile replies, every button, times, accessibility, screenshots.

    tools/acceptance/report_page.py --sextant PROGRAM [--rows 5000] [--model FILE.gguf] [--pictures DIR] [--browser /usr/bin/chromium]

Makes a run of two models on data sets of its own (replies come from files, some of them hostile), with ROWS samples each, lets `sextant report`
write its page and opens that. With a model, a second page is of sets whose labels are scored. Needs a Python that has playwright and
axe-playwright-python (`pip install playwright axe-playwright-python`) and a Chromium (Debian's package `chromium`). Exit code 1 where something
is wrong, 77 where one of these is missing. CI tests the page's structure without a browser: tests/contract/test_report_page.py.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HOSTILE = {
    "script": "A</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>",
    "comment": "B <!--<script> --><svg onload=window.pwned=3> ]]> &lt;b&gt; {{7*7}} ${7*7}",
    "rtl": "C \u202eREVERSED\u202c שלום עולם مرحبا",
    "ansi": "D \x1b[31mred\x1b]0;title\x07 bell\x00 nul \x9b2J \u200bzero\u2028line\ufeff",
    "long": "A " + "x" * 1_000_000,
    "tokens": "B <|im_end|><|im_start|>assistant [INST] <think>no</think> <|endoftext|>",
    "proto": "C __proto__ constructor",
    "loop": "D " + "and so on, " * 400,
}
SETS = {"law": "A court may", "logic": "It follows that", "天文学": "关于行星,下列说法正确的是", "art": "The painter"}
ACCEPTED_MS = 2000


def make_run(sextant, folder, rows):
    """Two models, one clearly better on one set; hostile replies among the first rows of each."""
    chance = random.Random(7)
    datasets, replies = [], {"careful": [], "hasty": []}
    for number, (name, words) in enumerate(SETS.items()):
        count = rows // len(SETS)
        questions = [{"question": "%s ... (%d)?" % (words, i), "A": "one %d" % i, "B": "two", "C": "three", "D": "四 <b>bold</b>", "answer": chance.choice("ABCD")} for i in range(count)]
        path = folder / ("set%d.jsonl" % number)
        path.write_text("".join(json.dumps(q, ensure_ascii=False) + "\n" for q in questions), encoding="utf-8")
        prompt = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer: "
        datasets.append({
            "abbr": name, "loader": {"type": "custom"}, "path": str(path),
            "reader": {"input_columns": ["question", "A", "B", "C", "D"], "output_column": "answer", "train_split": "test", "test_split": "test"},
            "infer": {"retriever": {"type": "zero"}, "inferencer": {"type": "gen", "max_out_len": 64},
                      "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": prompt}, {"role": "BOT", "prompt": "{answer}"}]}},
            "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]}})
        for model, skill in (("careful", .62 if number == 0 else .5), ("hasty", .42 if number == 0 else .49)):
            for i, q in enumerate(questions):
                if number == 0 and i < len(HOSTILE):
                    reply = list(HOSTILE.values())[i]
                else:
                    letter = q["answer"] if chance.random() < skill else chance.choice("ABCD")
                    reply = "<think>Let me see: %s</think>The answer is %s, since %s." % ("hm, " * chance.randint(1, 30), letter, " ".join(chance.choices(words.split(), k=chance.randint(1, 40))))
                    if chance.random() < .03:
                        reply = "i cannot say"
                replies[model].append({"dataset": name, "index": i, "reply": reply})
    models = []
    for model, lines in replies.items():
        path = folder / (model + ".jsonl")
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        models.append({"abbr": model, "backend": "answers", "model_path": str(path)})
    config = folder / "config.json"
    config.write_text(json.dumps({"models": models, "datasets": datasets, "summarizer": {"name": "own", "groups": [{"name": "all sets", "members": list(SETS)}]}}, ensure_ascii=False), encoding="utf-8")
    return run(sextant, folder / "work", str(config))


def run(sextant, work, *args):
    subprocess.run([sextant, "run", *args, "--work-dir", str(work), "--quiet"], check=True, stdout=subprocess.DEVNULL, cwd=work.parent)
    return sorted(path for path in work.iterdir() if (path / "run.json").exists())[-1]


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, good, what):
        print("%s %s" % ("ok    " if good else "FAILED", what), flush=True)
        self.failed += not good


def axe_findings(page):
    from axe_playwright_python.sync_playwright import Axe
    found = Axe().run(page).response["violations"]
    for one in found:
        print("  axe: %s %s: %s" % (one["impact"], one["id"], "; ".join(node["html"][:160] for node in one["nodes"][:3])))
    return [one for one in found if one["impact"] in ("serious", "critical")]


def open_page(browser, path, checks, **settings):
    context = browser.new_context(**settings)
    page = context.new_page()
    page.problems = []
    page.on("console", lambda message: page.problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("dialog", lambda dialog: (page.problems.append("dialog " + dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.problems.append("request " + request.url) if not request.url.startswith(("file:", "blob:")) else None)
    begin = time.monotonic()
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready='all']", timeout=20000)
    page.opened_ms = 1000 * (time.monotonic() - begin)
    return page


def until(page, condition, argument=None):
    """wait_for_function() without its eval, which the page's policy forbids."""
    end = time.monotonic() + 20
    while not page.evaluate(condition, argument):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        page.wait_for_timeout(20)


def quiet(page):
    return not page.problems and page.evaluate("window.pwned === undefined")


def drive(page, checks):
    """Every control, and what it does to the list."""
    def shown():
        return page.locator("#list tbody tr").count()

    def total():
        page.wait_for_timeout(60)
        return int(page.locator("#pager span").inner_text().split(" of ")[-1].replace(",", ""))
    everything = total()
    for kind in page.locator("fieldset input").all():
        kind.check()
        some = total() if shown() else 0
        checks(some < everything, "filter %s leaves %d of %d" % (kind.get_attribute("id"), some, everything))
        kind.uncheck()
    for name in ("dataset", "model"):
        values = page.locator("#%s option" % name).evaluate_all("list => list.map(one => one.value)")
        page.select_option("#" + name, values[1])
        checks(0 < total() < everything, "%s %s leaves some" % (name, values[1]))
        page.select_option("#" + name, "")
    for value in page.locator("#order option").evaluate_all("list => list.map(one => one.value)"):
        page.select_option("#order", value)
        checks(total() == everything, "order %s keeps all" % value)
    page.select_option("#order", "order")
    for words, least in (("bold</b>", 1), ("window.pwned", 1), ("nothing has this text", 0)):
        page.fill("#search", words)
        page.wait_for_timeout(1500)
        some = total() if page.locator("#list table").count() else 0
        checks((some >= least) if least else some == 0, "search for %r finds %d" % (words, some))
    page.fill("#search", "")
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Next", exact=True).click()
    checks("26" in page.locator("#pager span").inner_text(), "the next page of the list")
    page.get_by_role("button", name="Previous", exact=True).click()
    page.locator("#list tbody a").first.click()
    page.wait_for_selector("#detail h3")
    first = page.locator("#detail h3").inner_text()
    page.get_by_role("button", name="Next sample").click()
    until(page, "t => document.querySelector('#detail h3').innerText !== t", first)
    page.keyboard.press("k")
    until(page, "t => document.querySelector('#detail h3').innerText === t", first)
    checks(True, "next sample, and back with the key k")
    page.keyboard.press("/")
    checks(page.evaluate("document.activeElement.id") == "search", "the key / goes to the search")
    page.keyboard.press("Escape")
    page.locator("#keys").uncheck()
    page.keyboard.press("j")
    checks(page.locator("#detail h3").inner_text() == first, "single keys can be turned off")
    page.locator("#keys").check()
    page.get_by_role("button", name="Copy address").click()
    for summary in page.locator("#detail details > summary").all():
        summary.click()
    page.evaluate("location.hash = '#s/careful/law/0'")
    until(page, "() => document.querySelector('#detail h3').innerText.includes('law #0')")
    checks("</script><script>" in page.locator("#detail .reply").inner_text(), "a reply with </script> is text")
    page.evaluate("location.hash = '#s/careful/law/3'")
    until(page, "() => document.querySelector('#detail h3').innerText.includes('law #3')")
    checks(page.locator("#detail .reply .ctl").count() >= 5, "control characters can be seen")
    page.evaluate("location.hash = '#s/careful/law/4'")
    until(page, "() => document.querySelector('#detail h3').innerText.includes('law #4')")
    page.get_by_role("button", name="Show all").first.click()
    checks(len(page.locator("#detail .reply").inner_text()) > 999_000, "a line of a megabyte")
    page.evaluate("location.hash = '#s/nobody/law/4'")
    page.wait_for_selector("#detail .note")
    checks(quiet(page), "an address without a sample says so")


def compare_and_plots(page, checks):
    flips = page.locator("#comparison button.link")
    if flips.count():
        flips.first.click()
        page.wait_for_timeout(200)
        checks(page.locator("#set").is_visible(), "flips of the comparison are shown: " + page.locator("#set").inner_text())
        page.locator("#set").click()
    page.locator("#scores button.link").first.click()
    checks(page.locator("#dataset").input_value() != "", "a data set of the table is chosen")
    page.select_option("#dataset", "")
    selects = page.locator("#plots select")
    for i in range(selects.count()):
        values = selects.nth(i).locator("option").evaluate_all("list => list.map(one => one.value)")
        for value in [*values[1:], ""]:
            selects.nth(i).select_option(value)
    checks(page.locator("#figures figure").count() >= 2, "%d figures" % page.locator("#figures figure").count())


def look(browser, path, name, pictures, checks):
    for label, settings in {"light": {"viewport": {"width": 1280, "height": 900}}, "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
                            "400": {"viewport": {"width": 400, "height": 800}}}.items():
        page = open_page(browser, path, checks, **settings)
        page.locator("#list tbody a").nth(3).click()
        page.wait_for_selector("#detail h3")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        checks(wide <= 0, "%s, %s: nothing is wider than the window (%d px)" % (name, label, wide))
        checks(not axe_findings(page), "%s, %s: axe finds nothing serious" % (name, label))
        if pictures:
            page.screenshot(path=str(pictures / ("%s_%s.png" % (name, label))), full_page=True)
            page.locator("#samples").screenshot(path=str(pictures / ("%s_%s_samples.png" % (name, label))))
        if label == "light" and pictures:
            page.emulate_media(media="print")
            page.screenshot(path=str(pictures / (name + "_print.png")), full_page=True)
            page.pdf(path=str(pictures / (name + "_print.pdf")))
        checks(quiet(page), "%s, %s: nothing ran, nothing was loaded%s" % (name, label, "".join("\n  " + text for text in page.problems[:3])))
        page.context.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--model")
    parser.add_argument("--run", help="an existing run, which is only looked at")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    options = parser.parse_args()
    try:
        import axe_playwright_python  # noqa: F401
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        print("SKIP %s; pip install playwright axe-playwright-python" % error)
        return 77
    if not pathlib.Path(options.browser).exists():
        print("SKIP %s is missing; install Debian's package chromium, or give --browser" % options.browser)
        return 77
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    checks = Checks()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        pages = []
        if options.run:
            pages.append(("run", pathlib.Path(options.run)))
        else:
            pages.append(("answers", make_run(options.sextant, pathlib.Path(scratch), options.rows)))
            if options.model:
                pages.append(("labels", run(options.sextant, pathlib.Path(scratch) / "labels", "--datasets", "everyday_en_ppl", "--model-path", options.model, "--limit", "60")))
        for name, folder in pages:
            begin = time.monotonic()
            subprocess.run([options.sextant, "report", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            path = folder / "report.html"
            print("%s: written in %.2f s, %.1f MB" % (name, time.monotonic() - begin, path.stat().st_size / 1e6))
            page = open_page(browser, path, checks, viewport={"width": 1280, "height": 900})
            checks(page.opened_ms < ACCEPTED_MS, "%s: %s samples are open in %.0f ms" % (name, page.evaluate("about.attempts"), page.opened_ms))
            if name == "answers":
                drive(page, checks)
                compare_and_plots(page, checks)
            checks(quiet(page), "%s: nothing ran, nothing was loaded%s" % (name, "".join("\n  " + text for text in page.problems[:3])))
            page.context.close()
            look(browser, path, name, options.pictures, checks)
        browser.close()
    print("%d checks failed" % checks.failed)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
