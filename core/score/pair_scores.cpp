#include "pair_scores.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <sextant/confusion.hpp>

namespace sextant::score {
namespace {

constexpr int32_t no_option = -100;   // lm-eval's number of an answer that is none of the options

int32_t number_of(std::string_view label) {
  int32_t out = 0;
  const auto [end, code] = std::from_chars(label.data(), label.data() + label.size(), out);
  return code == std::errc() && end == label.data() + label.size() && !label.empty() ? out : no_option;
}

// Kinds of pairs, how often each comes, and which each pair is of.
struct Kinds {
  explicit Kinds(std::span<const Pair> pairs) {
    for (const Pair& pair : pairs) {
      const auto same = [&](const Pair& other) { return other.right == pair.right && other.chosen == pair.chosen; };
      const auto place = std::find_if(kinds.begin(), kinds.end(), same);
      of_pair.push_back(static_cast<uint32_t>(place - kinds.begin()));
      if (place == kinds.end()) kinds.push_back(pair), counts.push_back(0);
      ++counts[of_pair.back()];
    }
  }
  std::vector<Pair> kinds;
  std::vector<double> counts;
  std::vector<uint32_t> of_pair;
};

}  // namespace

bool is_pair_score(const ChoiceScore& score) {
  return score.kind == "f1" || score.kind == "mcc" || score.kind == "function";
}

std::optional<Pair> pair_of(const json::Value& extra, const json::Value& target) {
  const json::Value* choices = json::find(extra, "choices");
  const auto chosen = choices ? json::find_string(*choices, "sum") : std::nullopt;
  if (!chosen || target.IsArray()) return std::nullopt;
  return Pair{target.IsString() ? number_of(json::text(target)) : no_option, number_of(*chosen)};
}

Result<PairScore> PairScore::make(const ChoiceScore& score) {
  PairScore out;
  out.kind_ = score.kind;
  if (score.kind == "function") {
    SXT_TRY(out.function_, python::Function::load(score.source, score.function, "aggregation of " + score.name));
  }
  return out;
}

Result<double> PairScore::of_counts(std::span<const Pair> kinds, std::span<const double> counts) const {
  metric::Confusion confusion;
  for (size_t i = 0; i < kinds.size(); ++i)
    if (counts[i] > 0) confusion.add(std::to_string(kinds[i].chosen), std::to_string(kinds[i].right), counts[i]);
  if (kind_ == "mcc") return confusion.mcc();
  const std::vector<std::string> classes = confusion.all();
  const bool of_one = std::find(classes.begin(), classes.end(), "1") != classes.end();
  if (classes.size() > 2 || (classes.size() == 2 && !of_one))
    return Error{Error::Kind::data, fmt::format("f1 is that of option 1 of two, and the rows have {} ({}{})", classes.size(),
                                                classes[0], classes.size() > 1 ? ", " + classes[1] + ", .." : "")};
  return confusion.of("1").f1;
}

Result<double> PairScore::of(std::span<const Pair> pairs) const {
  if (!function_) {
    const Kinds all(pairs);
    return of_counts(all.kinds, all.counts);
  }
  json::Document items(rapidjson::kArrayType);
  auto& a = items.GetAllocator();
  for (const Pair& pair : pairs) {
    json::Value one(rapidjson::kArrayType);
    one.PushBack(pair.right, a).PushBack(pair.chosen, a);
    items.PushBack(std::move(one), a);
  }
  SXT_TRY(const json::Value made, (*function_)({&items}, a));
  if (!made.IsNumber() || !std::isfinite(made.GetDouble()))
    return Error{Error::Kind::data, "the task's aggregation gives no number"};
  return made.GetDouble();
}

double PairScore::standard_error(std::span<const Pair> pairs, unsigned threads, uint64_t draws) const {
  if (function_) return stats::not_known;
  const Kinds all(pairs);
  return stats::lm_eval_error(
      pairs.size(), draws,
      [&](std::span<const uint32_t> places) {
        std::vector<double> counts(all.kinds.size());
        for (const uint32_t place : places) ++counts[all.of_pair[place]];
        const auto number = of_counts(all.kinds, counts);
        return number ? *number : stats::not_known;
      },
      threads);
}

}  // namespace sextant::score
