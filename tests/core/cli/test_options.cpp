#include <catch2/catch.hpp>
#include "../../../core/cli/options.hpp"

using namespace sextant;
using namespace sextant::cli;

namespace {

Result<RunCommandFlags> parse(const std::vector<std::string>& args) {
  SXT_TRY(const po::variables_map values, parse_options(args, run_options(), "config", 1, run_optional_values()));
  return run_flags(values);
}

}  // namespace

TEST_CASE("the seed's command line is read whole", "[cli]") {
  const auto flags = parse({"--datasets",
                            "ceval_gen",
                            "--hf-path",
                            "DIR/internlm2-chat-1_8b",
                            "--tokenizer-path",
                            "DIR/internlm2-chat-1_8b",
                            "--tokenizer-kwargs",
                            "padding_side='left'",
                            "truncation='left'",
                            "trust_remote_code=True",
                            "--model-kwargs",
                            "device_map='auto'",
                            "trust_remote_code=True",
                            "--max-seq-len",
                            "1024",
                            "--max-out-len",
                            "16",
                            "--batch-size",
                            "2",
                            "--num-gpus",
                            "1",
                            "--debug"});
  REQUIRE(flags);
  CHECK(flags->run.datasets == std::vector<std::string>{"ceval_gen"});
  CHECK(flags->run.tokenizer_kwargs.size() == 3);
  CHECK(flags->run.tokenizer_kwargs[0] == std::pair<std::string, std::string>{"padding_side", "left"});
  CHECK(flags->run.max_seq_len == 1024u);
  CHECK(flags->run.num_gpus == 1u);
  CHECK(flags->debug);
}

TEST_CASE("-r may stand alone, with a time, and before other flags", "[cli]") {
  CHECK(parse({"-r"})->reuse);
  CHECK(parse({"-r"})->reuse_timestamp.empty());
  CHECK(parse({"-r", "20261123_210000", "--debug"})->reuse_timestamp == "20261123_210000");
  CHECK(parse({"--reuse", "--debug"})->debug);
  CHECK(parse({"-r", "run.json"})->run.config == "run.json");
  CHECK_FALSE(parse({})->reuse);
}

TEST_CASE("hf-num-gpus is num-gpus", "[cli]") { CHECK(parse({"--hf-num-gpus", "2"})->run.num_gpus == 2u); }

TEST_CASE("a wrong flag is a usage error that suggests the nearest", "[cli]") {
  struct Case { std::vector<std::string> args; const char* expect; };
  const Case c = GENERATE(values<Case>({{{"--dataset", "x"}, "did you mean '--datasets'?"},
                                        {{"--max-out-len", "-1"}, "--max-out-len"},
                                        {{"--max-out-len", "many"}, "max-out-len"},
                                        {{"--model-kwargs", "novalue"}, "KEY=VALUE"},
                                        {{"-m", "train"}, "--mode"},
                                        {{"--dump-eval-details", "maybe"}, "--dump-eval-details"},
                                        {{"a.json", "b.json"}, "bare words"}}));
  const auto flags = parse(c.args);
  REQUIRE_FALSE(flags);
  CHECK(flags.error().kind == Error::Kind::usage);
  CAPTURE(flags.error().message);
  CHECK(flags.error().message.find(c.expect) != std::string::npos);
}

TEST_CASE("an option is no other option's value, and nothing is an empty one") {
  struct Case { std::vector<std::string> args; const char* expect; };
  const Case c = GENERATE(values<Case>({{{"-w", "--quiet"}, "-w needs a value, and --quiet"},
                                        {{"--work-dir", "-r"}, "--work-dir needs a value, and -r"},
                                        {{"--system-prompt", "--json"}, "--system-prompt=--json"},
                                        {{"--datasets", "--limit", "3"}, "--datasets needs a value"},
                                        {{"--stop-words", "--typo"}, "--stop-words needs a value"},
                                        {{"-m", "-w", "x"}, "-m needs a value"},
                                        {{"--model-path"}, "needs a value"},
                                        {{"-r", ""}, "-r has an empty"},
                                        {{"-w", ""}, "-w has an empty value"},
                                        {{"--data-dir="}, "--data-dir has an empty value"},
                                        {{"--datasets", ""}, "--datasets has an empty value"}}));
  const auto flags = parse(c.args);
  REQUIRE_FALSE(flags);
  CHECK(flags.error().kind == Error::Kind::usage);
  CAPTURE(flags.error().message);
  CHECK(flags.error().message.find(c.expect) != std::string::npos);
}

TEST_CASE("a value may begin with a dash where it is not an option, or is attached") {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"--system-prompt=--json"},
                                                                                    {"--system-prompt", "- be brief"},
                                                                                    {"--stop-words", "-", "a"},
                                                                                    {"-w-r"},
                                                                                    {"--set", "a.b=-1"}}) {
    const auto flags = parse(args);
    INFO(args.front() << ": " << (flags ? "" : flags.error().message));
    REQUIRE(flags);
  }
  CHECK(parse({"--system-prompt=--json"})->run.system_prompt == "--json");
  CHECK(parse({"--system-prompt", "- be brief"})->run.system_prompt == "- be brief");
  CHECK(parse({"--system-prompt", ""})->run.system_prompt.empty());
  CHECK(parse({"--stop-words", "-", "a"})->run.stop_words == std::vector<std::string>{"-", "a"});
  CHECK(parse({"-w-r"})->run.work_dir == "-r");
  CHECK(parse({"--set", "a.b=-1"})->run.set.front().second == "-1");
}

TEST_CASE("an option that changes nothing is an error") {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"--custom-dataset-meta-path", "x.json"},
                                                                                    {"--custom-dataset-data-type", "mcq"},
                                                                                    {"--custom-dataset-infer-method", "gen"},
                                                                                    {"--limit-mode", "random"},
                                                                                    {"--quiet", "--debug"},
                                                                                    {"--config-dir", "/no/such/folder"},
                                                                                    {"--limit", "nan"},
                                                                                    {"--limit", "inf"}}) {
    CAPTURE(args.front());
    const auto flags = parse(args);
    REQUIRE_FALSE(flags);
    CHECK(flags.error().kind == Error::Kind::usage);
    CHECK(flags.error().message.find(args.front()) != std::string::npos);
  }
  CHECK(parse({"--custom-dataset-path", "x.csv", "--custom-dataset-data-type", "qa"}));
  CHECK(parse({"--limit", "3", "--limit-mode", "random"}));
}
