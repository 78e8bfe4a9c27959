#include "regex.hpp"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/sdk.hpp>
#include <sextant/utf8.hpp>

namespace sextant::engine {
namespace {

// What a thread needs to match, made once: the offsets of one match, and a stack for backtracking beyond the default 32 KiB.
struct Matcher {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 << 10, 16 << 20, nullptr);
  Matcher() { pcre2_jit_stack_assign(context, nullptr, stack); }
  Matcher(const Matcher&) = delete;
  ~Matcher() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

std::string message_of(int status) {
  PCRE2_UCHAR message[128] = {};
  pcre2_get_error_message(status, message, sizeof message);
  return reinterpret_cast<const char*>(message);
}

}  // namespace

struct Regex::Code {
  Code(pcre2_code* compiled, std::string_view source, std::string_view where) : code(compiled), pattern(source), origin(where) {}
  Code(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
  std::string given_up(int status, size_t size) const {
    return fmt::format(
        "{}: the regular expression {} gives up on a text of {} bytes ({}); shorten the text, or set tokenizer_path to a "
        "tokenizer with another pattern",
        origin, json::quote(pattern.substr(0, 200)), size, message_of(status));
  }
  pcre2_code* code;
  std::string pattern, origin;  // for messages
};

Result<Regex> Regex::compile(std::string_view pattern, std::string_view origin) {
  int number = 0;
  PCRE2_SIZE offset = 0;
  // MULTILINE: ^ and $ at every line, as in Oniguruma
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &number, &offset, nullptr);
  if (!code) {
    return Error{Error::Kind::data, fmt::format("{}: the regular expression {} cannot be used: {} (byte {} of its PCRE2 form)",
                                                origin, json::quote(pattern.substr(0, 200)), message_of(number), offset)};
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it cannot, matching is slower and the same
  Regex regex;
  regex.code_ = std::make_shared<const Code>(code, pattern, origin);
  return regex;
}

Result<Regex> Regex::compile_oniguruma(std::string_view pattern, std::string_view origin) {
  const auto translated = oniguruma_to_pcre2(pattern);
  if (!translated) {
    return Error{Error::Kind::data, fmt::format("{}: the regular expression {} cannot be used: {}", origin,
                                                json::quote(pattern.substr(0, 200)), translated.error().message)};
  }
  return compile(*translated, origin);
}

bool Regex::Search::next(size_t& ret_begin, size_t& ret_end) {
  thread_local Matcher matcher;
  while (at_ <= text_.size()) {
    // the caller checked the UTF-8
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text_.data());
    const int status = pcre2_match(code_.code, subject, text_.size(), at_, PCRE2_NO_UTF_CHECK, matcher.data, matcher.context);
    if (status == PCRE2_ERROR_NOMATCH) return false;
    if (status < 0) throw DataError(code_.given_up(status, text_.size()));
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(matcher.data);
    ret_begin = bounds[0];
    ret_end = bounds[1];
    if (ret_end > ret_begin || ret_end != last_end_) {
      if (ret_end < at_ || ret_end < ret_begin) return false;  // \K in a lookahead; nothing that a tokenizer needs
      at_ = last_end_ = ret_end;
      return true;
    }
    at_ += std::max<size_t>(1, utf8::at(text_, at_).size);
  }
  return false;
}

}  // namespace sextant::engine
