#include "truncate.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace sextant::render {
namespace {

using config::Compat;

// Every token covers at least one byte, except the few that a tokenizer adds around a text.
constexpr size_t added_tokens_max = 4;

/// What the model is given for prompt `i`: with each continuation, where there are any.
void append_items(const Prompts& prompts, size_t i, std::vector<std::string>& texts) {
  const std::string text = prompts.prompts[i].text.str();
  if (prompts.continuations.empty()) texts.push_back(text);
  for (const Continuation& continuation : prompts.continuations) texts.push_back(text + continuation.text.str());
}

Result<bool> fits(const std::vector<std::string>& texts, uint32_t limit, const CountTokens& count) {
  const auto surely = [limit](const std::string& text) { return text.size() + added_tokens_max <= limit; };
  if (std::all_of(texts.begin(), texts.end(), surely)) return true;
  SXT_TRY(const std::vector<uint32_t> tokens, count(texts));
  if (tokens.size() != texts.size())
    return Error{Error::Kind::internal, fmt::format("the tokenizer counted {} of {} texts", tokens.size(), texts.size())};
  return std::all_of(tokens.begin(), tokens.end(), [limit](uint32_t n) { return n <= limit; });
}

Result<Fitted> fit_together(uint32_t shots, uint32_t limit, const RenderWith& render, const CountTokens& count) {
  for (uint32_t kept = shots;; --kept) {
    SXT_TRY(Prompts prompts, render(kept));
    std::vector<std::string> texts;
    if (kept > 0)
      for (size_t i = 0; i < prompts.prompts.size(); ++i) append_items(prompts, i, texts);
    SXT_TRY(const bool enough, fits(texts, limit, count));  // without examples nothing is left to drop
    if (enough) return Fitted{std::move(prompts), shots - kept};
  }
}

Result<Fitted> fit_each(uint32_t shots, uint32_t limit, const RenderWith& render, const CountTokens& count) {
  uint32_t kept = shots;
  SXT_TRY(Prompts rendered, render(kept));
  Fitted out{rendered, 0};
  for (size_t i = 0; i < out.prompts.prompts.size(); ++i) {
    while (kept > 0) {
      std::vector<std::string> texts;
      append_items(rendered, i, texts);
      SXT_TRY(const bool enough, fits(texts, limit, count));
      if (enough) break;
      SXT_TRY(rendered, render(--kept));
      if (rendered.prompts.size() != out.prompts.prompts.size())
        return Error{Error::Kind::internal, "the number of prompts changed with the number of examples"};
    }
    out.prompts.prompts[i] = rendered.prompts[i];
  }
  out.dropped_shots = shots - kept;
  return out;
}

}  // namespace

uint32_t token_limit(Form form, Compat compat, uint32_t max_seq_len, uint32_t max_out_len) {
  if (form != Form::open || config::is_opencompass(compat)) return max_seq_len;
  return max_seq_len > max_out_len ? max_seq_len - max_out_len : std::min(max_seq_len, 1u);
}

Result<Fitted> fit(uint32_t shots, uint32_t limit_tokens, Compat compat, const RenderWith& render, const CountTokens& count) {
  if (limit_tokens == 0 || shots == 0) {
    SXT_TRY(Prompts prompts, render(shots));
    return Fitted{std::move(prompts), 0};
  }
  const auto fit_as = config::is_opencompass(compat) ? fit_each : fit_together;
  return fit_as(shots, limit_tokens, render, count);
}

}  // namespace sextant::render
