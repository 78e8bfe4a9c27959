#include "generation.hpp"
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../config/card_parts.hpp"

namespace sextant::serve {
namespace {

using config::Generation;

std::string shown(std::string_view key, const json::Value& value) {
  return fmt::format("{} {}", key, shorten(json::write(value), 60));
}

class Merge {
 public:
  Merge(const config::ModelConfig& model, const json::Value* own) : asked_(model.generation), model_(model) {
    if (!own || !own->IsObject()) return;
    own_ = own;
    from_ = json::find_string(*own, "from").value_or("the model");
    for (const auto& member : own->GetObject())
      if (const auto set = config::set_generation(theirs_, json::text(member.name), member.value); !set)
        out_.warnings.push_back(fmt::format("{}: {} is not followed: it {}", from_,
                                            shown(json::text(member.name), member.value), set.error().message));
  }

  Generating all(uint32_t context, bool adjusts) {
    data::Sampling& s = out_.sampling;
    s.max_new_tokens = model_.max_out_len;
    s.min_new_tokens = model_.min_out_len;
    if (s.min_new_tokens == 0) s.min_new_tokens = own_length("min_new_tokens");
    s.stop = model_.stop_words;
    own_stops();
    if (asked_.samples()) draw();
    else idle();
    if (!asked_.samples() && theirs_.do_sample == true && !asked_.do_sample && !asked_.temperature) greedy();
    take(&Generation::repetition_penalty, "repetition_penalty", s.repetition_penalty);
    take(&Generation::presence_penalty, "presence_penalty", s.presence_penalty);
    take(&Generation::frequency_penalty, "frequency_penalty", s.frequency_penalty);
    take(&Generation::no_repeat_ngram_size, "no_repeat_ngram_size", s.no_repeat_ngram_size);
    take(&Generation::suppress_tokens, "suppress_tokens", s.suppress_tokens);
    take(&Generation::begin_suppress_tokens, "begin_suppress_tokens", s.begin_suppress_tokens);
    if (!adjusts) only_plain();
    lengths(context);
    return std::move(out_);
  }

 private:
  template <class T> void take(std::optional<T> Generation::*member, const char* key, T& ret) {
    if (const auto& mine = asked_.*member) ret = *mine;
    else if (const auto& own = theirs_.*member) {
      if (*own != ret) out_.follows.push_back(shown(key, *json::find(*own_, key)));
      ret = *own;
    }
  }

  // transformers' defaults where nobody says anything, but for its top_k of 50
  void draw() {
    data::Sampling& s = out_.sampling;
    s.temperature = 1;
    take(&Generation::temperature, "temperature", s.temperature);
    if (!(s.temperature > 0)) s.temperature = 1;  // the model's own, and it says that it is drawn from
    take(&Generation::top_p, "top_p", s.top_p);
    take(&Generation::top_k, "top_k", s.top_k);
    take(&Generation::min_p, "min_p", s.min_p);
  }

  // What only drawing looks at, asked for by a run that does not draw.
  void idle() {
    std::vector<std::string> keys;
    if (asked_.top_p) keys.emplace_back("top_p");
    if (asked_.top_k) keys.emplace_back("top_k");
    if (asked_.min_p) keys.emplace_back("min_p");
    const bool refused = asked_.do_sample.has_value();  // a temperature alone would sample
    if (refused && asked_.temperature && *asked_.temperature > 0) keys.insert(keys.begin(), "temperature");
    if (keys.empty()) return;
    out_.warnings.push_back(fmt::format("{} change{} nothing: replies are greedy{}", join(keys, ", "), keys.size() == 1 ? "s" : "",
                                        refused ? ", since do_sample is false" : "; give do_sample=True or a temperature to sample"));
  }

  void greedy() {
    std::vector<std::string> settings;
    for (const char* key : {"temperature", "top_p", "top_k", "min_p"})
      if (const json::Value* value = json::find(*own_, key)) settings.push_back(shown(key, *value));
    out_.warnings.push_back(
        fmt::format("{} asks for sampled replies (do_sample{}{}), which is not followed: replies are greedy; give "
                    "--generation-kwargs do_sample=True to sample, do_sample=False to be greedy without this warning",
                    from_, settings.empty() ? "" : ", ", join(settings, ", ")));
  }

  uint32_t own_length(const char* key) {
    const auto value = own_ ? json::find_int(*own_, key) : std::nullopt;
    if (!value || *value <= 0 || *value > UINT32_MAX) return 0;
    out_.follows.push_back(shown(key, *json::find(*own_, key)));
    return static_cast<uint32_t>(*value);
  }

  void own_stops() {
    const json::Value* stops = own_ ? json::find(*own_, "stop_strings") : nullptr;
    if (!stops || !stops->IsArray() || stops->Empty()) return;
    for (std::string& stop : config::texts_of(stops)) out_.sampling.stop.push_back(std::move(stop));
    out_.follows.push_back(shown("stop_strings", *stops));
  }

  // Lengths are a run's business; one that would have ended replies sooner is said.
  void lengths(uint32_t context) {
    if (!own_) return;
    const auto most = json::find_int(*own_, "max_new_tokens");
    if (most && *most > 0 && *most < model_.max_out_len)
      out_.warnings.push_back(
          fmt::format("{} asks for replies of at most {} tokens (max_new_tokens), which is not followed: --max-out-len and "
                      "the cards say how long they may be, {} here",
                      from_, *most, model_.max_out_len));
    const auto whole = json::find_int(*own_, "max_length");
    if (!most && whole && *whole > 0 && context > 0 && *whole < context)
      out_.warnings.push_back(
          fmt::format("{} asks for prompt and reply of at most {} tokens together (max_length), which is not followed: the "
                      "context of {} tokens counts; give --max-seq-len {}",
                      from_, *whole, context, *whole));
  }

  void only_plain() {
    data::Sampling& s = out_.sampling;
    data::Sampling plain;
    std::vector<std::string> wanted;
    const auto drop = [&](const char* key, auto& value, const auto& neutral) {
      if (value != neutral) wanted.emplace_back(key);
      value = neutral;
    };
    drop("min_p", s.min_p, plain.min_p);
    drop("repetition_penalty", s.repetition_penalty, plain.repetition_penalty);
    drop("presence_penalty", s.presence_penalty, plain.presence_penalty);
    drop("frequency_penalty", s.frequency_penalty, plain.frequency_penalty);
    drop("no_repeat_ngram_size", s.no_repeat_ngram_size, plain.no_repeat_ngram_size);
    drop("suppress_tokens", s.suppress_tokens, plain.suppress_tokens);
    drop("begin_suppress_tokens", s.begin_suppress_tokens, plain.begin_suppress_tokens);
    if (!wanted.empty())
      out_.warnings.push_back(
          fmt::format("{} changes nothing: the backend '{}' cannot do that", join(wanted, ", "), model_.backend));
  }

  const Generation& asked_;
  const config::ModelConfig& model_;
  const json::Value* own_ = nullptr;
  std::string from_;
  Generation theirs_;
  Generating out_;
};

}  // namespace

Generating generating(const config::ModelConfig& model, const json::Value* own, uint32_t context, bool adjusts) {
  return Merge(model, own).all(context, adjusts);
}

}  // namespace sextant::serve
