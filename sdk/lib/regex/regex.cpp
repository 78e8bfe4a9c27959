#include <sextant/regex.hpp>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <ctime>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8.hpp>
#include "code.hpp"

namespace sextant {
namespace {

// What a thread needs to match, made once: room for offsets, and a stack for compiled patterns that backtrack beyond 32 KiB.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(16, nullptr);
  uint32_t pairs = 16;
  pcre2_jit_stack* stack = nullptr;
  uint32_t begun = 0;   // places from which the search has tried to match
  const void* checked = nullptr;  // the search whose text `valid` is about
  bool valid = false;
  double deadline = 0;  // in the thread's processor time
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    pcre2_jit_stack_free(stack);
    pcre2_match_data_free(data);
  }
  pcre2_match_data* with_room_for(uint32_t wanted) {
    if (wanted <= pairs) return data;
    pcre2_match_data_free(data);
    data = pcre2_match_data_create(wanted, nullptr);
    pairs = wanted;
    return data;
  }
};
thread_local Scratch scratch;

pcre2_jit_stack* thread_stack(void*) {
  if (!scratch.stack) scratch.stack = pcre2_jit_stack_create(32 << 10, 16 << 20, nullptr);
  return scratch.stack;
}

double thread_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Called for the callout in front of a pattern, which is reached once at each place, and where steps are counted for those in
// front of each item. Most searches end before the clock is read.
int watch(pcre2_callout_block* callout, void* data) {
  constexpr uint32_t automatic = 255;
  const auto& watched = *static_cast<const RegexWatch*>(data);
  if (watched.steps_taken) ++*watched.steps_taken;
  if (callout->callout_number == automatic) return 0;
  constexpr uint32_t places_between = 128;
  if (++scratch.begun % places_between != 0) return 0;
  const double now = thread_seconds();
  if (scratch.begun == places_between) scratch.deadline = now + watched.limits.seconds;
  return now > scratch.deadline ? PCRE2_ERROR_MATCHLIMIT : 0;
}

std::string message_of(int status) {
  PCRE2_UCHAR message[256] = {};
  pcre2_get_error_message(status, message, sizeof message);
  return reinterpret_cast<const char*>(message);
}

PCRE2_SPTR bytes_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data() ? text.data() : "");
}

uint32_t compile_bits(const RegexOptions& options) {
  uint32_t bits = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (options.caseless) bits |= PCRE2_CASELESS;
  if (options.multiline) bits |= PCRE2_MULTILINE;
  if (options.dotall) bits |= PCRE2_DOTALL;
  if (options.extended) bits |= PCRE2_EXTENDED;
  if (options.unicode_classes) bits |= PCRE2_UCP;
  if (options.whole) bits |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  if (options.dollar_is_end) bits |= PCRE2_DOLLAR_ENDONLY;
  if (!options.valid_text) bits |= PCRE2_MATCH_INVALID_UTF;
  if (options.steps_taken) bits |= PCRE2_AUTO_CALLOUT;
  return bits;
}

}  // namespace

Regex::Code::~Code() {
  pcre2_code_free(for_valid_text);
  pcre2_match_context_free(context);
  pcre2_code_free(code);
}

Result<RegexOptions> RegexOptions::of_flags(std::string_view flags) {
  RegexOptions out;
  for (const char flag : flags) {
    bool* const option = flag == 'i'   ? &out.caseless
                         : flag == 'm' ? &out.multiline
                         : flag == 's' ? &out.dotall
                         : flag == 'x' ? &out.extended
                                       : nullptr;
    if (!option) return Error{Error::Kind::config, fmt::format("regex flag '{}' is unknown; there are i, m, s and x", flag)};
    *option = true;
  }
  return out;
}

namespace {

pcre2_code* compiled_of(std::string_view source, uint32_t bits, int& ret_number, PCRE2_SIZE& ret_offset) {
  const std::unique_ptr<pcre2_compile_context, void (*)(pcre2_compile_context*)> rules(pcre2_compile_context_create(nullptr),
                                                                                     pcre2_compile_context_free);
  pcre2_set_newline(rules.get(), PCRE2_NEWLINE_LF);  // whatever the library was built with
  return pcre2_compile(bytes_of(source), source.size(), bits, &ret_number, &ret_offset, rules.get());
}

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern, RegexOptions options, std::string_view origin) {
  const auto unusable = [&](std::string_view why) {
    return Error{options.error_kind, fmt::format("{}{}the regular expression {} cannot be used: {}", origin,
                                                 origin.empty() ? "" : ": ", json::quote(pattern.substr(0, 200)), why)};
  };
  if (pattern.size() > options.limits.pattern_bytes)
    return unusable(fmt::format("it has {} bytes, {} are allowed", pattern.size(), options.limits.pattern_bytes));
  std::string own;
  std::string_view source = pattern;
  if (options.syntax == RegexOptions::Syntax::python) {
    auto translated = python_to_pcre2(pattern);
    if (!translated) return unusable(translated.error().message);
    source = own = *std::move(translated);
  }
  // verbs like (*UCP) must stay in front of everything else
  size_t watched = 0;
  if (!options.compiled_to_code && !source.starts_with("(*")) {
    constexpr std::string_view callout = "(?C)";
    own = std::string(callout) + std::string(source);
    source = own;
    watched = callout.size();
  }
  int number = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* const compiled = compiled_of(source, compile_bits(options), number, offset);
  if (!compiled) {
    const bool translated = options.syntax == RegexOptions::Syntax::python;
    return unusable(fmt::format("{} (byte {}{})", message_of(number), offset - std::min(watched, offset),
                                translated ? " of its PCRE2 form" : ""));
  }
  auto code = std::make_shared<Code>();
  code->code = compiled;
  size_t size = 0;
  pcre2_pattern_info(compiled, PCRE2_INFO_SIZE, &size);
  if (size > options.limits.compiled_bytes)
    return unusable(fmt::format("compiled it takes {} bytes, {} are allowed", size, options.limits.compiled_bytes));
  pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &code->groups);
  code->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(code->context, options.limits.steps);
  pcre2_set_depth_limit(code->context, options.limits.depth);
  pcre2_set_heap_limit(code->context, options.limits.heap_kib);
  code->watch = {options.limits, options.steps_taken};
  pcre2_set_callout(code->context, watch, &code->watch);
  if (options.compiled_to_code &&
      pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) == 0) {  // where it cannot: slower and the same
    pcre2_jit_stack_assign(code->context, thread_stack, nullptr);
    code->direct = options.valid_text;
  }
  code->match_bits = options.valid_text ? PCRE2_NO_UTF_CHECK : 0;
  code->python = options.syntax == RegexOptions::Syntax::python;
  code->source = source;
  code->compile_bits = compile_bits(options);
  code->pattern = pattern;
  code->origin = origin;
  code->advice = std::move(options.advice);
  Regex regex;
  regex.code_ = std::move(code);
  return regex;
}

Error Regex::given_up(int status, size_t text_bytes) const {
  return {Error::Kind::data, fmt::format("{}{}the regular expression {} gives up on a text of {} bytes ({}); {}", code_->origin,
                                         code_->origin.empty() ? "" : ": ", json::quote(code_->pattern.substr(0, 200)),
                                         text_bytes, message_of(status), code_->advice)};
}

Regex::Search::Search(const Regex& regex, std::string_view text, bool as_python)
    : code_(*regex.code_), data_(scratch.with_room_for(code_.groups + 1)), text_(text), as_python_(as_python) {
  scratch.begun = 0;
  if (scratch.checked == this) scratch.checked = nullptr;  // an earlier one at this address
}

int Regex::Search::next(size_t& ret_begin, size_t& ret_end) {
  const auto data = static_cast<pcre2_match_data*>(data_);
  constexpr size_t long_text = 4096;
  const pcre2_code* compiled = code_.code;
  uint32_t bits = code_.match_bits;
  if (at_ > 0 && text_.size() >= long_text && bits == 0) {
    if (scratch.checked != this) {
      scratch.checked = this;
      scratch.valid = utf8::valid_prefix(text_) == text_.size();
    }
    std::call_once(code_.valid_once, [&] {
      int number = 0;
      PCRE2_SIZE offset = 0;
      code_.for_valid_text = compiled_of(code_.source, code_.compile_bits & ~PCRE2_MATCH_INVALID_UTF, number, offset);
    });
    if (scratch.valid && code_.for_valid_text) {
      compiled = code_.for_valid_text;
      bits = PCRE2_NO_UTF_CHECK;
    }
  }
  while (at_ <= text_.size()) {
    // Python finds no match again that was empty and takes an empty one behind another; the others take none there
    const uint32_t again = as_python_ && last_end_ == at_ && last_begin_ == at_ ? PCRE2_NOTEMPTY_ATSTART : 0;
    const int status =
        code_.direct
            ? pcre2_jit_match(code_.code, bytes_of(text_), text_.size(), at_, again, data, code_.context)
            : pcre2_match(compiled, bytes_of(text_), text_.size(), at_, bits | again, data, code_.context);
    if (status == PCRE2_ERROR_NOMATCH) return 0;
    if (status < 0) return status;
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
    ret_begin = bounds[0];
    ret_end = bounds[1];
    if (as_python_ || ret_end > ret_begin || ret_end != last_end_) {
      if (ret_end < at_ || ret_end < ret_begin) return 0;  // \K in a lookahead: nobody's search
      at_ = last_end_ = ret_end;
      last_begin_ = ret_begin;
      return 1;
    }
    at_ += std::max<size_t>(1, utf8::at(text_, at_).size);
  }
  return 0;
}

RegexMatch Regex::Search::match() const {
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(static_cast<pcre2_match_data*>(data_));
  RegexMatch match{bounds[0], bounds[1], std::vector<std::string_view>(code_.groups + 1)};
  for (size_t k = 0; k <= code_.groups; ++k) {
    // an empty text may have no address, and a group that took part has one
    const char* const base = text_.data() ? text_.data() : "";
    if (bounds[2 * k] != PCRE2_UNSET && bounds[2 * k] <= bounds[2 * k + 1])
      match.groups[k] = {base + bounds[2 * k], bounds[2 * k + 1] - bounds[2 * k]};
  }
  return match;
}

Result<std::optional<RegexMatch>> Regex::search(std::string_view text, size_t from) const {
  const Search search(*this, text, true);  // starts the watch
  const auto data = static_cast<pcre2_match_data*>(search.data());
  const int status = from > text.size()
                         ? PCRE2_ERROR_NOMATCH
                         : pcre2_match(code_->code, bytes_of(text), text.size(), from, code_->match_bits, data, code_->context);
  if (status == PCRE2_ERROR_NOMATCH) return std::optional<RegexMatch>();
  if (status < 0) return given_up(status, text.size());
  return std::optional(search.match());
}

Result<bool> Regex::found_in(std::string_view text) const {
  SXT_TRY(const auto found, search(text));
  return found.has_value();
}

Result<std::optional<RegexMatch>> Regex::search_last(std::string_view text) const {
  std::optional<RegexMatch> last;
  Search search(*this, text, true);
  size_t begin = 0, end = 0;
  int status = 0;
  while ((status = search.next(begin, end)) > 0) last = search.match();
  if (status < 0) return given_up(status, text.size());
  return last;
}

Result<std::vector<RegexMatch>> Regex::find_all(std::string_view text) const {
  std::vector<RegexMatch> out;
  Search search(*this, text, true);
  size_t begin = 0, end = 0;
  int status = 0;
  while ((status = search.next(begin, end)) > 0) out.push_back(search.match());
  if (status < 0) return given_up(status, text.size());
  return out;
}

Result<std::string> Regex::replace(std::string_view text, std::string_view by, uint64_t count, size_t bytes_max) const {
  SXT_TRY(const Replacement replacement, Replacement::parse(by, *this, code_->python));
  std::string out;
  size_t from = 0, begin = 0, end = 0;
  Search search(*this, text, true);
  int status = 0;
  for (uint64_t done = 0; (count == 0 || done < count) && (status = search.next(begin, end)) > 0; ++done) {
    out += text.substr(from, begin - from);
    replacement.append_to(out, search.match());
    from = end;
    if (out.size() > bytes_max) break;
  }
  if (status < 0) return given_up(status, text.size());
  out += text.substr(from);
  if (out.size() > bytes_max)
    return Error{Error::Kind::data, fmt::format("what replaces the matches of {} makes a text of more than {} bytes",
                                                json::quote(code_->pattern.substr(0, 200)), bytes_max)};
  return out;
}

uint32_t Regex::group_count() const { return code_->groups; }

std::optional<uint32_t> Regex::group_of(std::string_view name) const {
  const std::string terminated(name);
  const int number = pcre2_substring_number_from_name(code_->code, bytes_of(terminated));
  return number > 0 ? std::optional(static_cast<uint32_t>(number)) : std::nullopt;
}

const std::string& Regex::pattern() const { return code_->pattern; }

std::string regex_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}#-&~ \t\n\r\v\f").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace sextant
