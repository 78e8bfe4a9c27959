#include "langdetect.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/plain_text.hpp>
#include <sextant/python_random.hpp>
#include "../../text/contents.hpp"

namespace sextant::metric::ifeval {
namespace {

constexpr size_t text_most = 10'000;  // characters
constexpr double alpha_usual = 0.5, alpha_width = 0.05, base_frequency = 10'000, converged = 0.99999, likely = 0.1;
constexpr int trials = 7, steps_most = 1000;

constexpr std::string_view where_from =
    "; name the folder of PyPI's langdetect as \"langdetect\" of ifeval, or leave it out";

// "\u00A0A" of a .properties file.
std::u32string unescaped(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i)
    if (text.substr(i, 2) == "\\u" && i + 6 <= text.size()) {
      out += static_cast<char32_t>(std::stoul(std::string(text.substr(i + 2, 4)), nullptr, 16));
      i += 5;
    } else {
      out += static_cast<unsigned char>(text[i]);
    }
  return out;
}

bool is_word_of_url(char c) {
  return std::string_view("-_.?&~;+=/#").find(c) != std::string_view::npos || std::isalnum(static_cast<unsigned char>(c));
}
bool is_word_of_mail(char c) { return c == '-' || c == '_' || c == '.' || std::isalnum(static_cast<unsigned char>(c)); }

// Addresses become blanks: http(s)://..., and NAME@HOST, where the host's second part may hold dots.
std::string without_addresses(std::string_view text) {
  std::string once;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const size_t head = rest.starts_with("http://") ? 7 : rest.starts_with("https://") ? 8 : 0;
    size_t end = head;
    while (head && end < rest.size() && end - head < 2076 && is_word_of_url(rest[end])) ++end;
    if (end > head) once += ' ', i += end;
    else once += text[i++];
  }
  std::string out;
  const std::string_view all = once;
  for (size_t i = 0; i < all.size();) {
    size_t at = i;
    while (at < all.size() && at - i < 64 && is_word_of_mail(all[at])) ++at;
    size_t host = at + 1, end = host;
    if (at > i && at < all.size() && all[at] == '@') {
      while (end < all.size() && end - host < 255 && is_word_of_mail(all[end]) && all[end] != '.') ++end;
      const size_t first = end - host;
      size_t more = 0;
      while (end < all.size() && more < 255 && is_word_of_mail(all[end])) ++end, ++more;
      if (first + more >= 2 && first >= 1) {
        out += ' ';
        i = end;
        continue;
      }
    }
    // a longer name begins later: the pattern takes the first place from which it fits
    if (at > i && at < all.size() && is_word_of_mail(all[at])) out += all[i++];
    else if (at > i) out.append(all.substr(i, at - i)), i = at;
    else out += all[i++];
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const LangDetect>> LangDetect::open(const std::filesystem::path& folder) {
  auto out = std::make_shared<LangDetect>();
  SXT_CHECK(out->read_messages(folder / "utils/messages.properties"));
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "profiles", code))
    if (entry.is_regular_file(code) && !entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.size() < 2)
    return Error{Error::Kind::config,
                 fmt::format("ifeval: {} has no profiles; name the folder of PyPI's langdetect as \"langdetect\"",
                             (folder / "profiles").string())};
  for (const auto& file : files) SXT_CHECK(out->read_profile(file));
  return std::shared_ptr<const LangDetect>(std::move(out));
}

Result<void> LangDetect::read_profile(const std::filesystem::path& file) {
  SXT_TRY(const std::string text, text::contents_of(file, where_from));
  SXT_TRY(const json::Document profile, json::parse(text, file.string()));
  const json::Value *frequencies = json::find(profile, "freq"), *all = json::find(profile, "n_words");
  const auto name = json::find_string(profile, "name");
  if (!frequencies || !frequencies->IsObject() || !all || !all->IsArray() || all->Size() != 3 || !name)
    return Error{Error::Kind::data, fmt::format("ifeval: {} is no profile of langdetect (freq, n_words, name)", file.string())};
  for (const auto& member : frequencies->GetObject()) {
    const std::u32string word = text::code_points(json::text(member.name));
    if (word.empty() || word.size() > 3 || !member.value.IsNumber()) continue;
    chances_[word].push_back(
        {static_cast<uint16_t>(languages_.size()),
         member.value.GetDouble() / (*all)[static_cast<rapidjson::SizeType>(word.size() - 1)].GetDouble()});
  }
  languages_.push_back(*name);
  return {};
}

Result<void> LangDetect::read_messages(const std::filesystem::path& file) {
  SXT_TRY(const std::string all, text::contents_of(file, where_from));
  for (const std::string_view line : text::split(all, "\n")) {
    const size_t equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::u32string value = unescaped(text::strip(line.substr(equals + 1)));
    constexpr std::string_view marked = "NORMALIZED_VI_CHARS_", marks[] = {"0300", "0301", "0303", "0309", "0323"};
    if (key.starts_with("NGram.KANJI_"))
      for (const char32_t c : value) kanji_[c] = value.front();
    else if (key == "NGram.LATIN1_EXCLUDE") latin1_left_out_ = value;
    else if (key == "TO_NORMALIZE_VI_CHARS") plain_ = value;
    else if (key == "DMARK_CLASS") marks_ = value;
    else if (key.starts_with(marked))
      for (size_t i = 0; i < 5; ++i)
        if (key.substr(marked.size()) == marks[i]) marked_[i] = value;
  }
  if (kanji_.empty() || plain_.empty() || marks_.size() != 5)
    return Error{Error::Kind::data,
                 fmt::format("ifeval: {} is not langdetect's (NGram.KANJI_..., DMARK_CLASS)", file.string())};
  return {};
}

// By Unicode block.
char32_t LangDetect::normal(char32_t c) const {
  const auto within = [c](char32_t from, char32_t to) { return c >= from && c <= to; };
  if (c < 0x80) return within('A', 'Z') || within('a', 'z') ? c : U' ';
  if (c <= 0xFF) return latin1_left_out_.find(c) != std::u32string::npos ? U' ' : c;
  if (c == 0x219) return 0x15F;
  if (c == 0x21B) return 0x163;
  if (within(0x2000, 0x206F)) return U' ';
  if (c == 0x6CC) return 0x64A;
  if (within(0x1EA0, 0x1EFF)) return 0x1EC3;
  if (within(0x3040, 0x309F)) return 0x3042;
  if (within(0x30A0, 0x30FF)) return 0x30A2;
  if (within(0x3100, 0x312F) || within(0x31A0, 0x31BF)) return 0x3105;
  if (within(0xAC00, 0xD7AF)) return 0xAC00;
  if (within(0x4E00, 0x9FFF))
    if (const auto found = kanji_.find(c); found != kanji_.end()) return found->second;
  return c;
}

std::u32string LangDetect::cleaned(std::string_view given) const {
  std::u32string composed;
  for (const char32_t c : text::code_points(without_addresses(given))) {
    const size_t mark = marks_.find(c), letter = composed.empty() ? plain_.npos : plain_.find(composed.back());
    if (mark != marks_.npos && letter != plain_.npos && letter < marked_[mark].size()) composed.back() = marked_[mark][letter];
    else composed += c;
  }
  std::u32string out;
  char32_t before = 0;
  for (const char32_t c : std::u32string_view(composed).substr(0, text_most)) {
    if (c != ' ' || before != ' ') out += c;
    before = c;
  }
  const auto is_latin = [](char32_t c) { return c >= 'A' && c <= 'z'; };
  const auto latin = std::count_if(out.begin(), out.end(), is_latin),
             other =
                 std::count_if(out.begin(), out.end(), [](char32_t c) { return c >= 0x300 && !(c >= 0x1E00 && c <= 0x1EFF); });
  if (latin * 2 < other) std::erase_if(out, is_latin);
  return out;
}

std::string LangDetect::language_of(std::string_view given) const {
  std::vector<const std::vector<Chance>*> ngrams;
  std::u32string grams(1, U' ');
  bool in_capitals = false;
  for (const char32_t read : cleaned(given)) {
    const char32_t c = normal(read), last = grams.back();
    bool added = true;
    if (last == ' ') {
      grams.assign(1, U' ');
      in_capitals = false;
      added = c != ' ';
    } else if (grams.size() >= 3) {
      grams.erase(0, 1);
    }
    if (added) {
      grams += c;
      if (!text::is_upper(c)) in_capitals = false;
      else if (text::is_upper(last)) in_capitals = true;
    }
    if (in_capitals) continue;
    for (size_t n = 1; n <= 3 && n <= grams.size(); ++n) {
      const std::u32string word = grams.substr(grams.size() - n);
      if (word.size() == 1 && word[0] == ' ') continue;
      if (const auto found = chances_.find(word); found != chances_.end()) ngrams.push_back(&found->second);
    }
  }
  if (ngrams.empty()) return {};
  const size_t n = languages_.size();
  std::vector<double> sum(n), chance(n);
  PythonRandom random(0);  // langdetect's seed
  for (int trial = 0; trial < trials; ++trial) {
    std::fill(chance.begin(), chance.end(), 1.0 / static_cast<double>(n));
    const double alpha = alpha_usual + random.gauss() * alpha_width, weight = alpha / base_frequency;
    for (int i = 0;; ++i) {
      const std::vector<Chance>& of = *ngrams[random.below(ngrams.size())];
      size_t next = 0;
      for (size_t k = 0; k < n; ++k) {
        const bool known = next < of.size() && of[next].language == k;
        chance[k] *= weight + (known ? of[next++].value : 0);
      }
      if (i % 5 != 0) continue;
      double all = 0, most = 0;
      for (const double p : chance) all += p;
      for (double& p : chance) most = std::max(most, p /= all);
      if (most > converged || i >= steps_most) break;
    }
    for (size_t k = 0; k < n; ++k) sum[k] += chance[k] / trials;
  }
  const auto best = std::max_element(sum.begin(), sum.end());
  return *best > likely ? languages_[static_cast<size_t>(best - sum.begin())] : "unknown";
}

}  // namespace sextant::metric::ifeval
