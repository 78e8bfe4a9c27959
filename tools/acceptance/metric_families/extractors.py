"""Post-processors under --compat opencompass, text for text."""
from . import opencompass, texts


def compare(options):
    folder = options.opencompass
    load = lambda name: opencompass.load(folder, name, ("utils.text_postprocessors",))
    general = load("utils.text_postprocessors")
    gsm8k, math, bbh = load("datasets.gsm8k"), load("datasets.math"), load("datasets.bbh")
    xsum, lcsts, cmrc, record = load("datasets.xsum"), load("datasets.lcsts"), load("datasets.cmrc"), load("datasets.record")
    strategyqa, flores, theorem = load("datasets.strategyqa"), load("datasets.flores"), load("datasets.TheoremQA.legacy")
    longbench = load("datasets.longbench.longbench_samsum")
    processors = {
        "general": general.general_postprocess, "gsm8k": gsm8k.gsm8k_postprocess, "math_postprocess": math.math_postprocess,
        "math_postprocess_v2": math.math_postprocess_v2, "boxed": lambda text: math.extract_boxed_answer(text) or "",
        "bbh_mcq": bbh.bbh_mcq_postprocess, "bbh_freeform": bbh.bbh_freeform_postprocess, "xsum": xsum.Xsum_postprocess,
        "lcsts": lcsts.lcsts_postprocess, "cmrc": cmrc.cmrc_postprocess, "record": record.ReCoRD_postprocess,
        "strategyqa": strategyqa.strategyqa_pred_postprocess, "flores": flores.flores_postprocess, "theoremqa": theorem.TheoremQA_postprocess,
        "longbench_line": longbench.samsum_postprocess, "first_capital": general.first_capital_postprocess,
        "last_capital": general.last_capital_postprocess, "multiple_select": general.multiple_select_postprocess,
        "first_capital_multi": general.first_capital_postprocess_multi,
        "first_option": lambda text: general.first_option_postprocess(text, "ABCD"),
        "last_option": lambda text: general.last_option_postprocess(text, "ABCD"),
        "xml_tag": lambda text: general.xml_tag_postprocessor(text, "<answer>"),
    }
    real = texts.solutions(options.data) + texts.sentences(options.data)
    for name, theirs in processors.items():
        cases = texts.mixed(options.random, real, options.count)
        ours = options.sextant("postprocessor:" + name, {"compat": "opencompass"}, [{"text": text} for text in cases])
        rows = []
        for text, line in zip(cases, ours):
            try:
                expected = theirs(text)
            except Exception as error:  # where theirs fails there is nothing to compare
                rows.append((text, line["text"], None, "OpenCompass fails with %s" % type(error).__name__))
                continue
            rows.append((text, line["text"], expected, why(name, text)))
        yield name, rows
    cases = [text for text in real if "#### " in text][:options.count]
    ours = options.sextant("postprocessor:gsm8k_dataset", {"compat": "opencompass"}, [{"text": text} for text in cases])
    yield "gsm8k_dataset", [(text, line["text"], gsm8k.gsm8k_dataset_postprocess(text), None) for text, line in zip(cases, ours)]


def why(name, text):
    if name == "first_option" and any(c in text for c in "\x1c\x1d\x1e\x1f"):
        return "PCRE2's \\s does not hold the separators U+001C to U+001F"
