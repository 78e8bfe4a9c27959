// Task files in a folder: includes, groups, tags, what each level overrides, and what is said of files that cannot be used.
#include <catch2/catch.hpp>
#include <fmt/ranges.h>
#include "../../../core/tasks/card.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;
using namespace sextant::tasks;

namespace {

struct Files {
  test::TemporaryFolder folder;
  void add(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    std::ofstream(folder.path() / name) << text;
  }
  Result<Selection> chosen(const std::vector<std::string>& names) const {
    TaskFolder opened = TaskFolder::open({folder.path()});
    return select(opened, names);
  }
  std::string names(const std::vector<std::string>& asked) const {
    const auto selection = chosen(asked);
    if (!selection) return selection.error().message;
    std::string out;
    for (const ChosenTask& task : selection->tasks) out += (out.empty() ? "" : " ") + task.name;
    return out;
  }
  // A key of the only task that the name stands for.
  std::string key(const std::string& name, const char* key) const {
    const auto selection = chosen({name});
    if (!selection) return selection.error().message;
    const json::Value* value = json::find(selection->tasks.front().keys, key);
    return value ? json::write(*value) : "none";
  }
};

constexpr const char* question =
    "dataset_path: a/b\ntest_split: test\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_target: l\ndoc_to_choice: [x, "
    "y]\n";

bool no_metric(const std::string&) { return false; }

Result<TaskFile> read(const std::string& yaml, const std::string& more = {}) {
  const Files files;
  files.add("t.yaml", "task: t\n" + yaml + more);
  auto selection = files.chosen({"t"});
  if (!selection) return selection.error();
  return read_task(selection->tasks.front(), no_metric);
}

std::string said(const std::string& yaml, const std::string& more = {}) {
  const auto task = read(yaml, more);
  if (!task) return task.error().message;
  return !task->lacks.empty() ? task->lacks.front() : !task->code.empty() ? "code " + task->code.front() : "runs";
}

}  // namespace

TEST_CASE("tasks: includes are replaced key by key, later ones first", "[tasks]") {
  const Files files;
  files.add("base", "a: 1\nb: {x: 1, y: 2}\ntask_list: [no]\nf: !function utils.f\n");
  files.add("deep/other", "include: ../base\na: 2\nc: 3\n");
  files.add("deep/t.yaml", "include: [other, ../base]\ntask: t\nb: {x: 5}\n");
  CHECK(files.key("t", "a") == "1");
  CHECK(files.key("t", "b") == R"({"x":5})");
  CHECK(files.key("t", "c") == "3");
  CHECK(files.key("t", "task_list") == "none");
  CHECK_THAT(files.key("t", "f"), Catch::Contains(files.folder.path().string() + "\""));
  files.add("loop.yaml", "include: loop.yaml\ntask: loop\n");
  CHECK_THAT(files.names({"loop"}), Catch::Contains("includes itself"));
  files.add("gone.yaml", "include: nowhere\ntask: gone\n");
  CHECK_THAT(files.names({"gone"}), Catch::Contains("nowhere"));
}

TEST_CASE("tasks: groups, tags, patterns and files stand for tasks", "[tasks]") {
  const Files files;
  files.add("b.yaml", "task: b\ntag: [even, all]\nnum_fewshot: 1\n");
  files.add("a.yaml", "task: a\ntag: all\n");
  files.add("inner.yaml",
            "group: inner\ntask: [a, {task: b, k: 7}]\nnum_fewshot: 2\nk: 1\naggregate_metric_list: {metric: acc, "
            "weight_by_size: false}\n");
  files.add(
      "outer.yaml",
      "group: outer\ntask:\n- inner\n- group: own\n  task: [c]\nnum_fewshot: 3\naggregate_metric_list: [{metric: acc}]\n");
  files.add("c.yaml", "task: c\n");
  CHECK(files.names({"all"}) == "a b");
  CHECK(files.names({"outer"}) == "a b c");
  CHECK(files.names({"a", "a"}) == "a");
  CHECK(files.names({"?"}) == "a b c");
  CHECK(files.names({(files.folder.path() / "c.yaml").string()}) == "c");
  CHECK_THAT(files.names({"a", "all"}), Catch::Contains("'a' and 'all' both stand for the task 'a'"));
  CHECK_THAT(files.names({"outre"}), Catch::Contains("did you mean 'outer'"));
  const auto selection = files.chosen({"outer"});
  REQUIRE(selection);
  CHECK(json::find_int(selection->tasks[1].keys, "num_fewshot") == 3);  // the outer group's key wins
  CHECK(json::find_int(selection->tasks[1].keys, "k") == 7);            // what stands beside the task wins over all
  REQUIRE(selection->groups.size() == 2);
  CHECK(selection->groups[0].name == "inner");
  CHECK_FALSE(selection->groups[0].by_size);
  CHECK(selection->groups[1].tasks == std::vector<std::string>{"a", "b", "c"});
  CHECK(selection->groups[1].by_size);
}

TEST_CASE("tasks: groups that name each other many times come to an end", "[tasks]") {
  const Files files;
  files.add("t.yaml", "task: t\n");
  for (int i = 0; i < 12; ++i)
    files.add(fmt::format("g{}.yaml", i),
              fmt::format("group: g{0}\ntask: [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", i, i < 11 ? fmt::format("g{}", i + 1) : "t"));
  CHECK(files.names({"g8"}) == "t");
  CHECK_THAT(files.names({"g0"}), Catch::Contains("more than 100000 members"));
}

TEST_CASE("tasks: each number of a group has its own weights, and the tasks that have its filter", "[tasks]") {
  const Files files;
  files.add("a.yaml", "task: a\nfilter_list: [{name: strict, filter: []}, {name: loose, filter: []}]\n");
  files.add("b.yaml", "task: b\nfilter_list: [{name: strict, filter: []}]\n");
  files.add("c.yaml", "task: c\n");
  files.add("d.yaml", "task: d\nmetric_list: [{metric: acc}]\n");
  files.add("e.yaml", "task: e\nmetric_list: [{metric: em}]\nfilter_list: [{name: strict, filter: []}]\n");
  struct Case { const char *members, *list, *expected; };
  for (const Case& c : {
           Case{"[a, b]", "{metric: em}", "em,loose of a by size; em,strict of a b by size; "},  // no filter_list: every filter
           Case{"[b]", "{metric: em}", "em of b by size; "},
           Case{"[b]", "{metric: em, filter_list: strict}", "em of b by size; "},
           Case{"[b, c]", "[{metric: em, filter_list: [strict, none], weight_by_size: false}]", "em,strict of b; em of c; "},
           Case{"[a, b]", "{metric: em, filter_list: lost}", "em,lost of a b by size; "},  // the table says that none has it
           Case{"[c]", "[{metric: acc}, {metric: f1, weight_by_size: false}, {metric: acc_norm}, {metric: acc}]",
                "acc acc_norm of c by size; f1 of c; "},
           Case{"[c]", "[{metric: acc, weight_by_size: truez}, 7, {x: y}]", "acc of c by size; "},
           Case{"[d, e]", "[{metric: acc}, {metric: em}]", "acc of d by size; em,strict of e by size; "},
           Case{"[d, e]", "{metric: lost}", "lost of d by size; "},
           Case{"[c]", "[]", ""},
       }) {
    CAPTURE(c.members, c.list);
    files.add("g.yaml", fmt::format("group: g\ntask: {}\naggregate_metric_list: {}\n", c.members, c.list));
    const auto selection = files.chosen({"g"});
    REQUIRE(selection);
    std::string got;
    for (const ChosenGroup& group : selection->groups)
      got += fmt::format("{} of {}{}; ", fmt::join(group.metrics, " "), fmt::join(group.tasks, " "), group.by_size ? " by size" : "");
    CHECK(got == c.expected);
  }
  files.add("round.yaml", "group: round\ntask: [round]\n");
  CHECK_THAT(files.names({"round"}), Catch::Contains("contains itself"));
}

TEST_CASE("tasks: what a task needs is said", "[tasks]") {
  for (const auto& [more, expected] : std::vector<std::pair<const char*, const char*>>{
           {"", "runs"},
           {"process_docs: !function utils.f\n", "code process_docs: utils.f of "},
           {"metric_list: [{metric: acc, aggregation: !function u.g}]\n", "code aggregation of acc: u.g"},
           {"metric_list: [{metric: f1, aggregation: !function u.g}]\n", "code aggregation of f1: u.g of "},
           {"metric_list: [{metric: f1}, {metric: mcc}]\n", "runs"},
           {"metric_list: [{metric: acc, aggregation: median}]\n",
            "is aggregated by 'median', which is not done; its own is mean"},
           {"class: !function u.C\n", "code class: u.C"},
           {"outputtype: x\n", "there is no such key (did you mean 'output_type'"},
           {"num_fewshot: many\n", "\"num_fewshot\": it must be a number"},
           {"output_type: other\n", "'other' is not one of generate_until"},
           {"doc_to_choice: ['', x]\n", "\"doc_to_choice\": it must be a text, or a list of texts that are not empty"},
           {"fewshot_config: {sampler: balanced}\n", "the sampler 'balanced' is not one of"},
           {"fewshot_config: {other: 1}\n", "there is no such key: other"},
           {"filter_list: [{name: x, filter: [{function: zzz}]}]\n", "there is no filter 'zzz'"},
           {"filter_list: [{name: x, filter: [{function: regex, regex_pattern: '('}]}]\n", "regex_pattern"},
           {"filter_list: 3\n", "\"filter_list\": it must be a list"},
           {"metric_list: [acc]\n", "each entry needs \"metric\""},
           {"doc_to_text: '{% for %}'\n", "its template cannot be used"},
           {"doc_to_image: [i]\n", "pictures or sound"},
           {"test_split: null\n", "neither a test_split nor a validation_split"},
           {"output_type: generate_until\nmetric_list: [{metric: bleu}]\n", "there is no metric 'bleu'"},
           {"generation_kwargs: {until: 5}\n", "until must be a text or a list of texts"},
           {"repeats: 4\nfilter_list: [{name: x, filter: [{function: take_first_k, k: 2}, {function: majority_vote}, "
            "{function: "
            "take_first}]}]\n",
            "runs"},
           {"repeats: 4\nfilter_list: [{name: x, filter: [{function: take_first_k, k: 4}]}]\n", "runs"},
           {"repeats: 4\nfilter_list: [{name: x, filter: [{function: take_first_k, k: 2}]}]\n", "scores some of the repeats"},
           {"filter_list: [{name: x, filter: [{function: take_first_k, k: 2}]}]\n", "takes the first 2 of 1 replies"},
           {"filter_list: [{name: x, filter: [{function: take_first_k}]}]\n", "take_first_k needs \"k\""},
           {"dataset_kwargs: {sep: '|'}\n", "dataset_kwargs.sep is not read"},
           {"dataset_path: text\n", "the builder 'text' is not read"},
           {"doc_to_choice: null\n", "multiple_choice needs doc_to_choice"},
           {"doc_to_choice: []\n", "\"doc_to_choice\": it must be a text, or a list"},
           {"doc_to_text: null\n", "\"doc_to_text\": it is missing"},
           {"metric_list: []\n", "metric_list is empty"},
           {"generation_kwargs: {temperature: hot}\n", "temperature must be a number"},
           {"output_type: generate_until\nmetric_list: [{metric: acc}]\n", "lm-eval stops there, too"},
           {"repeats: 0\n", "\"repeats\": it must be a number from 1"}}) {
    CAPTURE(more);
    CHECK_THAT(said(question, more), Catch::Contains(expected));
  }
}

TEST_CASE("tasks: replies are drawn as the file says", "[tasks]") {
  const auto inferencer = [](const std::string& kwargs, bool sampling = true) {
    const auto task = read(question, "output_type: generate_until\ngeneration_kwargs: " + kwargs + "\n");
    REQUIRE(task);
    CardOptions options;
    options.sampling = sampling;
    const auto made = card_of(*task, options, {"hub", "task", "filter", "match"});
    REQUIRE(made);
    return json::write((*made)["infer"]["inferencer"]);
  };
  using Catch::Contains;
  CHECK_THAT(inferencer("{do_sample: true, temperature: 0.5, top_p: 0.9, top_k: 4}"),
             Contains(R"("temperature":0.5,"top_p":0.9,"top_k":4)"));
  CHECK_THAT(inferencer("{do_sample: true}"), Contains(R"("temperature":1.0)"));
  CHECK_THAT(inferencer("{temperature: 0.5}"), Contains(R"("temperature":0.5)"));
  for (const char* greedy :
       {"{}", "{do_sample: false, temperature: 0.5}", "{temperature: 0.0}", "{do_sample: true, temperature: 0}"})
    CHECK_THAT(inferencer(greedy), !Contains("temperature"));
  CHECK_THAT(inferencer("{do_sample: true}", false), !Contains("temperature"));
  const auto task = read(question, "output_type: generate_until\ngeneration_kwargs: {num_beams: 4}\n");
  REQUIRE(task);
  CHECK(task->notes.at(0) == "generation_kwargs.num_beams is passed over");
}

TEST_CASE("tasks: a card says how many examples, of which split, and what is scored", "[tasks]") {
  const Components components{"hub", "task", "filter", "match"};
  const auto card = [&](const std::string& more, std::optional<uint32_t> shots) {
    const auto task = read(question, more);
    REQUIRE(task);
    CardOptions options;
    options.shots = shots;
    auto made = card_of(*task, options, components);
    REQUIRE(made);
    return std::move(*made);
  };
  const auto retriever = [](const json::Document& made) { return json::write(made["infer"]["retriever"]); };
  CHECK(retriever(card("", {})) == R"({"type":"zero"})");
  CHECK(retriever(card("num_fewshot: 0\n", 5)) == R"({"type":"zero"})");   // a file's 0 stays
  CHECK(retriever(card("num_fewshot: 2\n", {})) == R"({"type":"lm_eval","ice_num":2,"seed":1234})");
  CHECK(retriever(card("fewshot_split: test\n", 3)) == R"({"type":"lm_eval","ice_num":3,"seed":1234,"own_split":"yes"})");
  CHECK(retriever(card("test_split: null\nvalidation_split: validation\n", 3)) ==
        R"({"type":"lm_eval","ice_num":3,"seed":1234,"own_split":"yes"})");
  CHECK(retriever(card("fewshot_split: dev\nfewshot_config: {sampler: first_n}\n", 3)) ==
        R"({"type":"lm_eval","ice_num":3,"sampler":"first_n"})");
  const json::Document samples = card("fewshot_config: {samples: [{q: A, l: 0}]}\n", 1);
  CHECK(json::find_string(samples["reader"], "train_split") == "samples");
  CHECK(json::write(samples["loader"]["samples"]) == R"([{"q":"A","l":0}])");
  CHECK(json::write(card("metric_list: [{metric: acc}, {metric: brier_score}, {metric: zzz}, {metric: f1}]\n",
                         {})["infer"]["inferencer"]["scores"]) == R"({"acc":"sum","brier_score":"brier","f1":"f1"})");
  const json::Document reply = card(
      "output_type: generate_until\ngeneration_kwargs: {max_gen_toks: 7}\nfilter_list: [{name: s, filter: [{function: regex}, "
      "{function: take_first}]}]\n",
      {});
  CHECK(json::write(reply["infer"]["inferencer"]) == R"({"type":"gen","max_out_len":7,"stop":["\n\n"]})");
  CHECK(json::write(reply["eval"]["filters"]) ==
        R"({"s":[{"type":"filter","steps":[{"function":"regex"},{"function":"take_first"}]}]})");
}

TEST_CASE("tasks: a file's name is told from its lines only where that is beyond doubt", "[tasks]") {
  const auto seen = [](const std::string& yaml) {
    const auto sketch = sketch_of(yaml);
    if (!sketch) return std::string("?");
    return fmt::format("{}{} {} {} {}", sketch->is_class ? "class " : "", sketch->task.value_or("-"), sketch->group.value_or("-"),
                       sketch->tags ? fmt::format("{}", fmt::join(*sketch->tags, "+")) : "-", fmt::join(sketch->includes, "+"));
  };
  const std::pair<std::string, std::string> cases[] = {
      {"task: a\ntag: [x]\n", "?"},
      {"---\n# c\ntask: a-b   # c\ntag:\n- x\n- 'y'\ninclude: ../c.yaml\n", "a-b - x+y ../c.yaml"},
      {"tag:\n  - x\n\n  # c\n  - y\ntask: \"a\"\r\n", "a - x+y "},
      {"group: g\ntask:\n  - a\n  - task: b\n    tag: x\n", " g - "},
      {"class: !function t.F\ntask: f\n", "class f - - "},
      {"include: [a, b]\ntask: t\n", "?"},
      {"task: 12\n", "?"},
      {"task: true\n", "?"},
      {"task: a b\n", "?"},
      {"task: &x a\n", "?"},
      {"task: a\n  b\n", "?"},
      {"task: a\ntask: b\n", "?"},
      {"task: [a]\n", "?"},
      {"<<: *x\ntask: a\n", "?"},
      {"\"task\": a\n", "?"},
      {"{task: a}\n", "?"},
      {"\ttask: a\n", "?"},
      {"description: \"x\ntask: b\"\ntask: a\n", "?"},
      {"description: 'x\n\n  task: b'\ntask: a\n", "a - - "},
      {"description: 'it''s'\ntask: a\n", "a - - "},
      {"description: |\n  task: b\ntask: a\n", "a - - "},
      {"d: {a: 1,\ntask: b}\ntask: a\n", "?"},
      {"task: a\n...\ntask: b\n", "?"},
      {"task: a\n---\ntask: b\n", "?"},
      {"tag: x\n", "- - x "},
  };
  for (const auto& [yaml, expected] : cases) {
    INFO(yaml);
    CHECK(seen(yaml) == expected);
  }
}
