// What a run does for each sample beside the model: row to prompt to content key, and the journal.
#include <filesystem>
#include <fmt/format.h>
#include "../../core/render/render.hpp"
#include "../../core/store/journal.hpp"
#include "../../core/store/sample_json.hpp"
#include "../../plugins/templates/components.hpp"
#include "../core/temporary_folder.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

constexpr int samples = 200;

std::string record(int i) {
  return fmt::format(R"({{"question": "Which of these is number {}, \"the\" 天地?", "A": "{}", "B": "{}", "C": "none", "D": "both", "answer": "{}"}})",
                     i, i * 7, i + 13, "ABCD"[i % 4]);
}

constexpr const char* dialogue = R"({"round": [
  {"role": "HUMAN", "prompt": "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer:"},
  {"role": "BOT", "prompt": "{answer}"}]})";

Result<std::string> no_chat(std::string_view) { return std::string(); }

// Five examples a sample, rendered by the template plugin, put together, and hashed.
Work rendering() {
  auto component = std::make_shared<templates::DialogueTemplate>(Context(nullptr, borrow(dialogue)));
  std::vector<std::string> records, shots;
  for (int i = 0; i < samples; ++i) records.push_back(record(i));
  for (int i = 0; i < 5; ++i) shots.push_back(record(1000 + i));
  return [=](int) {
    std::vector<sxt_str> examples;
    for (const std::string& shot : shots) examples.push_back(borrow(shot));
    for (size_t i = 0; i < records.size(); ++i) {
      const std::string pieces = component->render({borrow(records[i]), examples.data(), examples.size(), borrow("answer"), 1, 0});
      const auto rendered = need(render::parse_rendered(need(json::parse(pieces, "template")), data::Form::open, "card"));
      const render::Prompts prompts = need(render::assemble(rendered, data::Form::open, {}, no_chat));
      store::content_key({records[i], {prompts.prompts[0].text}, "weights", "{}", R"({"form":"gen"})", "0.1.0", i});
    }
  };
}

store::Sample sample(int i) {
  store::Sample s;
  s.index = static_cast<uint64_t>(i);
  s.key = fmt::format("{:064x}", i);
  s.record_json = record(i);
  s.gold_json = "\"A\"";
  for (const char* label : {"A", "B", "C", "D"}) {
    const std::string text = fmt::format("Question {} about \"this\" and 天地, with examples before it\nAnswer: {}", i, label);
    s.prompts.push_back({label, text, {}, 30, false});
    s.labels.push_back({label, text, -14.670400142669678 / (i + 1), 40, 0.3667600035667419 / (i + 1)});
  }
  s.prediction = "B";
  s.prompt_tokens = 160, s.computed_tokens = 70;
  return s;
}

Work writing() {
  std::vector<store::Sample> all;
  for (int i = 0; i < samples; ++i) all.push_back(sample(i));
  auto folder = std::make_shared<test::TemporaryFolder>();
  return [=](int round) {
    auto journal = need(store::Journal::open(*folder / std::to_string(round)));
    for (const store::Sample& s : all) {
      const auto appended = journal.append(s);
      if (!appended) throw std::runtime_error(appended.error().message);
    }
  };
}

Work reading() {
  auto folder = std::make_shared<test::TemporaryFolder>();
  std::string lines;
  for (int i = 0; i < samples; ++i) lines += store::to_line(sample(i)) + "\n";
  test::spit(*folder / "journal.jsonl", lines);
  return [folder](int) {
    if (need(store::Journal::open(*folder / "journal.jsonl")).size() != samples) throw std::runtime_error("a sample was lost");
  };
}

}  // namespace

void add_samples(Paths& ret) {
  ret.push_back({"render and key", rendering});
  ret.push_back({"journal/writing", writing});
  ret.push_back({"journal/reading", reading});
}

}  // namespace sextant::perf
