#include "generation.hpp"
#include <cmath>
#include <fmt/format.h>
#include "../data/fields.hpp"

namespace sextant::config {
namespace {

struct Real { std::string_view key; std::optional<float> Generation::*member; double least, most; };
constexpr double no_end = 1e9;
constexpr Real reals[] = {
    {"temperature", &Generation::temperature, 0, no_end},
    {"top_p", &Generation::top_p, 0, 1},
    {"min_p", &Generation::min_p, 0, 1},
    {"repetition_penalty", &Generation::repetition_penalty, 1e-6, no_end},
    {"presence_penalty", &Generation::presence_penalty, -no_end, no_end},
    {"frequency_penalty", &Generation::frequency_penalty, -no_end, no_end},
};
struct Whole { std::string_view key; std::optional<uint32_t> Generation::*member; };
constexpr Whole wholes[] = {{"top_k", &Generation::top_k}, {"no_repeat_ngram_size", &Generation::no_repeat_ngram_size}};
struct Ids { std::string_view key; std::optional<std::vector<int32_t>> Generation::*member; };
constexpr Ids lists[] = {{"suppress_tokens", &Generation::suppress_tokens},
                         {"begin_suppress_tokens", &Generation::begin_suppress_tokens}};

Error must_be(std::string what) { return {Error::Kind::config, "must be " + std::move(what)}; }

}  // namespace

const std::vector<std::string>& generation_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all = {"do_sample"};
    for (const Real& one : reals) all.emplace_back(one.key);
    for (const Whole& one : wholes) all.emplace_back(one.key);
    for (const Ids& one : lists) all.emplace_back(one.key);
    return all;
  }();
  return keys;
}

Result<bool> set_generation(Generation& generation, std::string_view key, const json::Value& value) {
  if (key == "do_sample") {
    if (!value.IsBool() && !value.IsNull()) return must_be("true or false");
    generation.do_sample = value.IsNull() ? std::nullopt : std::optional(value.GetBool());
    return true;
  }
  for (const Real& one : reals) {
    if (one.key != key) continue;
    const double x = value.IsNumber() ? value.GetDouble() : NAN;
    if (!value.IsNull() && !(x >= one.least && x <= one.most))
      return must_be(one.most < no_end ? fmt::format("a number from {:g} to {:g}", one.least, one.most)
                     : one.least < 0   ? "a number"
                     : one.least > 0   ? "a number above 0"
                                       : "a number, 0 or more");
    generation.*one.member = value.IsNull() ? std::nullopt : std::optional(static_cast<float>(x));
    return true;
  }
  for (const Whole& one : wholes) {
    if (one.key != key) continue;
    const double x = value.IsNumber() ? value.GetDouble() : -1;
    if (!value.IsNull() && (x < 0 || x > UINT32_MAX || x != std::floor(x))) return must_be("a whole number, 0 or more");
    generation.*one.member = value.IsNull() ? std::nullopt : std::optional(static_cast<uint32_t>(x));
    return true;
  }
  for (const Ids& one : lists) {
    if (one.key != key) continue;
    (generation.*one.member).reset();
    if (value.IsNull()) return true;
    std::vector<int32_t> ids;
    bool right = value.IsArray();
    for (rapidjson::SizeType i = 0; right && i < value.Size(); ++i) {
      right = value[i].IsInt() && value[i].GetInt() >= 0;
      if (right) ids.push_back(value[i].GetInt());
    }
    if (!right) return must_be("a list of token ids");
    generation.*one.member = std::move(ids);
    return true;
  }
  return false;
}

json::Value generation_to_json(const Generation& generation, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  if (generation.do_sample) json::set(out, "do_sample", json::Value(*generation.do_sample), a);
  for (const Real& one : reals)
    if (const auto& value = generation.*one.member) json::set(out, one.key, data::number(*value), a);
  for (const Whole& one : wholes)
    if (const auto& value = generation.*one.member) json::set(out, one.key, json::Value(*value), a);
  for (const Ids& one : lists)
    if (const auto& value = generation.*one.member) json::set(out, one.key, data::list(*value, a), a);
  return out;
}

}  // namespace sextant::config
