#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include "commands.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

constexpr const char* overview = R"(sextant: evaluate language models on data sets

Usage: sextant COMMAND [ARGUMENTS]

  run      [CONFIG.json] ...      evaluate models on data sets
  list     [datasets|models|plugins|summarizers] [PATTERN...]
  fetch    NAME...                the files of data sets, from the addresses that their cards know
  prompt   ... [-n INDEX] [--tokens]   show byte for byte what the model would be sent
  check    [CONFIG.json] ...      what is wrong with an evaluation, before a model is asked
  report   RUN_DIR                the tables of a run anew, and report.html, a page to look at its samples
  show     RUN [--wrong]          single samples: what was asked, said, read and wanted
  compare  RUN [RUN...]           two models on the same questions: the difference, and whether it may be chance
  gate     RUN --baseline RUN     is it at most a margin worse? exit code 0, 1 or 2
  explain  RUN RUN                why two runs score differently, stage by stage
  verify   RUN [-n N]             scores a run again, asks some of its samples again, and says what is not the same
  view     [DIR]                  the runs in a folder, in a browser on this machine, with their progress
  export   RUN DIR --format F     a run in the files of lm-eval, Inspect, evalscope, JUnit, CSV, C-Eval
  import   results PATH           a run of lm-eval, OpenCompass or Inspect, for report, show and compare
  plugins  list | info KIND:ID | run KIND:ID | check FILE.so | new KIND NAME | describe FILE.so | probe FILE.so
  model    info | tokenize | detokenize | score | generate | embed | chat    look into one model
  help     COMMAND                more about one of these

sextant --version prints the version. )";

// A data set that is installed with the program, and a model that is there: what is printed works as it stands.
std::string first_run() {
  std::error_code code;
  if (std::filesystem::exists(default_model_path(), code))
    return "A first run:\n\n  sextant run --datasets everyday_en_ppl --limit 10\n";
  return "What there is, and a first run with a model of yours:\n\n  sextant list\n  sextant run --datasets everyday_en_ppl "
         "--limit 10 --model-path FILE.gguf\n";
}

std::string with_options(const char* head, const po::options_description& options) {
  std::ostringstream out;
  out << head << '\n' << options;
  return out.str();
}

}  // namespace

std::string help_text(const std::string& command) {
  if (command.empty()) return overview + first_run();
  if (command == "run")
    return with_options(
        R"(Usage: sextant run [CONFIG.json] --datasets NAME... [--model-path FILE.gguf | --models NAME...] [OPTIONS]

Evaluates models on data sets and prints a table. Everything that happened is kept in a folder below --work-dir.
Exit codes: 0 all done, 1 --fail-under says no, 64 usage, 65 bad data or configuration, 69 backend or device unavailable, 70 crash,
75 incomplete (run the same command with -r), 130 interrupted.
)",
        run_options());
  if (command == "prompt")
    return with_options(
        R"(Usage: sextant prompt --datasets NAME... [--model-path FILE.gguf | --models NAME...] [-n INDEX] [--tokens] [--json]
       sextant prompt --predictions RUN [-n INDEX] [--tokens] [--json]

Shows byte for byte what the model would be sent, and behind it what the judge of a judged set would be sent: with the answers of
RUN, a run's folder, or with placeholders in their places. Runs no model but those that a retriever reads.
)",
        prompt_options());
  if (command == "check")
    return with_options(
        R"(Usage: sextant check [CONFIG.json] --datasets NAME... [--model-path FILE.gguf | --models NAME...] [--json] [OPTIONS]
       sextant check RUN [--extractor ID[:JSON]...] [--dataset NAME]... [--model NAME]... [--plugin-path DIR...] [--json]

Looks for what makes the scores of a run say less than they seem to, and asks no model: right answers through the extractors and
metrics, each option as the answer to every row, answers in prompts, questions among their own examples, contradicting and equal
rows, chat templates and special tokens, cut prompts, stop words in answers. Takes `run`'s flags; looks at no more than 1000 rows
of each set, evenly spread. Each finding: severity, data set and model, a row that shows it, and what to do.
On the folder of a run: its replies under a panel of extractors, and how far each score depends on which of them reads the replies.
Exit codes: 0 no error was found, 65 one was found, 64 usage.
)",
        check_options());
  if (command == "list")
    return R"(Usage: sextant list [datasets|models|plugins|summarizers] [PATTERN...] [--data-dir DIR] [--long] [--json]
       sextant list tasks DIR... [PATTERN...] [--json]

Lists what there is. Without a kind: models and data sets, a table each. A PATTERN is a name, or has * and ?; a name without
them also matches what contains it. Of data sets it says whether their data are here ("28 of 57": as many of its sets have
theirs), or missing, and where they were looked for. tasks: lm-eval's task files in DIR, and of each whether it can be run.

  --data-dir DIR    the folder that holds the data sets, as in `sextant run`
  --long            of each data set: what it is, source, licence, which files it needs, how it is scored
)";
  if (command == "fetch")
    return R"(Usage: sextant fetch NAME... [--data-dir DIR] [--dry-run] [--config-dir DIR]

Gets the files of data sets (cards, or collections of them) from the addresses in the cards' "provenance", and puts them where a run looks:
below --data-dir, or $COMPASS_DATA_CACHE/data, or ~/.cache/opencompass/data. Only files whose SHA-256 the card knows are fetched, and only what
has that sum is kept; a file that is there already is never replaced. Nothing else in Sextant fetches data sets.
Exit codes: 0 all files are there, 65 a card knows no address or no sum, or a file is another one, 69 a server cannot be reached.

  --data-dir DIR    the folder that holds the data sets, as in `sextant run`
  --dry-run         only say what would be fetched from where
)";
  if (command == "report")
    return R"(Usage: sextant report RUN_DIR [--compare RUN]... [--html FILE] [--exclude FILE] [--check] [--json]

Rebuilds the tables of a run from its results: prints the table, writes summary/ anew, and report.html: one file that a browser opens without a
network, with the scores, findings, plots and every sample.

  --compare RUN     the page also compares the run with this one and has its samples; a run with several models is compared with itself
  --html FILE       where the page is written (default: report.html in the run's folder)
  --exclude FILE    also each score with and without these samples: a line each, {"dataset", "index", "reason"} or a row's number
  --check           the page also has what `sextant check` finds in the run's configuration, data and model
  --color WHEN      auto (default), always or never
  --json            the table as one line of JSON
)";
  if (command == "show")
    return R"(Usage: sextant show RUN [--wrong] [--dataset NAME]... [--model NAME]... [--grep RE] [--sort margin] [-n N] [--json]
       sextant show RUN --numeric-error E [--dataset NAME]... [--model NAME]... [--json]

Shows single samples of a run: the end of the prompt, the reply, the answer that was read out of it and the one that was wanted.

  --wrong           only samples whose first score is not 1
  --dataset NAME    only these data sets; NAME may hold * and ?
  --model NAME      only these models
  --grep RE         only where prompt, reply or answer match the regular expression
  --sort margin     those first whose two best labels are nearest to each other, or of greedy replies the two best tokens anywhere
  -n N              at most N samples (default 10; 0: all)
  --numeric-error E in place of samples: how many choices among labels, and greedy replies, could turn out otherwise if every token's ln p were off by up to E
                    (1e-4: another order of sums; 1e-2: another compute type), and what the scores could then be
  --json            the lines of the samples files, with "model"; all unless -n says otherwise
)";
  if (command == "compare")
    return R"(Usage: sextant compare RUN RUN... | RUN     [--model NAME]... [--dataset NAME]... [--metric NAME] [--common] [--precision] [--json]

Compares the first run with each other one, question by question; of a single run with several models its first model with the others. Prints per
data set how much B differs from A with a 95 % interval, p (exact McNemar test, or permutations where scores are not right or wrong or belong
together), p adjusted for the number of data sets (Holm), an e-value (20 or more is significant whenever one looks), on how many questions one
alone is better, and the smallest difference that so many questions show. Questions are known by their content; data sets whose questions are
not the same are refused (65). Where both are one model in two precisions (compute types, formats of weights), a second table says how far its
probabilities have moved: KL divergence, agreement, perplexity.

  --model NAME      only these models; NAME may hold * and ?
  --dataset NAME    only these data sets
  --metric NAME     that metric in place of each data set's first
  --common          compare the questions that both have
  --precision       the second table for any two models
  --json            one line of JSON
)";
  if (command == "gate")
    return R"(Usage: sextant gate RUN --baseline RUN [--margin X] [--model NAME]... [--dataset NAME]... [--metric NAME] [--common] [--junit FILE] [--json]

Is RUN at most X points worse than the baseline? Prints one line and exits with 0 (go: the whole 95 % interval of the difference is above -X),
1 (no-go: it is below, or one data set by itself is shown to be that much worse) or 2 (inconclusive; the line says about how many more questions it
takes). Every question weighs the same. Runs that did not ask the same questions are refused (65).

  --baseline RUN    what it is compared with
  --margin X        points that it may be worse (default 1.0)
  --model NAME      where the runs have several
  --dataset NAME    only these data sets
  --metric NAME     that metric in place of each data set's first
  --common          compare the questions that both have
  --junit FILE      writes a JUnit report: the gate and a case for each data set
  --json            one line of JSON
)";
  if (command == "export")
    return R"(Usage: sextant export RUN DIR --format FORMAT [--model NAME]... [--dataset NAME]... [--json]

Writes the scored data sets of a run into DIR, in the files of others, and prints the files' names. What a format wants and the run
does not know is empty or null there.

  --format FORMAT   lm-eval      MODEL/results_TIME.json and samples_TASK_TIME.jsonl, as lm-eval 0.4.13 writes them
                    inspect      an EvalLog for each model and data set; `inspect view --log-dir DIR` shows them
                    evalscope    reports/MODEL/DATASET.json
                    junit        junit.xml: a suite for each model and data set, a case for each attempt
                    csv          attempts.csv: a line for each attempt; no cell is a formula
                    parquet      attempts.parquet: the same rows
                    ceval        C-Eval's submission: {"law": {"0": "A"}}, ceval_MODEL.json
                    cmmlu        the same of CMMLU
  --model NAME      only these models; NAME may hold * and ?
  --dataset NAME    only these data sets
  --json            {"format", "files"} in one line
)";
  if (command == "import")
    return R"(Usage: sextant import results PATH [--from lm-eval|opencompass|inspect] [-w DIR] [--json]
       sextant import opencompass CONFIG.py|NAME... [--output DIR] [--python PYTHON] [--no-data]

results: reads a run of others into a run's folder, which report, show, compare, gate, view and export read. PATH is a
results_*.json of lm-eval or a folder that has some (with the samples_*.jsonl of --log_samples), the folder of one run of
OpenCompass, an EvalLog of Inspect (JSON) or a folder of them. What the files do not say stays empty. The run is marked as
imported: its model is not asked again (-r, verify and explain refuse it). Prints its table.

  --from WHAT       which program wrote it (default: found out)
  -w, --work-dir DIR    where the run's folder is made (default outputs/default)
  --json            the table as one line of JSON

opencompass: makes cards of OpenCompass' configurations, data sets, models and summarizers, with the Python that has opencompass.
What cannot be carried over is said by file and line.

  --output DIR      where the cards are written (default cards); `sextant run DIR/run.json --config-dir DIR` evaluates them
  --python PYTHON   the interpreter whose environment has opencompass (default python3)
  --no-data         cards alone; else OpenCompass' loaders write the rows as JSON lines into DIR/data
)";
  if (command == "view")
    return R"(Usage: sextant view [DIR] [--port N]

Serves the runs in DIR (default: outputs) to a browser on this machine: a list with the progress of those that are running, and the page of each.
Prints the address, which holds a random token: who does not know it sees nothing. Changes nothing. Ends with Ctrl-C.

  --port N          the port (default: a free one)
)";
  if (command == "explain")
    return R"(Usage: sextant explain RUN RUN | RUN     [--model NAME] [--dataset NAME]... [--plugin-path DIR...] [--json]

Why does B (the second run, or of a single run the second model) score otherwise than A? The difference of each data set in parts
that belong to stages: rows, shots, template, chat template, tokens, weights, compute, sampling, cut, extractor, metric, and the
program that scored. The parts sum to the difference; each names samples that it changes. Replies are scored crosswise, A's with
B's extractor and so on; no model is asked. What several stages before the reply do together only the model could take apart, and
is said as one part.

  --model NAME      where the runs have several
  --dataset NAME    only these data sets; NAME may hold * and ?
  --json            {"explanations": [{"dataset", "metric", "a", "b", "difference", "common", "parts": [{"stages", "points",
                    "samples", "why", "needs_model", "examples"}]}]}
)";
  if (command == "verify")
    return R"(Usage: sextant verify RUN [-n N] [--model NAME]... [--dataset NAME]... [--plugin-path DIR...] [--json]

Scores the run's predictions again and compares results_sha256. Then asks N of its samples again (default 20; by a hash, so that the same are
chosen each time; 0: none), with the run's own configuration in a folder of its own, and compares data row, prompt, reply or log-probabilities
(to 1e-4 a token), the requests' keys, and the weights' hash. Nothing in the run's folder changes.
Exit codes: 0 all are the same, 1 some are not, 65 and 69 as in `run`.
)";
  if (command == "model")
    return R"(Usage: sextant model info | tokenize | detokenize | score | generate | embed | chat [OPTIONS]

Looks into one model, given by --model-path FILE.gguf (default: SmolLM2-135M-Instruct), --hf-path DIR or, for tokens alone,
--tokenizer-path. All but info read JSON lines from stdin (or --input FILE) and write one JSON line for each, in order:

  tokenize    {"text"} -> {"ids"}                  --add-special-tokens, --split-special-tokens
  detokenize  {"ids"} -> {"text"}
  chat        {"messages", "add_generation_prompt", ...} -> {"text"} or {"error"}      --chat-template FILE.jinja
  score       {"prefix", "continuations"} -> {"scores": [{"logprob", "tokens", "greedy", "token_logprobs", "total_logprob",
              "total_tokens"}]}                    natural logarithms
  generate    {"prompt"} or {"messages"} -> {"text", "ids", "prompt_tokens", "finish"}
  embed       {"text"} or {"ids"} -> {"embedding", "prompt_tokens", "truncated_tokens"}    --model-kwargs pooling=mean|last|cls
  info        one JSON object with --json

Options: --backend, --compute, --threads, --max-out-len, --max-seq-len, --batch-size, --plugin-path, --input FILE, --json
)";
  if (command == "plugins")
    return R"(Usage: sextant plugins list [PATTERN...] | info KIND:ID | run KIND:ID [--config JSON] | check FILE.so | describe FILE.so

  list       every plugin that would be found, what it shadows, and what cannot be used and why
  info       one component: its facts and options
  run        tries one component on JSON lines from stdin (or --input FILE)
  check      looks a file over as the host would: statically, in a child process, and its schemas
  describe   prints the manifest that is kept next to a plugin as FILE.json
)";
  return "";
}

}  // namespace sextant::cli
