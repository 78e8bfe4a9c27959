#include "source.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../base/json_line.hpp"
#include "../base/json_members.hpp"
#include "../base/lines.hpp"
#include "../store/predictions.hpp"

namespace sextant::exchange {
namespace {

constexpr uint64_t attempts_a_stretch = 256;
constexpr double none = std::numeric_limits<double>::quiet_NaN();

// Numbers that lm-eval, Inspect and Sextant all show as they are, whatever a metric declares.
constexpr std::string_view plain_names[] = {"word_perplexity", "byte_perplexity", "bits_per_byte", "average_ppl", "perplexity",
                                            "brier_score",     "bleu",            "chrf",          "chrf++",      "ter",
                                            "min_k_plus_plus", "min_k"};

bool is_plain(std::string_view metric, const json::Value* set, const json::Value* facts) {
  if (std::find(std::begin(plain_names), std::end(plain_names), metric) != std::end(plain_names)) return true;
  const std::string kind = text_at(set, "infer.inferencer.scores." + std::string(metric));
  if (kind == "brier" || kind == "perplexity") return true;
  if (!facts) return false;
  if (!json::find_bool(*facts, "percent").value_or(true)) return true;
  const json::Value* range = json::find(*facts, "range");
  return range && range->IsArray() && range->Size() == 2 && (*range)[1].IsNumber() && (*range)[1].GetDouble() > 1;
}

}  // namespace

const json::Value* member_at(const json::Value* value, std::string_view path) {
  while (value && !path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    value = json::find(*value, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value;
}

std::string text_at(const json::Value* value, std::string_view path) {
  const json::Value* found = member_at(value, path);
  return found && found->IsString() ? std::string(json::text(*found)) : std::string();
}

Result<std::vector<Number>> numbers_of(const std::filesystem::path& results, const json::Value* set) {
  SXT_TRY(const InputFile file, InputFile::open(results));
  std::string head = "{";  // all members but the long ones
  std::optional<Error> error;
  SXT_CHECK(scan_members(file, [&](std::string_view name, uint64_t begin, uint64_t end) {
    if (name == "details") return true;
    auto value = file.read(begin, end - begin);
    if (!value) {
      error = value.error();
      return false;
    }
    head += fmt::format("{}\"{}\":{}", head.size() > 1 ? "," : "", name, *value);
    return true;
  }));
  if (error) return *error;
  SXT_TRY(const json::Document members, json::parse(head + "}", results.string()));
  const json::Value *estimates = json::find(members, "estimates"), *metrics = json::find(members, "metrics");
  std::vector<Number> out;
  for (const auto& member : members.GetObject()) {
    if (!member.value.IsNumber()) continue;
    Number one;
    one.name = json::text(member.name);
    const size_t comma = one.name.find(',');
    one.metric = one.name.substr(0, comma);
    one.filter = comma == one.name.npos ? "none" : one.name.substr(comma + 1);
    one.value = member.value.GetDouble();
    const json::Value* estimate = estimates ? json::find(*estimates, one.name) : nullptr;
    one.standard_error = estimate ? json::find_number(*estimate, "standard_error").value_or(none) : none;
    one.higher_is_better = estimate ? json::find_bool(*estimate, "higher_is_better").value_or(true) : true;
    one.n = estimate ? static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(*estimate, "n").value_or(0))) : 0;
    const json::Value* facts = metrics ? json::find(*metrics, one.name) : nullptr;
    one.unit = is_plain(one.metric, set, facts) ? 1 : 100;
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> read_names(Task& task) {
  const Error enough{Error::Kind::cancelled, ""};
  const auto names = [](const json::Value& line, const char* member) {
    std::vector<std::string> out;
    if (const json::Value* object = json::find(line, member); object && object->IsObject())
      for (const auto& one : object->GetObject()) out.emplace_back(json::text(one.name));
    return out;
  };
  const auto read = each_line(task.samples, [&](std::string_view text) -> Result<void> {
    SXT_TRY(const json::Document line, parse_line(text, task.samples.string() + ", line 1"));
    task.filters = names(line, "answers");
    task.scores = names(line, "scores");
    return enough;
  });
  if (!read && read.error().kind != Error::Kind::cancelled) return read.error();
  if (task.filters.empty()) task.filters.emplace_back("none");
  return {};
}

Result<void> each_attempt(const Task& task,
                          const std::function<Result<void>(const json::Value& line, const data::Attempt* attempt)>& use) {
  std::optional<store::Predictions> predictions;
  std::error_code code;
  if (std::filesystem::exists(task.predictions, code)) {
    SXT_TRY(store::Predictions opened, store::Predictions::open(task.predictions));
    predictions.emplace(std::move(opened));
  }
  std::vector<data::Attempt> stretch;
  uint64_t number = 0;
  return each_line(task.samples, [&](std::string_view text) -> Result<void> {
    const uint64_t place = number++;
    SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", task.samples.string(), number)));
    if (!predictions) return use(line, nullptr);
    if (place >= predictions->size())
      return Error{Error::Kind::data,
                   fmt::format("{}, line {}: {} has no attempt of that number; score the run again (-m eval -r)",
                               task.samples.string(), number, task.predictions.string())};
    if (place % attempts_a_stretch == 0) {
      SXT_TRY(stretch, predictions->read(place, std::min(attempts_a_stretch, predictions->size() - place)));
    }
    return use(line, &stretch[place % attempts_a_stretch]);
  });
}

}  // namespace sextant::exchange
