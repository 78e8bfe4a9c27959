#include <catch2/catch.hpp>
#include <map>
#include <set>
#include "../../../core/base/file_name.hpp"
#include "../../../core/config/overrides.hpp"
#include "../../../core/config/resolve.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;
using namespace sextant::config;

namespace {

std::string card(const char* method) {
  return std::string(R"({"card": "dataset", "loader": {"type": "x"}, "folder": "x", "abbr": "x",
      "reader": {"input_columns": ["q"], "output_column": "a"}, "infer": {"template": {"type": "text", "prompt": "{q}"}, "inferencer": {"type": ")") +
         method + R"("}}, "eval": {"metrics": [{"type": "accuracy"}]}, "groups": [{"name": "all", "members": ["x"]}]})";
}

// A world without plugins: a backend with a few settings, three cards.
struct Fixture {
  test::TemporaryFolder folder;
  CardStore cards;
  std::vector<std::string> warnings;
  RunFlags flags;
  Defaults defaults{{"cpu"}, {"custom", "dialogue", "accuracy", "first_option"}, {}};
  bool accepts_adapters = true, has_gpus = false;
  std::string told_to_loader;
  CustomFile custom_file;
  Fixture() {
    test::spit(folder / "x_gen.json", card("gen"));
    test::spit(folder / "x_cot_gen.json", card("gen"));
    test::spit(folder / "x_ppl.json", card("ppl"));
    test::spit(folder / "sums.json", R"({"card": "summarizer", "groups": [{"name": "mine", "members": ["x"]}]})");
    cards = CardStore::open({folder.path()});
    flags.model_path = "/models/tiny.gguf";
    flags.datasets = {"x_gen"};
    custom_file.kind = "mcq";
    custom_file.question = "question";
    custom_file.answer = "answer";
    custom_file.labels = {"A", "B"};
    custom_file.fields = custom_file.columns = {"question", "A", "B", "answer"};
  }
  DatasetConfig custom(const std::string& meta = "") {
    flags.datasets.clear();
    flags.custom_dataset_path = (folder / "quiz.csv").string();
    test::spit(folder / "quiz.csv.meta.json", meta.empty() ? "{}" : meta);
    const auto resolved = resolve();
    INFO((resolved ? "" : resolved.error().message));
    REQUIRE(resolved);
    return resolved->config.datasets.at(0);
  }
  Result<Resolved> resolve() {
    World world;
    world.cards = &cards;
    world.defaults = defaults;
    world.backend_accepts = [this](const std::string&, const std::string& key) { 
      return key == "threads" || key == "batch_size" || key == "compute" || key == "memory" || key == "chat_template" ||
             key == "tokenizer_path" || (key == "peft_path" && accepts_adapters) || (key == "num_gpus" && has_gpus);
    };
    world.auto_backend = []() -> Result<std::string> { return std::string("cpu"); };
    world.custom_file = [this](const std::string&, const json::Value& told) -> Result<CustomFile> {
      told_to_loader = json::write(told);
      return custom_file;
    };
    world.default_model = []() -> Result<std::string> { return std::string("/cache/default.gguf"); };
    world.settings = [](const std::string&, const std::string& text) {  // what such a backend's schema says affects no result
      json::Document config = *json::parse(text, "");
      for (const char* key : {"threads", "batch_size", "memory"}) config.RemoveMember(key);
      return json::write(config);
    };
    world.warn = [this](const std::string& sentence) { warnings.push_back(sentence); };
    return config::resolve(flags, world);
  }
  std::string error() {
    const auto resolved = resolve();
    return resolved ? "" : resolved.error().message;
  }
};

}  // namespace

TEST_CASE("a model given by path is called by its last component", "[config]") {
  Fixture f;
  CHECK(f.resolve()->config.models[0].abbr == "tiny");
  CHECK(f.resolve()->config.models[0].backend == "cpu");
  f.flags.model_path = "/a/b.gguf/";
  CHECK(f.resolve()->config.models[0].abbr == "b");
}

TEST_CASE("a Hugging Face folder is called by its last component and _hf, as OpenCompass calls it", "[config]") {
  Fixture f;
  f.flags.model_path.clear();
  f.flags.hf_path =
      GENERATE("/m/internlm/internlm2-chat-1_8b", "internlm/internlm2-chat-1_8b", "/m/internlm/internlm2-chat-1_8b/");
  f.flags.peft_path = f.flags.tokenizer_path = "/m/other";
  const auto run = f.resolve();
  REQUIRE(run);
  CHECK(run->config.models[0].abbr == "internlm2-chat-1_8b_hf+other");  // with an adapter it is another model
  CHECK(run->config.models[0].hugging_face);
  const json::Document config = *json::parse(run->config.models[0].config, "");
  CHECK(json::find_string(config, "path") == f.flags.hf_path);
  CHECK(json::find_string(config, "peft_path") == "/m/other");
  CHECK(json::find_string(config, "tokenizer_path") == "/m/other");
  f.flags.compat = "opencompass-0.2.4";
  CHECK(f.resolve()->config.models[0].abbr == "opencompass.models.huggingface.HuggingFace_internlm_internlm2-chat-1_8b");
}

TEST_CASE("without a model the default one is taken", "[config]") {
  Fixture f;
  f.flags.model_path.clear();
  CHECK(f.resolve()->config.models[0].path == "/cache/default.gguf");
}

TEST_CASE("where a run holds a set as gen and as ppl, the ppl one gets _ppl, and so do its groups", "[config]") {
  Fixture f;
  f.flags.datasets = GENERATE(std::vector<std::string>{"x_gen", "x_ppl"}, std::vector<std::string>{"x_ppl", "x_gen"});
  const auto run = f.resolve();
  REQUIRE(run);
  std::map<std::string, std::string> methods;
  for (const auto& d : run->config.datasets) methods[d.task_name] = d.inferencer.id;
  CHECK(methods == std::map<std::string, std::string>{{"x", "gen"}, {"x_ppl", "ppl"}});
  std::map<std::string, std::string> groups;
  for (const auto& g : run->config.summarizer.groups) groups[g.name] = g.members[0];
  CHECK(groups == std::map<std::string, std::string>{{"all", "x"}, {"all_ppl", "x_ppl"}});
}

TEST_CASE("two cards of one method are told apart by the card, one card twice is refused", "[config]") {
  Fixture f;
  f.flags.datasets = {"x_gen", "x_cot_gen"};
  CHECK(f.resolve()->config.datasets[1].task_name == "x_x_cot_gen");
  f.flags.datasets = {"x_gen", "x_gen"};
  CHECK(f.error().find("named twice") != std::string::npos);
}

TEST_CASE("OpenCompass' settings that mean nothing here give one warning each", "[config]") {
  Fixture f;
  f.flags.model_kwargs = {{"device_map", "auto"}, {"trust_remote_code", "True"}};
  f.flags.tokenizer_kwargs = {{"padding_side", "left"}, {"truncation", "left"}, {"trust_remote_code", "True"}};
  f.flags.num_gpus = 1;
  REQUIRE(f.resolve());
  CHECK(f.warnings.size() == 3);
}

TEST_CASE("the number of GPUs goes to a backend that can use several", "[config]") {
  Fixture f;
  f.flags.num_gpus = 4;
  f.has_gpus = true;
  const auto run = f.resolve();
  REQUIRE(run);
  CHECK(json::find_int(*json::parse(run->config.models[0].config, ""), "num_gpus") == 4);
  CHECK(f.warnings.empty());
}

TEST_CASE("a setting that the backend has not is a warning, never silence", "[config]") {
  Fixture f;
  f.flags.model_kwargs = {{"frobnicate", "1"}};
  f.flags.no_prefix_reuse = f.flags.no_speculation = true;
  REQUIRE(f.resolve());
  CHECK(f.warnings.size() == 3);
}

TEST_CASE("the compute type and the memory reach the backend", "[config]") {
  Fixture f;
  f.flags.compute = "bf16";
  f.flags.memory = "1.5G";
  const auto run = f.resolve();
  REQUIRE(run);
  const json::Document config = *json::parse(run->config.models[0].config, "");
  CHECK(json::find_string(config, "compute") == "bf16");
  CHECK(json::find_int(config, "memory") == 3ll << 29);
}

TEST_CASE("an adapter that the backend cannot merge is refused, never left out", "[config]") {
  Fixture f;
  f.accepts_adapters = false;
  f.flags.peft_path = "/m/lora";
  CHECK(f.error().find("--peft-path") == 0);
}

TEST_CASE("flags that make no sense are usage errors", "[config]") {
  struct Case { void (*set)(RunFlags&); const char* expect; };
  const Case c = GENERATE(values<Case>({{[](RunFlags& f) { f.batch_size = 0; }, "--batch-size"},
                                        {[](RunFlags& f) { f.limit = -1; }, "--limit"},
                                        {[](RunFlags& f) { f.limit = 2.5; }, "--limit"},
                                        {[](RunFlags& f) { f.limit_mode = "last"; }, "--limit-mode"},
                                        {[](RunFlags& f) { f.compute = "f33"; }, "--compute"},
                                        {[](RunFlags& f) { f.memory = "8 gallons"; }, "--memory"},
                                        {[](RunFlags& f) { f.memory = "0"; }, "--memory"},
                                        {[](RunFlags& f) { f.compat = "opencompas"; }, "did you mean 'opencompass'?"},
                                        {[](RunFlags& f) { f.hf_type = "instruct"; }, "--hf-type"},
                                        {[](RunFlags& f) { f.datasets.clear(); }, "no data set is named"},
                                        {[](RunFlags& f) { f.hf_path = "/x"; }, "not both"}}));
  Fixture f;
  c.set(f.flags);
  CAPTURE(c.expect);
  CHECK(f.error().find(c.expect) != std::string::npos);
}

TEST_CASE("a resolved run, written and resolved again, is the same run", "[config]") {
  Fixture f;
  f.flags.datasets = {"x_gen", "x_ppl"};
  f.flags.max_out_len = 7;
  f.flags.generation_kwargs = {{"do_sample", "True"}, {"temperature", "0.5"}};
  f.flags.limit = 0.5;
  f.flags.seed = 9;
  f.flags.threads = 2;
  const auto first = f.resolve();
  REQUIRE(first);
  const std::string text = to_json(first->config);
  test::spit(f.folder / "out/run.json", text);
  Fixture g;
  g.flags = {};
  g.flags.config = f.folder / "out/run.json";
  const auto second = g.resolve();
  REQUIRE(second);
  CHECK(to_json(second->config) == text);
}

TEST_CASE("a configuration names models and data sets by card or in place", "[config]") {
  Fixture f;
  test::spit(f.folder / "out/c.json", R"({// a comment
    "models": [{"model_path": "/m/a.gguf", "abbr": "mine"}], "datasets": ["x_ppl"], "limit": 3,})");
  f.flags = {};
  f.flags.config = f.folder / "out/c.json";
  const auto run = f.resolve();
  REQUIRE(run);
  CHECK(run->config.models[0].abbr == "mine");
  CHECK(run->config.datasets[0].inferencer.id == "ppl");
  CHECK(run->config.limit.value == 3);
  f.flags.datasets = {"x_gen"};
  CHECK(f.error().find("names the data sets") != std::string::npos);
}

TEST_CASE("a summarizer card replaces the cards' groups", "[config]") {
  Fixture f;
  f.flags.summarizer = "sums";
  const auto run = f.resolve();
  REQUIRE(run);
  REQUIRE(run->config.summarizer.groups.size() == 1);
  CHECK(run->config.summarizer.groups[0].name == "mine");
}

TEST_CASE("a custom file becomes a data set by its columns", "[config]") {
  Fixture f;
  f.flags.datasets.clear();
  f.flags.custom_dataset_path = "/data/quiz.csv";
  auto run = f.resolve();
  REQUIRE(run);
  const DatasetConfig& set = run->config.datasets[0];
  CHECK(set.abbr == "quiz");
  CHECK(set.filters[0].postprocessors[0].id == "first_option");
  CHECK(set.template_.config.find("A. {A}\\nB. {B}\\n") != std::string::npos);
  f.flags.custom_dataset_infer_method = "ppl";
  run = f.resolve();
  REQUIRE(run);
  CHECK(run->config.datasets[0].inferencer.id == "ppl");
  f.custom_file.kind = "qa";
  CHECK(f.error().find("cannot be asked by ppl") != std::string::npos);
}

TEST_CASE("a custom file whose options differ from row to row is asked with each row's own", "[config]") {
  Fixture f;
  f.custom_file.regular = false;
  f.custom_file.partial = {"B"};
  const DatasetConfig set = f.custom();
  CHECK(set.template_.config.find(R"("choices":{"labels":"{choice_labels}","texts":"{choice_texts}"})") != std::string::npos);
  CHECK(set.template_.config.find(R"({question}\n{choice_lines}\nAnswer: )") != std::string::npos);
  f.flags.custom_dataset_infer_method = "ppl";
  CHECK(f.custom().template_.config.find("choice_labels") != std::string::npos);
  test::spit(f.folder / "quiz.csv.meta.json", R"({"human_prompt": "{question} {B}"})");
  CHECK(f.error().find("write {choice_lines} where the options of a row stand") != std::string::npos);
}

TEST_CASE("OpenCompass' documented keys of .meta.json are taken", "[config]") {
  Fixture f;
  f.custom_file.question.clear();
  f.custom_file.answer = "my_answer";
  f.custom_file.labels = {"X", "Y"};
  f.custom_file.fields = f.custom_file.columns = {"my_question", "X", "Y", "my_answer"};
  const DatasetConfig set =
      f.custom(R"({"template": "Question: {my_question}\nX. {X}\nY. {Y}\nAnswer:", "input_columns": ["my_question", "X", "Y"],
      "output_column": "my_answer", "options": ["X", "Y"]})");
  CHECK(f.told_to_loader == R"({"options":["X","Y"],"output_column":"my_answer","shown":["my_question","X","Y"]})");
  CHECK(set.input_columns == std::vector<std::string>{"my_question", "X", "Y"});
  CHECK(set.output_column == "my_answer");
  CHECK(set.template_.config.find(R"("prompt":"Question: {my_question}\nX. {X}\nY. {Y}\nAnswer:")") != std::string::npos);
  CHECK(set.filters[0].postprocessors[0].config == R"({"options":"XY"})");
  CHECK(f.custom(R"({"template": {"round": [{"role": "HUMAN", "prompt": "{my_question}"}]}})").template_.config ==
        R"({"round":[{"role":"HUMAN","prompt":"{my_question}"}]})");
  for (const auto& [meta, says] : {std::pair(R"({"template": "{my_qestion}"})", "the prompt's {my_qestion} names no column of"),
                                   {R"({"input_columns": ["Z"]})", "\"input_columns\": 'Z' names no column of"},
                                   {R"({"template": "x", "human_prompt": "y"})", "remove it or them"},
                                   {R"({"options": ["X"]})", "at least two options"},
                                   {R"({"data_type": "circular-mcq"})", "options are not asked in turn here"}}) {
    test::spit(f.folder / "quiz.csv.meta.json", meta);
    INFO(f.error());
    CHECK(f.error().find(says) != std::string::npos);
  }
}

TEST_CASE("labels that are not capital letters are read by first_label", "[config]") {
  Fixture f;
  f.custom_file.labels = {"1", "10", "C++"};
  const DatasetConfig set = f.custom();
  CHECK(set.filters[0].postprocessors[0].id == "first_label");
  CHECK(set.filters[0].postprocessors[0].config == R"({"labels":["1","10","C++"]})");
}

TEST_CASE("a custom file without answers is inferred and not scored, and its configuration can be read again", "[config]") {
  Fixture f;
  f.custom_file.kind = "qa";
  f.custom_file.answer.clear();
  f.custom_file.fields = f.custom_file.columns = {"question"};
  const DatasetConfig set = f.custom();
  CHECK(set.metrics.empty());
  CHECK(set.output_column.empty());
  CHECK(set.template_.config == R"({"round":[{"role":"HUMAN","prompt":"{question}\nAnswer: "}]})");
  const auto first = f.resolve();
  REQUIRE(first);
  test::spit(f.folder / "again.json", to_json(first->config));
  Fixture again;
  again.flags.model_path.clear();
  again.flags.datasets.clear();
  again.flags.config = (f.folder / "again.json").string();
  CHECK(again.error() == "");
}

TEST_CASE("K=V is read as Python would", "[config]") {
  CHECK(parse_kwarg("True").IsTrue());
  CHECK(parse_kwarg("None").IsNull());
  CHECK(parse_kwarg("0.5").GetDouble() == 0.5);
  CHECK(json::text(parse_kwarg("'left'")) == "left");
  CHECK(json::text(parse_kwarg("auto")) == "auto");
}

TEST_CASE("a custom data set's components are the defaults that came with the program", "[config]") {
  Fixture f;
  f.flags.datasets.clear();
  f.flags.custom_dataset_path = "/data/mine.csv";
  f.defaults.custom_dataset = {"csv", "chat_form", "share", "letter"};
  const auto resolved = f.resolve();
  REQUIRE(resolved);
  const DatasetConfig& dataset = resolved->config.datasets.at(0);
  CHECK(dataset.loader.id == "csv");
  CHECK(dataset.template_.id == "chat_form");
  CHECK(dataset.metrics.at(0).id == "share");
  CHECK(dataset.filters.at(0).postprocessors.at(0).id == "letter");
}

TEST_CASE("the installed defaults are read, and what one lacks is named", "[config]") {
  const auto installed = read_defaults(std::string(SEXTANT_GOLDEN_DIR) + "/../../core/defaults.json");
  REQUIRE(installed);
  CHECK_FALSE(installed->backends.empty());
  CHECK_FALSE(installed->custom_dataset.option_postprocessor.empty());
  test::TemporaryFolder folder;
  for (const auto& [text, says] :
       {std::pair("{}", "custom_dataset"),
        {R"({"custom_dataset": {}})", "backends"},
        {R"({"backends": [], "custom_dataset": {"loader": "x", "template": "y", "metric": "z"}})", "option_postprocessor"}}) {
    test::spit(folder / "defaults.json", text);
    const auto read = read_defaults(folder / "defaults.json");
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find(says) != std::string::npos);
  }
  CHECK(read_defaults(folder / "none.json").error().message.find("none.json") != std::string::npos);
}

TEST_CASE("a folder that is named by dots is called by what it is, a snapshot of the hub's cache by its model", "[config]") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "real/below");
  struct Row { std::string path, abbr; };
  const std::string real = (folder / "real").string();
  for (const Row& row : std::vector<Row>{{real + "/below/..", "real_hf"},
                                         {real + "/.", "real_hf"},
                                         {"/hub/models--org--tiny/snapshots/0123abcd", "tiny_hf"},
                                         {"/x/snapshots/0123abcd", "0123abcd_hf"}}) {
    Fixture f;
    f.flags.model_path.clear();
    f.flags.hf_path = row.path;
    CHECK(f.resolve()->config.models[0].abbr == row.abbr);
  }
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder / "real/below");
  Fixture f;
  f.flags.model_path.clear();
  f.flags.hf_path = ".";
  CHECK(f.resolve()->config.models[0].abbr == "below_hf");
  f.flags.hf_path = "..";
  CHECK(f.resolve()->config.models[0].abbr == "real_hf");
  std::filesystem::current_path(here);
}

TEST_CASE("names whose files would be one are told apart, or refused", "[config]") {
  const auto set = [](const std::string& abbr) {
    return R"({"abbr": ")" + abbr +
           R"(", "loader": {"type": "x"}, "reader": {}, "infer": {"template": {"type": "text"}, "inferencer": {"type": "gen"}},
               "eval": {"metrics": [{"type": "accuracy"}]}})";
  };
  Fixture f;
  for (const auto& [one, other] : std::vector<std::pair<std::string, std::string>>{
           {"a/b", "a_b"}, {"Law", "law"}, {"a\\\\b", "a/b"}, {"É", "é"}, {"E\u0301", "É"}}) {
    CAPTURE(one, other);
    test::spit(f.folder / "run.json", R"({"datasets": [)" + set(one) + "," + set(other) + "]}");
    f.flags.datasets.clear();
    f.flags.config = (f.folder / "run.json").string();
    const auto run = f.resolve();
    REQUIRE(run);
    CHECK(file_name_key(run->config.datasets[0].task_name) != file_name_key(run->config.datasets[1].task_name));
    // written and read back, they are called as before
    test::spit(f.folder / "again.json", to_json(run->config));
    f.flags.config = (f.folder / "again.json").string();
    f.flags.model_path.clear();
    const auto again = f.resolve();
    REQUIRE(again);
    CHECK(again->config.datasets[1].task_name == run->config.datasets[1].task_name);
    f.flags.model_path = "/models/tiny.gguf";
  }
  test::spit(f.folder / "each.json",
             R"({"card": "dataset", "each": ["a/b", "a_b", "A_B"], "abbr": "${name}", "loader": {"type": "x"}, "reader": {},
    "infer": {"template": {"type": "text"}, "inferencer": {"type": "gen"}}, "eval": {"metrics": [{"type": "accuracy"}]},
    "groups": [{"name": "all", "members": ["a/b", "a_b", "A_B"]}]})");
  f.cards = CardStore::open({f.folder.path()});
  f.flags.config.clear();
  f.flags.datasets = {"each"};
  const auto run = f.resolve();
  REQUIRE(run);
  std::set<std::string> files;
  for (const DatasetConfig& dataset : run->config.datasets) files.insert(file_name_key(dataset.task_name));
  CHECK(files.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(run->config.summarizer.groups[0].members[i] == run->config.datasets[i].task_name);

  test::spit(
      f.folder / "models.json",
      R"({"models": [{"abbr": "org/m", "backend": "cpu"}, {"abbr": "ORG_m", "backend": "cpu"}], "datasets": ["x_gen"]})");
  f.flags = {};
  f.flags.config = (f.folder / "models.json").string();
  CHECK(f.error().find("'org/m' and 'ORG_m' would have one folder") != std::string::npos);
}

TEST_CASE("models of one path are told apart by what differs between them", "[config]") {
  Fixture f;
  test::spit(f.folder / "run.json",
             R"({"models": [{"hf_path": "/m/base"}, {"hf_path": "/m/base", "config": {"peft_path": "/m/lora"}},
    {"hf_path": "/m/base", "config": {"compute": "bf16"}}], "datasets": ["x_gen"]})");
  f.flags = {};
  f.flags.config = (f.folder / "run.json").string();
  const auto run = f.resolve();
  REQUIRE(run);
  std::vector<std::string> names;
  for (const ModelConfig& model : run->config.models) names.push_back(model.abbr);
  CHECK(names == std::vector<std::string>{"base_hf", "base_hf+lora", "base_hf+bf16"});
}

TEST_CASE("a version changes with whatever changes an answer or a score, and with nothing else", "[config]") {
  using Change = void (*)(Fixture&);
  const auto version = [](Change change) {
    Fixture f;
    test::spit(f.folder / "t1.jinja", "one");
    test::spit(f.folder / "t2.jinja", "two");
    test::spit(f.folder / "t3.jinja", "two");
    change(f);
    const auto run = f.resolve();
    REQUIRE(run);
    return run->config.datasets[0].version;
  };
  const std::string plain = version([](Fixture&) {});
  std::set<std::string> seen{plain};
  const Change different[] = {
      [](Fixture& f) { f.flags.compat = "opencompass"; },
      [](Fixture& f) { f.flags.max_out_len = 7; },
      [](Fixture& f) { f.flags.min_out_len = 3; },
      [](Fixture& f) { f.flags.system_prompt = "Think."; },
      [](Fixture& f) { f.flags.chat_template = "none"; },
      [](Fixture& f) { f.flags.chat_template = (f.folder / "t1.jinja").string(); },
      [](Fixture& f) { f.flags.chat_template = (f.folder / "t2.jinja").string(); },
      [](Fixture& f) { f.flags.hf_type = "base"; },
      [](Fixture& f) { f.flags.stop_words = {"x"}; },
      [](Fixture& f) { f.flags.generation_kwargs = {{"temperature", "0.5"}}; },
      [](Fixture& f) { f.flags.max_seq_len = 100; },
      [](Fixture& f) { f.flags.extractors = {"first_option"}; },
      [](Fixture& f) { f.flags.metrics = {"exact_match"}; },
      [](Fixture& f) { f.flags.set = {{"reader.test_range", "[0:3]"}}; },
      [](Fixture& f) { f.flags.set = {{"reader.test_split", "dev"}}; },
      [](Fixture& f) { f.flags.set = {{"infer.template.prompt", "Q: {q}"}}; },
      [](Fixture& f) { f.flags.limit = 3; },
      [](Fixture& f) { f.flags.rows = "1-2"; },
      [](Fixture& f) { f.flags.shots = 2; },
      [](Fixture& f) { f.flags.repeat = 2; },
      [](Fixture& f) { f.flags.limit = 3; f.flags.limit_mode = "random"; f.flags.seed = 5; },
  };
  for (size_t i = 0; i < std::size(different); ++i) {
    CAPTURE(i);
    CHECK(seen.insert(version(different[i])).second);
  }
  const Change same[] = {
      [](Fixture& f) { f.flags.threads = 3; },
      [](Fixture& f) { f.flags.batch_size = 3; },
      [](Fixture& f) { f.flags.seed = 3; },               // nothing is drawn
      [](Fixture& f) { f.flags.compute = "bf16"; },       // the model's, in run.json
      [](Fixture& f) { f.flags.model_path = "/other.gguf"; },
      [](Fixture& f) { f.flags.set = {{"abbr", "another"}}; },
      [](Fixture& f) { f.flags.data_dir = "/data"; },
  };
  for (size_t i = 0; i < std::size(same); ++i) {
    CAPTURE(i);
    CHECK(version(same[i]) == plain);
  }
  // a chat template counts by what it says
  CHECK(version([](Fixture& f) { f.flags.chat_template = (f.folder / "t3.jinja").string(); }) ==
        version([](Fixture& f) { f.flags.chat_template = (f.folder / "t2.jinja").string(); }));
}

TEST_CASE("a helper that is not the evaluated model of its name has a name of its own", "[config]") {
  std::vector<DatasetConfig> datasets(1);
  datasets[0].judge.emplace();
  ModelConfig evaluated;
  evaluated.abbr = "m";
  evaluated.max_out_len = 4;
  const auto make = [](const std::string& text, const std::string&) {
    ModelConfig model;
    model.abbr = text;
    return Result<ModelConfig>(model);
  };
  std::vector<ModelConfig> helpers;
  REQUIRE(name_helpers(datasets, {evaluated}, {}, {"m"}, make, {}, helpers));
  CHECK(datasets[0].judge->model == "m_judge");
  CHECK(helpers.front().abbr == "m_judge");
  helpers.clear();
  evaluated.max_out_len = ModelConfig().max_out_len;
  datasets[0].judge.emplace();
  REQUIRE(name_helpers(datasets, {evaluated}, {}, {"m"}, make, {}, helpers));
  CHECK(datasets[0].judge->model == "m");  // the same one, asked alike
}

TEST_CASE("whatever seed can be given can be read back", "[config]") {
  Fixture f;
  f.flags.seed = INT64_MAX;
  f.flags.limit = 3;
  const auto run = f.resolve();
  REQUIRE(run);
  test::spit(f.folder / "run.json", to_json(run->config));
  f.flags = {};
  f.flags.config = (f.folder / "run.json").string();
  const auto again = f.resolve();
  INFO(f.error());
  REQUIRE(again);
  CHECK(again->config.seed == INT64_MAX);
}
