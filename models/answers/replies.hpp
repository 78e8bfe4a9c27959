// Replies that somebody has already: lines of a file, found again by the sample's place in its data set, by the whole prompt,
// or by the question that stands in it. Read-only once opened. [any] thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::answers {

/// What the core's sxt_sampling.id is for a sample's turn (docs/files.md).
uint64_t stream_of(std::string_view dataset, uint64_t row, uint64_t repeat, uint64_t turn);

class Replies {
 public:
  /// JSON lines; an error names the file, the line and what is wrong. `dataset`: of lines that name none.
  static Result<Replies> read(const std::string& path, const std::string& dataset);

  struct Line {
    std::string reply, thinking;
    std::string asked;              // the prompt or question that a line with an "index" names besides
    size_t number = 0;              // in the file, from 1
  };
  /// By the sample, else by the prompt, else by the longest question that the prompt holds. Null: none of them is there. An
  /// Error: it holds another one elsewhere, so that either may be meant.
  Result<const Line*> find(uint64_t stream, std::string_view prompt, std::string_view last_turn) const;
  size_t size() const { return lines_.size(); }
  /// How many lines were the reply to nothing that was asked, and the first of them; [any] thread once all is asked.
  struct Unused { size_t count = 0, first = 0, used = 0; };
  Unused unused() const;
  const std::string& sha256() const { return sha256_; }

 private:
  struct Question { std::string text; size_t line; };
  Result<void> add(const json::Value& line, size_t number, const std::string& path, const std::string& dataset);
  Result<void> check_new(const std::string& what, size_t earlier, size_t number, const std::string& path) const;
  Result<const Line*> by_question(std::string_view prompt) const;
  Result<const Line*> look_up(uint64_t stream, std::string_view prompt, std::string_view last_turn) const;

  std::vector<Line> lines_;
  std::unique_ptr<std::atomic<bool>[]> used_;  // [line], or one that says the same
  std::string sha256_;
  std::unordered_map<uint64_t, size_t> by_stream_;
  std::unordered_map<std::string, size_t> by_prompt_, by_text_;
  std::vector<Question> questions_;
  std::unordered_map<std::string_view, std::vector<size_t>> by_beginning_;  // of questions_, whose texts do not move any more
  std::vector<size_t> short_;                                               // questions too short to be looked up so
};

}  // namespace sextant::answers
