// What a run does for each sample beside the model: row to prompt to content key, and the journal.
#include <filesystem>
#include <fmt/format.h>
#include "../../core/render/render.hpp"
#include "../../core/serve/content_key.hpp"
#include "../../core/store/responses.hpp"
#include "../../plugins/templates/components.hpp"
#include "../core/temporary_folder.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

constexpr int samples = 200;

std::string record(int i) {
  return fmt::format(
      R"({{"question": "Which of these is number {}, \"the\" 天地?", "A": "{}", "B": "{}", "C": "none", "D": "both", "answer": "{}"}})",
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
      const std::string pieces = component->render(
          {sizeof(sxt_render_item), SXT_FORM_OPEN, borrow(records[i]), examples.data(), examples.size(), borrow("answer")});
      const auto rendered = need(render::parse_rendered(need(json::parse(pieces, "template")), data::Form::open, "card"));
      const render::Prompts prompts = need(render::assemble(rendered, data::Form::open, {}, no_chat));
      data::Request request;
      request.text = prompts.prompts[0].text;
      request.sampling = data::Sampling{};
      serve::content_key({"weights", "{}", "0.1.0"}, request);
    }
  };
}

data::Response response(int i) {
  data::Response r;
  r.key = fmt::format("{:032x}{:032x}", i + 1, i);
  for (int k = 0; k < 4; ++k)
    r.scores.push_back({-14.670400142669678 / (i + 1), -20.670400142669678 / (k + 1), 40, 44, false, {}, {}, {}});
  r.usage = {160, 70, 0, 0};
  return r;
}

Work writing() {
  std::vector<data::Response> all;
  for (int i = 0; i < samples; ++i) all.push_back(response(i));
  auto folder = std::make_shared<test::TemporaryFolder>();
  return [=](int round) {
    auto responses = need(store::Responses::open(*folder / std::to_string(round)));
    for (const data::Response& r : all) {
      const auto appended = responses.append("d", r);
      if (!appended) throw std::runtime_error(appended.error().message);
    }
  };
}

Work reading() {
  auto folder = std::make_shared<test::TemporaryFolder>();
  std::string lines;
  for (int i = 0; i < samples; ++i) lines += data::to_line(response(i)) + "\n";
  test::spit(*folder / "d.jsonl", lines);
  return [folder](int) {
    auto responses = need(store::Responses::open(folder->path()));
    for (int i = 0; i < samples; ++i)
      if (!responses.find(response(i).key)) throw std::runtime_error("a response was lost");
  };
}

}  // namespace

void add_samples(Paths& ret) {
  ret.push_back({"render and key", rendering});
  ret.push_back({"journal/writing", writing});
  ret.push_back({"journal/reading", reading});
}

}  // namespace sextant::perf
