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
  prompt   ... [-n INDEX] [--tokens]   show byte for byte what the model would be sent
  report   RUN_DIR                rebuild the tables of a run
  plugins  list | info KIND:ID | run KIND:ID | check FILE.so | describe FILE.so | probe FILE.so
  model    info | tokenize | detokenize | score | generate | embed | chat    look into one model
  help     COMMAND                more about one of these

sextant --version prints the version. )";

// A data set that is installed with the program, and a model that is there: what is printed works as it stands.
std::string first_run() {
  std::error_code code;
  if (std::filesystem::exists(default_model_path(), code)) return "A first run:\n\n  sextant run --datasets everyday_en_ppl --limit 10\n";
  return "What there is, and a first run with a model of yours:\n\n  sextant list\n  sextant run --datasets everyday_en_ppl --limit 10 --model-path FILE.gguf\n";
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
    return with_options(R"(Usage: sextant run [CONFIG.json] --datasets NAME... [--model-path FILE.gguf | --models NAME...] [OPTIONS]

Evaluates models on data sets and prints a table. Everything that happened is kept in a folder below --work-dir.
Exit codes: 0 all done, 1 --fail-under says no, 64 usage, 65 bad data or configuration, 69 backend or device unavailable, 70 crash,
75 incomplete (run the same command with -r), 130 interrupted.
)", run_options());
  if (command == "prompt")
    return with_options(R"(Usage: sextant prompt --datasets NAME... [--model-path FILE.gguf | --models NAME...] [-n INDEX] [--tokens] [--json]

Shows byte for byte what the model would be sent; runs no model.
)", prompt_options());
  if (command == "list")
    return R"(Usage: sextant list [datasets|models|plugins|summarizers] [PATTERN...] [--json]
       sextant list tasks DIR... [PATTERN...] [--json]

Lists what there is. Without a kind: models and data sets, a table each. A PATTERN is a name, or has * and ?; a name without
them also matches what contains it. tasks: lm-eval's task files in DIR, and of each whether it can be run.
)";
  if (command == "report")
    return R"(Usage: sextant report RUN_DIR [--json]

Rebuilds the tables of a run from its results: prints the table and writes summary/ anew.
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
  describe   prints the manifest that stands beside a plugin as FILE.json
)";
  return "";
}

}  // namespace sextant::cli
