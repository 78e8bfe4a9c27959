// Chinese text as words, the way jieba 0.42 cuts it (cut_all=False, HMM=True): of all ways to put a stretch together of its
// dictionary's words the likeliest, and where only single characters are left, a hidden Markov model over the tags begin,
// middle, end, single. Dictionary and model are jieba's own files, which Debian's python3-jieba carries. Threads: const members
// are [any].
#pragma once
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::text {

class ChineseWords {
 public:
  /// `folder`: has dict.txt and finalseg/prob_start.py, prob_trans.py, prob_emit.py. An Error names the file, the line and what
  /// to do. The same folder is read once a process.
  static Result<std::shared_ptr<const ChineseWords>> open(const std::filesystem::path& folder);

  /// All of the text, in words, signs and blanks. Bytes that are not UTF-8 are read as U+FFFD.
  std::vector<std::string> cut(std::string_view text) const;

 private:
  struct Word {
    std::string_view text;  // in dictionary_
    double frequency;
  };
  using Chances = std::unordered_map<char32_t, double>;
  enum Tag { begin, end, middle, single };

  Result<void> read_dictionary(const std::filesystem::path& file);
  Result<void> read_model(const std::filesystem::path& folder);
  const Word* find(std::string_view word) const;
  void cut_block(std::u32string_view block, std::vector<std::string>& out) const;
  void cut_unknown(std::u32string_view block, std::vector<std::string>& out) const;
  void cut_by_tags(std::u32string_view block, std::vector<std::string>& out) const;

  std::string dictionary_;
  std::vector<Word> words_;  // sorted by bytes, each once
  double total_ = 0;
  std::array<double, 4> start_{};
  std::array<std::array<double, 4>, 4> next_{};  // [from][to]
  std::array<Chances, 4> emits_;
};

/// Where Debian's python3-jieba puts its files.
inline constexpr const char* jieba_folder = "/usr/lib/python3/dist-packages/jieba";

}  // namespace sextant::text
