// first_label: the option that a reply decides for where labels are no capital letters (1, Yes, entailment): each label is
// written as a letter, and first_option reads the reply. Threads: [owner].
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
#include "first_option.hpp"

namespace sextant::postprocess {
namespace label_detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
inline char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lowered);
  return out;
}
inline bool is_one_of(std::string_view words, std::string_view word) {
  return !word.empty() && words.find(' ' + std::string(word) + ' ') != words.npos;
}
inline size_t past_blank(std::string_view text, size_t at) { return at < text.size() && text[at] == ' ' ? at + 1 : at; }

/// The ASCII word that ends in front of `end`, behind one blank at most, in lower case.
inline std::string word_before(std::string_view text, size_t end) {
  if (end > 0 && text[end - 1] == ' ') --end;
  size_t begin = end;
  while (begin > 0 && end - begin < 16 && canonical_detail::is_letter(text[begin - 1])) --begin;
  return lower(text.substr(begin, end - begin));
}

/// What computes or compares behind `at`: its size, else 0.
inline size_t sign_at(std::string_view text, size_t at) {
  for (const std::string_view sign : {"+", "-", "*", "/", "=", "<", ">", "^", ":", "×", "÷", "·", "≤", "≥", "≈", "−", "\\times", "\\cdot"})
    if (text.substr(std::min(at, text.size())).starts_with(sign)) return sign.size();
  return 0;
}
inline size_t sign_before(std::string_view text, size_t end) {
  for (const std::string_view sign : {"+", "-", "*", "/", "=", "<", ">", "^", ":", "×", "÷", "·", "≤", "≥", "≈", "−", "\\times", "\\cdot"})
    if (text.substr(0, end).ends_with(sign)) return sign.size();
  return 0;
}

/// Whether the number at [begin, end) is a part of a sum, of a longer number or of a time: "1+1=2", "x = 2", "2.5", "-2", "2%".
inline bool is_computed(std::string_view text, size_t begin, size_t end) {
  const auto digit = [&](size_t at) { return at < text.size() && is_digit(text[at]); };
  const auto variable = [&](size_t at) {
    return at < text.size() && text[at] >= 'a' && text[at] <= 'z' && stands_alone(text, at, at + 1);
  };
  if (begin > 1 && text[begin - 1] == '.' && digit(begin - 2)) return true;
  if (end < text.size() && text[end] == '.' && digit(end + 1)) return true;
  if (end < text.size() && text[end] == ',' && digit(end + 1) && digit(end + 2) && digit(end + 3)) return true;
  if (begin > 0 && text[begin - 1] == '$' && !(end < text.size() && text[end] == '$')) return true;
  if (begin > 0 && text[begin - 1] == '-' && (begin == 1 || !is_ascii_word(text[begin - 2])) &&
      !(begin > 1 && text[begin - 2] == '-'))
    return true;
  const std::string_view rest = text.substr(past_blank(text, end));
  for (const std::string_view unit : {"%", "\\%", "°", "^"})
    if (rest.starts_with(unit)) return true;
  for (const std::string_view money : {"€", "£", "¥"})
    if (text.substr(0, begin).ends_with(money)) return true;
  if (const size_t at = past_blank(text, end), size = sign_at(text, at); size > 0) {
    const bool colon = text[at] == ':';
    const size_t next = colon ? at + 1 : past_blank(text, at + size);
    if (digit(next) ? !colon || at == end : !colon && text[at] != '-' && (variable(next) || text.substr(next).starts_with("(")))
      return true;
  }
  size_t left = begin > 0 && text[begin - 1] == ' ' ? begin - 1 : begin;
  if (const size_t size = sign_before(text, left); size > 0) {
    const bool colon = text[left - size] == ':';
    if (colon && left != begin) return false;
    left -= size;
    if (left > 0 && text[left - 1] == ' ') --left;
    if (left > 0 && (is_digit(text[left - 1]) || (!colon && (text[left - 1] == ')' || variable(left - 1))))) return true;
  }
  return false;
}

/// Whether a word behind a number or "no" makes a noun phrase of both: "3 options", "no doubt", 3个; and whether one in front
/// numbers something else: "Step 1", 第1步.
inline bool counts_something(std::string_view text, size_t begin, size_t end, bool number) {
  constexpr std::string_view names = " option options choice choices answer label ";
  constexpr std::string_view goes_on =
      " remains remain alone here best being too indeed obviously clearly definitely certainly again seemed there this that these we "
      "you they he she if when while where what why have had do did all makes stays left correct right wrong true false incorrect ";
  constexpr std::string_view numbered =
      " step steps question questions q problem figure fig table chapter section page part example equation eq case day week year month "
      "grade level phase stage round test exercise line paragraph note rule law theorem number no top first last type ";
  const std::string before = word_before(text, begin);
  if (is_one_of(names, before)) return false;
  if (number && is_one_of(numbered, before)) return true;
  const std::string_view left = text.substr(0, begin), right = text.substr(end);
  if (number && (left.ends_with("第") || left.ends_with("第 ")))
    return !right.starts_with("项") && !right.starts_with("个选项") && !right.starts_with("个答案");
  if (number && (left.ends_with("步骤") || left.ends_with("步骤 "))) return true;
  if (number && !left.ends_with("选项"))
    for (const std::string_view unit : {"个", "步", "种", "次", "年", "月", "日", "天", "元", "米", "岁", "人", "倍", "位", "只", "条", "张", "本",
                                        "件", "小时", "分钟", "秒", "千", "万", "亿", "公里", "厘米", "克", "升", "度", "点"})
      if (right.starts_with(unit)) return true;
  if (!right.starts_with(' ')) return false;
  const std::string_view word = word_at(text, end + 1);
  return !word.empty() && !follows_a_name(word) && !is_one_of(goes_on, word);
}

}  // namespace label_detail

class FirstLabel {
 public:
  static Result<FirstLabel> make(std::vector<std::string> labels) {
    using namespace label_detail;
    FirstLabel out;
    const bool lower_letters = std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
      return label.size() == 1 && label[0] >= 'a' && label[0] <= 'z';
    });
    constexpr std::string_view few = "RSTUVWXYZ", many = "BCDEFGHJKLMNOPRSTUVWXYZ";  // no word, and no Q: ("Question:")
    const std::string_view letters = labels.size() <= few.size() ? few : many;
    out.rewrites_ = !lower_letters;
    std::vector<std::string> seen;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (lower_letters) out.letters_ += static_cast<char>(labels[i][0] - 'a' + 'A');
      else if (i < letters.size()) out.letters_ += letters[i];
      seen.push_back(lower(labels[i]));
    }
    std::sort(seen.begin(), seen.end());
    out.caseless_ = std::adjacent_find(seen.begin(), seen.end()) == seen.end();
    for (size_t i = 0; i < labels.size(); ++i)
      if (!labels[i].empty()) out.by_length_.push_back(i);
    std::stable_sort(out.by_length_.begin(), out.by_length_.end(),
                     [&](size_t a, size_t b) { return labels[a].size() > labels[b].size(); });
    out.labels_ = std::move(labels);
    if (out.letters_.size() == out.labels_.size()) {
      SXT_TRY(FirstOption reader, FirstOption::make(out.letters_, true));
      out.reader_ = std::move(reader);
    }
    return out;
  }

  /// The label, or "": no answer, several, or none that can be told.
  Result<std::string> operator()(std::string_view text, std::string_view record_json = "{}") const {
    if (!reader_) return only_one_in(text);
    SXT_TRY(const std::string letter, (*reader_)(rewrites_ ? rewritten(text) : std::string(text), texts_by_letter(record_json)));
    const size_t at = letter.empty() ? letters_.npos : letters_.find(letter[0]);
    return at == letters_.npos ? std::string() : labels_[at];
  }

 private:
  /// Of more labels than there are letters.
  Result<std::string> only_one_in(std::string_view text) const {
    const Thought thought = split_thinking(text);
    if (!thought.closed) return std::string();
    const std::string_view reply = thought.answer;
    std::string found;
    bool several = false;
    for (size_t at = 0, size = 0; at < reply.size(); at += std::max<size_t>(size, 1)) {
      const size_t label = label_at(reply, at, size);
      if (label == labels_.size()) continue;
      several = several || (!found.empty() && found != labels_[label]);
      found = labels_[label];
    }
    return several ? std::string() : found;
  }

  /// The text with letters for labels, and without such letters of its own.
  std::string rewritten(std::string_view text) const {
    using namespace label_detail;
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
      size_t size = 0;
      if (const size_t label = label_at(text, at, size); label < labels_.size()) {
        out += letters_[label];
        at += size;
        continue;
      }
      if (const auto [noun, answer] = noun_of_a_label(text, at); noun > 0) {
        out += answer;
        at += noun;
        continue;
      }
      if (!is_ascii_word(text[at])) {
        out += text[at++];
        continue;
      }
      size_t end = at;
      while (end < text.size() && is_ascii_word(text[end])) ++end;
      std::string run(text.substr(at, end - at));
      if (run.size() == 1 && letters_.find(static_cast<char>(run[0] & ~0x20)) != letters_.npos) run += run;
      if (run.size() > 1 && run.find_first_not_of(letters_) == run.npos) run = lower(run);
      out += run;
      at = end;
    }
    return out;
  }

  /// Which label stands at `at` and is meant as one, with its size; else their number, and the size of what is passed over.
  size_t label_at(std::string_view text, size_t at, size_t& ret_size) const {
    using namespace label_detail;
    ret_size = 0;
    if (at > 0 && is_ascii_word(text[at]) && is_ascii_word(text[at - 1])) return labels_.size();
    for (const size_t i : by_length_) {
      const std::string& label = labels_[i];
      if (!same(text.substr(at, label.size()), label) || !is_whole(text, at, at + label.size(), label)) continue;
      const bool number = std::all_of(label.begin(), label.end(), is_digit);
      const size_t end = at + label.size();
      if (number && (is_computed(text, at, end) || counts_something(text, at, end, true))) return labels_.size();
      if (lower(label) == "no" && counts_something(text, at, end, false)) return labels_.size();
      ret_size = label.size();
      return i;
    }
    return labels_.size();
  }
  /// In either case, unless labels differ in it alone; "_" as a blank or a hyphen.
  bool same(std::string_view text, std::string_view label) const {
    return text.size() == label.size() && std::equal(text.begin(), text.end(), label.begin(), [&](char a, char b) {
             return a == b || (b == '_' && (a == ' ' || a == '-')) || (caseless_ && label_detail::lowered(a) == label_detail::lowered(b));
           });
  }
  /// Not a part of a longer word; a Chinese word of several characters may stand between others, but 不正确 and 正确答案 are none
  /// of 正确.
  static bool is_whole(std::string_view text, size_t begin, size_t end, std::string_view label) {
    const auto is_word = [](char32_t c, bool ideographs) {
      if (c < 0x80) return is_ascii_word(static_cast<char>(c));
      return (c >= 0xC0 && c < 0x2000) || (ideographs && c >= 0x3040 && c <= 0x9FFF);
    };
    const bool ascii = label_detail::is_ascii(label), one = !ascii && label.size() <= 4;
    if (begin > 0) {
      size_t before = begin - 1;
      while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
      if (is_word(utf8::at(text, before).code, one)) return false;
    }
    if (end < text.size() && is_word(utf8::at(text, end).code, one)) return false;
    if (ascii) return true;
    for (const std::string_view denied : {"不", "非", "无"})
      if (text.substr(0, begin).ends_with(denied)) return false;
    std::string_view rest = text.substr(end);
    if (rest.starts_with("的")) rest.remove_prefix(std::string_view("的").size());
    for (const std::string_view noun : {"答案", "选项", "说法", "判断", "率", "性"})
      if (rest.starts_with(noun)) return false;
    return true;
  }
  /// "The sentiment is ...", "Label: ...", 情感是: what is stated there is the answer. The noun's size, and what stands for it.
  static std::pair<size_t, std::string_view> noun_of_a_label(std::string_view text, size_t at) {
    if (at > 0 && is_ascii_word(text[at]) && is_ascii_word(text[at - 1])) return {0, {}};
    const auto states = [&](size_t end) {
      for (const std::string_view next : {" is ", " should be ", " would be ", " of ", " for ", " here ", ":", "：", "是", "为"})
        if (text.substr(end).starts_with(next)) return true;
      return false;
    };
    for (const std::string_view noun : {"sentiment", "label", "relationship", "relation", "classification", "category", "class", "verdict",
                                        "polarity", "prediction", "judgment", "judgement", "stance"})
      if (label_detail::lower(text.substr(at, noun.size())) == noun && states(at + noun.size())) return {noun.size(), "answer"};
    for (const std::string_view noun : {"情感", "标签", "类别", "关系", "分类", "判断"})
      if (text.substr(at).starts_with(noun) && states(at + noun.size())) return {noun.size(), "答案"};
    return {0, {}};
  }

  /// A record with the options' texts under the letters that stand for their labels.
  std::string texts_by_letter(std::string_view record_json) const {
    json::Document out;
    out.SetObject();
    const auto record = json::parse(record_json, "record");
    if (!record || !record->IsObject()) return "{}";
    const json::Value *labels = json::find(*record, "choice_labels"), *texts = json::find(*record, "choice_texts");
    if (!labels || !texts || !labels->IsArray() || !texts->IsArray()) return "{}";
    for (rapidjson::SizeType k = 0; k < std::min(labels->Size(), texts->Size()); ++k) {
      if (!(*labels)[k].IsString() || !(*texts)[k].IsString()) continue;
      const std::string_view text = json::text((*texts)[k]);
      const auto found = std::find(labels_.begin(), labels_.end(), json::text((*labels)[k]));
      if (found == labels_.end() || text == *found) continue;
      const std::string letter(1, letters_[static_cast<size_t>(found - labels_.begin())]);
      json::set(out, letter, rewrites_ ? rewritten(text) : std::string(text), out.GetAllocator());
    }
    return json::write(out);
  }

  std::vector<std::string> labels_;
  std::vector<size_t> by_length_;  // the longer one first, where one begins with the other
  std::string letters_;            // that stand for the labels
  bool caseless_ = true, rewrites_ = true;
  std::optional<FirstOption> reader_;
};

/// Under --compat: the first label that stands alone.
inline std::string pattern_of_labels(std::vector<std::string> labels) {
  std::stable_sort(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::string any;
  for (const std::string& label : labels) {
    if (!any.empty()) any += '|';
    for (const char c : label) {
      if (std::string_view("\\^$.|?*+()[]{}-/#").find(c) != std::string_view::npos) any += '\\';
      any += c;
    }
  }
  return "(?<![\\p{L}\\p{N}])(" + any + ")(?![\\p{L}\\p{N}])";
}

}  // namespace sextant::postprocess
