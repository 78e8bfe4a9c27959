// IFEval's 25 verifiable instructions (Zhou et al. 2023): does a reply follow one? What its published checkers accept is
// accepted here, but for languages and sentences, which follow rules of their own (docs/extraction.md). Linear in the text.
// Pure; [any] thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>
#include "language.hpp"
#include "punkt.hpp"
#include "units.hpp"
#include "word_data.hpp"

namespace sextant::metric::ifeval {

/// What some instructions read a reply with; what is left out is done by rules of its own, or refused.
struct Tools {
  std::function<std::string(std::string_view reply)> language;
  std::shared_ptr<const Punkt> punkt;          // NLTK's model of sentences
  std::shared_ptr<const Syllables> syllables;
  std::shared_ptr<const Tagger> tagger;
};

/// What an instruction is given: {"relation": "at least", "num_words": 300}. Members that are null count as missing.
class Arguments {
 public:
  Arguments(std::string instruction, const json::Value& given, const Tools& tools)
      : instruction_(std::move(instruction)), given_(given), tools_(tools) {}
  const Tools& tools() const { return tools_; }
  std::string language(std::string_view reply) const {
    return tools_.language ? tools_.language(reply) : language_of(reply);
  }
  const Punkt& punkt() const { return tools_.punkt ? *tools_.punkt : *Punkt::own(); }
  Result<std::string> text(const char* name) const {
    if (auto out = json::find_string(given_, name)) return *std::move(out);
    return lacks(name);
  }
  Result<double> number(const char* name) const {
    const auto out = json::find_number(given_, name);
    if (out) return *out;
    return lacks(name);
  }
  Result<size_t> count(const char* name) const {
    const auto out = json::find_number(given_, name);   // 3.0 in some copies of the data
    if (out && *out >= 0) return static_cast<size_t>(*out);
    return lacks(name);
  }
  Result<std::vector<std::string>> texts(const char* name) const {
    const json::Value* list = json::find(given_, name);
    if (!list || !list->IsArray()) return lacks(name);
    std::vector<std::string> out;
    for (const auto& one : list->GetArray()) out.emplace_back(one.IsString() ? json::text(one) : std::string_view());
    return out;
  }
  /// "less than" or "at least" so many.
  Result<bool> holds(size_t actual, const char* relation_name, const char* count_name) const {
    SXT_TRY(const std::string relation, text(relation_name));
    SXT_TRY(const size_t wanted, count(count_name));
    if (relation == "less than") return actual < wanted;
    if (relation == "at least") return actual >= wanted;
    return Error{Error::Kind::data, instruction_ + ": the relation \"" + relation +
                                        "\" is neither \"less than\" nor \"at least\"; correct the row's kwargs"};
  }

 private:
  Error lacks(const char* name) const {
    return {Error::Kind::data,
            "the instruction " + instruction_ + " lacks its \"" + name + "\" in the row's kwargs; correct the row"};
  }
  std::string instruction_;
  const json::Value& given_;
  const Tools& tools_;
};

namespace detail {

using text::strip;

/// Keywords are patterns of Python's re; one that is none is taken to the letter.
inline Result<Regex> keyword(const std::string& given, const std::string& before = "", const std::string& behind = "") {
  RegexOptions options{.syntax = RegexOptions::Syntax::python, .caseless = true};
  options.error_kind = Error::Kind::data;
  auto out = Regex::compile(before + given + behind, options);
  return out ? out : Regex::compile(before + regex_escape(given) + behind, options);
}

inline size_t placeholders(std::string_view reply) {
  size_t count = 0;
  for (size_t at = reply.find('['); at != reply.npos; at = reply.find('[', at)) {
    const size_t end = reply.find_first_of("]\n", at);
    if (end == reply.npos) break;
    count += reply[end] == ']';
    at = end + 1;
  }
  return count;
}

inline std::string_view lstrip(std::string_view line) {
  while (!line.empty() && text::is_blank(utf8::at(line, 0).code)) line.remove_prefix(utf8::at(line, 0).size);
  return line;
}

inline size_t bullets(std::string_view reply) {
  const auto lines = text::split(reply, "\n");
  size_t stars = 0, dashes = 0;
  for (const std::string_view line : lines) dashes += lstrip(line).starts_with('-');
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lstrip(lines[i]);
    if (!line.starts_with('*')) continue;
    if (line.size() > 1) stars += line[1] != '*';
    else if (i + 1 < lines.size()) ++stars, ++i;   // their pattern takes the next line with a lone star
  }
  return stars + dashes;
}

inline size_t highlights(std::string_view reply) {
  size_t count = 0;
  for (size_t at = reply.find('*'); at != reply.npos;) {
    const size_t end = reply.find_first_of("*\n", at + 1);
    if (end == reply.npos) break;
    if (reply[end] == '*') {
      count += !strip(reply.substr(at + 1, end - at - 1)).empty();
      at = reply.find('*', end + 1);
    } else {
      at = reply.find('*', end);
    }
  }
  for (size_t at = reply.find("**"); at != reply.npos;) {
    const size_t end = reply.find_first_of("*\n", at + 2);
    if (end == reply.npos) break;
    if (reply.substr(end).starts_with("**")) {
      count += !strip(reply.substr(at + 2, end - at - 2)).empty();
      at = reply.find("**", end + 2);
    } else {
      at = reply.find("**", at + 1);
    }
  }
  return count;
}

inline bool paragraphs_are(std::string_view reply, size_t wanted) {
  const auto parts = text::split(reply, "***");
  size_t count = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!strip(parts[i]).empty()) continue;
    if (i != 0 && i != parts.size() - 1) return false;
    --count;
  }
  return count == wanted;
}

inline bool first_word_is(std::string_view reply, size_t paragraphs, size_t nth, std::string_view first) {
  const auto parts = text::split(reply, "\n\n");
  size_t count = parts.size();
  for (const std::string_view part : parts) count -= strip(part).empty();
  if (nth == 0 || nth > count || strip(parts[nth - 1]).empty()) return false;
  std::string_view word = text::words(parts[nth - 1]).front();
  while (word.starts_with('\'')) word.remove_prefix(1);
  while (word.starts_with('"')) word.remove_prefix(1);
  word = word.substr(0, word.find_first_of(".,?!'\""));
  return count == paragraphs && text::lower(word) == text::lower(first);
}

inline bool has_title(std::string_view reply) {
  for (const std::string_view line : text::split(reply, "\n")) {
    const size_t open = line.find("<<"), close = line.rfind(">>");
    if (open == line.npos || close == line.npos || close < open + 3) continue;
    std::string_view title = line.substr(open, close + 2 - open);
    title.remove_prefix(std::min(title.find_first_not_of('<'), title.size()));
    title = title.substr(0, title.find_last_not_of('>') + 1);
    if (!strip(title).empty()) return true;
  }
  return false;
}

inline bool is_json(std::string_view reply) {
  reply = strip(reply);
  for (const std::string_view fence : {"```json", "```Json", "```JSON", "```"})
    if (reply.starts_with(fence)) reply.remove_prefix(fence.size());
  if (reply.ends_with("```")) reply.remove_suffix(3);
  return static_cast<bool>(json::parse(strip(reply), "reply"));
}

inline bool two_responses(std::string_view reply) {
  const auto parts = text::split(reply, "******");
  std::vector<std::string_view> valid;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!strip(parts[i]).empty()) valid.push_back(strip(parts[i]));
    else if (i != 0 && i != parts.size() - 1) return false;
  }
  return valid.size() == 2 && valid[0] != valid[1];
}

inline Result<bool> postscript(std::string_view reply, std::string_view marker) {
  const std::string lower = text::lower(reply);
  marker = strip(marker);
  SXT_TRY(const Regex pattern, marker == "P.P.S"  ? Regex::compile(R"(p\.\s?p\.\s?s)")
                               : marker == "P.S." ? Regex::compile(R"(p\.\s?s\.)")
                                                  : keyword(text::lower(marker)));
  return pattern.found_in(lower);
}

}  // namespace detail

using Check = std::function<Result<bool>(std::string_view reply, const Arguments& given)>;

/// By the instruction's id.
inline const std::map<std::string, Check, std::less<>>& checkers() {
  using A = const Arguments&;
  using T = std::string_view;
  static const std::map<std::string, Check, std::less<>> table{
      {"keywords:existence",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const auto words, given.texts("keywords"));
         for (const std::string& word : words) {
           SXT_TRY(const Regex pattern, detail::keyword(word));
           SXT_TRY(const bool found, pattern.found_in(reply));
           if (!found) return false;
         }
         return true;
       }},
      {"keywords:frequency",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string word, given.text("keyword"));
         SXT_TRY(const Regex pattern, detail::keyword(std::string(text::strip(word))));
         SXT_TRY(const auto found, pattern.find_all(reply));
         return given.holds(found.size(), "relation", "frequency");
       }},
      {"keywords:forbidden_words",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const auto words, given.texts("forbidden_words"));
         for (const std::string& word : words) {
           SXT_TRY(const Regex pattern, detail::keyword(word, "\\b", "\\b"));
           SXT_TRY(const bool found, pattern.found_in(reply));
           if (found) return false;
         }
         return true;
       }},
      {"keywords:letter_frequency",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string letter, given.text("letter"));
         const std::u32string wanted = text::code_points(text::lower(text::strip(letter)));
         size_t count = 0;
         for (const char32_t c : text::code_points(text::lower(reply))) count += wanted.size() == 1 && c == wanted[0];
         return given.holds(count, "let_relation", "let_frequency");
       }},
      {"language:response_language",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string wanted, given.text("language"));
         const std::string found = given.language(reply);
         return found.empty() || found == wanted || found.substr(0, 2) == wanted;
       }},
      {"length_constraints:number_sentences",
       [](T reply, A given) {
         const size_t count = given.tools().punkt ? given.punkt().sentences(reply).size() : count_sentences(reply);
         return given.holds(count, "relation", "num_sentences");
       }},
      {"length_constraints:number_paragraphs",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const size_t wanted, given.count("num_paragraphs"));
         return detail::paragraphs_are(reply, wanted);
       }},
      {"length_constraints:number_words",
       [](T reply, A given) { return given.holds(count_words(reply), "relation", "num_words"); }},
      {"length_constraints:nth_paragraph_first_word",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const size_t paragraphs, given.count("num_paragraphs"));
         SXT_TRY(const size_t nth, given.count("nth_paragraph"));
         SXT_TRY(const std::string first, given.text("first_word"));
         return detail::first_word_is(reply, paragraphs, nth, first);
       }},
      {"detectable_content:number_placeholders",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const size_t wanted, given.count("num_placeholders"));
         return detail::placeholders(reply) >= wanted;
       }},
      {"detectable_content:postscript",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string marker, given.text("postscript_marker"));
         return detail::postscript(reply, marker);
       }},
      {"detectable_format:number_bullet_lists",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const size_t wanted, given.count("num_bullets"));
         return detail::bullets(reply) == wanted;
       }},
      {"detectable_format:constrained_response",
       [](T reply, A) -> Result<bool> {
         for (const T answer : {"My answer is yes.", "My answer is no.", "My answer is maybe."})
           if (reply.find(answer) != reply.npos) return true;
         return false;
       }},
      {"detectable_format:number_highlighted_sections",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const size_t wanted, given.count("num_highlights"));
         return detail::highlights(reply) >= wanted;
       }},
      {"detectable_format:multiple_sections",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string spliter, given.text("section_spliter"));
         SXT_TRY(const size_t wanted, given.count("num_sections"));
         RegexOptions options{.syntax = RegexOptions::Syntax::python};
         options.error_kind = Error::Kind::data;
         const std::string plain(text::strip(spliter));
         auto pattern = Regex::compile("\\s?" + plain + "\\s?\\d+\\s?", options);
         if (!pattern) pattern = Regex::compile("\\s?" + regex_escape(plain) + "\\s?\\d+\\s?", options);
         if (!pattern) return pattern.error();
         SXT_TRY(const auto found, pattern->find_all(reply));
         return found.size() >= wanted;
       }},
      {"detectable_format:json_format", [](T reply, A) -> Result<bool> { return detail::is_json(reply); }},
      {"detectable_format:title", [](T reply, A) -> Result<bool> { return detail::has_title(reply); }},
      {"combination:two_responses", [](T reply, A) -> Result<bool> { return detail::two_responses(reply); }},
      {"combination:repeat_prompt",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string prompt, given.text("prompt_to_repeat"));
         return text::lower(text::strip(reply)).starts_with(text::lower(text::strip(prompt)));
       }},
      {"startend:end_checker",
       [](T reply, A given) -> Result<bool> {
         SXT_TRY(const std::string end, given.text("end_phrase"));
         return text::lower(text::strip(text::strip(reply), "\"")).ends_with(text::lower(text::strip(end)));
       }},
      {"startend:quotation",
       [](T reply, A) -> Result<bool> {
         const T plain = text::strip(reply);
         return plain.size() > 1 && plain.front() == '"' && plain.back() == '"';
       }},
      {"change_case:capital_word_frequency",
       [](T reply, A given) { return given.holds(count_capital_words(reply), "capital_relation", "capital_frequency"); }},
      {"change_case:english_capital",
       [](T reply, A given) -> Result<bool> {
         const std::string language = given.language(reply);
         return is_all_upper(reply) && (language.empty() || language == "en");
       }},
      {"change_case:english_lowercase",
       [](T reply, A given) -> Result<bool> {
         const std::string language = given.language(reply);
         return is_all_lower(reply) && (language.empty() || language == "en");
       }},
      {"punctuation:no_comma", [](T reply, A) -> Result<bool> { return reply.find(',') == reply.npos; }}};
  return table;
}

/// The eight readings of a reply of which one must follow an instruction loosely: with and without its first and last line,
/// each as it is and without stars.
inline std::vector<std::string> loose_readings(std::string_view reply) {
  const size_t first = reply.find('\n'), last = reply.rfind('\n');
  const auto from = first == reply.npos ? std::string_view() : reply.substr(first + 1);
  const auto up_to = last == reply.npos ? std::string_view() : reply.substr(0, last);
  const auto both = first == reply.npos || last <= first ? std::string_view() : reply.substr(first + 1, last - first - 1);
  std::vector<std::string> out;
  for (const std::string_view one : {reply, text::strip(from), text::strip(up_to), text::strip(both)}) {
    out.emplace_back(one);
    out.push_back(text::replaced(one, "*", ""));
  }
  return out;
}

}  // namespace sextant::metric::ifeval
