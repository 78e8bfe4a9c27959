#include "punkt.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sextant/plain_text.hpp>
#include <sextant/regex.hpp>
#include "../../text/contents.hpp"

namespace sextant::metric::ifeval {
namespace {

constexpr std::string_view remedy = "; name tokenizers/punkt_tab/english of NLTK's data as \"punkt\", or leave it out";

// Bits of the model's ortho_context.tab.
constexpr uint32_t begins_lower = 1u << 4, inside_upper = 1u << 2, any_upper = 2 + 4 + 8, any_lower = 16 + 32 + 64;

// Signs that belong to no word: brackets, quotes, and what else may follow a sentence's end at once.
#define NON_WORD R"re([)";}\]*:@'({\[\x{2018}\x{2019}\x{201c}\x{201d}\xab\xbb!?])re"
#define MULTI R"re((?:-{2,}|\.{2,}|(?:\.\s){2,}\.))re"

Regex compiled(std::string_view pattern) {
  RegexOptions options;
  options.limits.steps = 50'000'000;  // a word may be as long as the text
  auto made = Regex::compile(pattern, options);
  if (!made) throw std::logic_error(made.error().message);
  return *std::move(made);
}

const Regex& period_context() {
  static const Regex pattern = compiled("[.?!](?=(" NON_WORD R"re(|\s+(\S+))))re");
  return pattern;
}
const Regex& words() {
  static const Regex pattern = compiled(MULTI R"re(|(?=[^("`{\[:;&#*@)}\]\-,])\S+?(?=\s|\z|)re" NON_WORD "|" MULTI
                                        R"re(|,(?=\z|\s|)re" NON_WORD "|" MULTI R"re())|\S)re");
  return pattern;
}
const Regex& realigned() {
  static const Regex pattern = compiled(R"re(\A["')\]}]+?(?:\s+|(?=--)|(?m:$)))re");
  return pattern;
}
const Regex& numeric() {
  static const Regex pattern = compiled(R"(\A-?[.,]?\d[\d,.\-]*\.?\z)");
  return pattern;
}
#undef NON_WORD
#undef MULTI

template <class T> T or_empty(Result<T> result) { return result ? *std::move(result) : T(); }

bool is_letter(char32_t c) { return text::is_word(c) && !text::is_digit(c); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view line : text::split(text, "\n"))
    if (!line.empty()) out.emplace_back(line);
  return out;
}

}  // namespace

struct Punkt::Token {
  std::string word, type;  // type: lower case, numbers alike
  bool period = false, ends = false, abbreviation = false, ellipsis = false;

  explicit Token(std::string_view given) : word(given), type(text::lower(given)), period(given.ends_with('.')) {
    if (or_empty(numeric().found_in(type))) type = "##number##";
  }
  bool dots() const { return word.size() > 1 && word.find_first_not_of('.') == word.npos; }
  bool initial() const {
    const utf8::Character first = utf8::at(word, 0);
    return word.size() == first.size + 1 && period && first.valid && is_letter(first.code);
  }
  std::string without_period() const { return type.size() > 1 && type.ends_with('.') ? type.substr(0, type.size() - 1) : type; }
  std::string without_end() const { return ends ? without_period() : type; }
  bool upper() const { return text::is_upper(utf8::at(word, 0).code); }
  bool lower() const { return text::is_lower(utf8::at(word, 0).code); }
};

Result<std::shared_ptr<const Punkt>> Punkt::open(const std::filesystem::path& folder) {
  auto out = std::make_shared<Punkt>();
  const auto pairs = [&](const char* name, const auto& add) -> Result<void> {
    SXT_TRY(const std::string text, text::contents_of(folder / name, remedy));
    for (const std::string& line : lines_of(text)) {
      const size_t tab = line.find('\t');
      if (tab == line.npos || !add(line.substr(0, tab), line.substr(tab + 1)))
        return Error{Error::Kind::data, fmt::format("ifeval: {} has the line '{}', which is no pair with a tab between{}",
                                                    (folder / name).string(), line, remedy)};
    }
    return {};
  };
  SXT_TRY(const std::string abbreviations, text::contents_of(folder / "abbrev_types.txt", remedy));
  SXT_TRY(const std::string starters, text::contents_of(folder / "sent_starters.txt", remedy));
  for (std::string& line : lines_of(abbreviations)) out->abbreviations_.insert(std::move(line));
  for (std::string& line : lines_of(starters)) out->starters_.insert(std::move(line));
  SXT_CHECK(pairs("collocations.tab", [&](std::string one, std::string other) {
    out->collocations_.emplace(std::move(one), std::move(other));
    return true;
  }));
  SXT_CHECK(pairs("ortho_context.tab", [&](std::string word, const std::string& bits) {
    uint32_t value = 0;
    const auto [end, failed] = std::from_chars(bits.data(), bits.data() + bits.size(), value);
    out->contexts_[std::move(word)] = value;
    return failed == std::errc() && end == bits.data() + bits.size();
  }));
  if (out->abbreviations_.empty() || out->contexts_.empty())
    return Error{Error::Kind::data, fmt::format("ifeval: {} holds an empty model{}", folder.string(), remedy)};
  return std::shared_ptr<const Punkt>(std::move(out));
}

std::shared_ptr<const Punkt> Punkt::own() {
  static const std::shared_ptr<const Punkt> rules = [] {
    auto out = std::make_shared<Punkt>();
    for (const std::string_view word :
         text::words("mr mrs ms dr prof st jr sr vs etc inc ltd co corp no vol fig approx dept est gen gov hon lt col sgt capt "
                     "rev jan feb mar apr jun jul aug sep sept oct nov dec mt ave blvd p.s p.p.s ph.d"))
      out->abbreviations_.emplace(word);
    out->dotted_letters_ = true;
    return out;
  }();
  return rules;
}

bool Punkt::is_abbreviation(const std::string& word) const {
  if (abbreviations_.contains(word)) return true;
  return dotted_letters_ && word.size() == 3 && word[1] == '.';
}

uint32_t Punkt::contexts_of(const std::string& type) const {
  const auto it = contexts_.find(type);
  return it == contexts_.end() ? 0 : it->second;
}

Punkt::Begins Punkt::begins_sentence(const Token& token) const {
  if (token.word.size() == 1 && std::string_view(";:,.!?").find(token.word[0]) != std::string_view::npos) return Begins::no;
  const uint32_t seen = contexts_of(token.without_end());
  if (token.upper() && (seen & any_lower) && !(seen & inside_upper)) return Begins::yes;
  if (token.lower() && ((seen & any_upper) || !(seen & begins_lower))) return Begins::no;
  return Begins::unknown;
}

void Punkt::annotate(std::vector<Token>& tokens) const {
  for (Token& token : tokens) {
    if (token.word == "." || token.word == "?" || token.word == "!") token.ends = true;
    else if (token.dots()) token.ellipsis = true;
    else if (token.period && !token.word.ends_with("..")) {
      const std::string word = text::lower(std::string_view(token.word).substr(0, token.word.size() - 1));
      token.abbreviation = is_abbreviation(word) || is_abbreviation(word.substr(word.rfind('-') + 1));
      token.ends = !token.abbreviation;
    }
  }
  const auto goes_on = [](Token& token) { token.ends = false, token.abbreviation = true; };
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    Token& token = tokens[i];
    const Token& next = tokens[i + 1];
    if (!token.period) continue;
    const std::string type = token.without_period(), next_type = next.without_end();
    const bool initial = token.initial();
    if (collocations_.contains({type, next_type})) {
      goes_on(token);
      continue;
    }
    if ((token.abbreviation || token.ellipsis) && !initial &&
        (begins_sentence(next) == Begins::yes || (next.upper() && starters_.contains(next_type)))) {
      token.ends = true;
      continue;
    }
    if (!initial && type != "##number##") continue;
    const Begins begins = begins_sentence(next);
    if (begins == Begins::no ||
        (begins == Begins::unknown && initial && next.upper() && !(contexts_of(next_type) & any_lower)))
      goes_on(token);
  }
}

// Whether any of its words but the last ends a sentence.
bool Punkt::has_break(const std::string& context) const {
  std::vector<Token> tokens;
  for (const std::string_view line : text::split(context, "\n"))
    if (!text::strip(line).empty())
      for (const RegexMatch& match : or_empty(words().find_all(line))) tokens.emplace_back(match.groups[0]);
  annotate(tokens);
  return !tokens.empty() && std::any_of(tokens.begin(), tokens.end() - 1, [](const Token& token) { return token.ends; });
}

std::vector<std::string_view> Punkt::sentences(std::string_view text) const {
  struct Slice {
    size_t begin, end;
  };
  std::vector<Slice> slices;
  size_t last_break = 0;
  const auto candidate = [&](const RegexMatch& match, const Slice& word) {
    const std::string context =
        fmt::format("{}{}{}", text.substr(word.begin, word.end - word.begin), match.groups[0], match.groups[1]);
    if (!has_break(context)) return;
    slices.push_back({last_break, match.end});
    last_break = match.has(2) ? static_cast<size_t>(match.groups[2].data() - text.data()) : match.end;
  };
  Slice before{0, 0};
  std::optional<RegexMatch> previous;
  for (RegexMatch& match : or_empty(period_context().find_all(text))) {
    const std::string_view between = text.substr(before.end, match.begin - before.end);
    const size_t blank = between.find_last_of(" \t\n\r\v\f");
    const Slice word{blank == between.npos || blank == 0 ? before.begin : before.end + blank + 1, match.begin};
    if (previous && before.end <= word.begin) candidate(*previous, before);
    previous = std::move(match);
    before = word;
  }
  if (previous) candidate(*previous, before);
  size_t end = text.size();
  while (end > 0) {  // the last sentence has no blanks at its end
    size_t at = end - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    if (!text::is_blank(utf8::at(text, at).code)) break;
    end = at;
  }
  slices.push_back({last_break, end});

  std::vector<std::string_view> out;
  size_t moved = 0;  // closing quotes and brackets go to the sentence before
  for (size_t i = 0; i < slices.size(); ++i) {
    const size_t begin = slices[i].begin + moved;
    const auto add = [&](size_t to) {
      if (to > begin) out.push_back(text.substr(begin, to - begin));
    };
    if (i + 1 == slices.size()) {
      add(slices[i].end);
      break;
    }
    const Slice& next = slices[i + 1];
    const std::string_view following = next.end > next.begin ? text.substr(next.begin, next.end - next.begin) : std::string_view();
    const auto closing = or_empty(realigned().search(following));
    if (closing) {
      std::string_view signs = closing->groups[0];
      signs = signs.substr(0, signs.find_last_of("\"')]}") + 1);
      add(next.begin + signs.size());
      moved = closing->end;
    } else {
      moved = 0;
      add(slices[i].end);
    }
  }
  return out;
}

}  // namespace sextant::metric::ifeval
