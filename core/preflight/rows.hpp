// The rows of a data set read once before the run: what is wrong with them, and the few whose prompts are looked at.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include "../load/data.hpp"
#include "findings.hpp"

namespace sextant::preflight {

struct Rows {
  load::TaskData data;
  std::vector<load::Row> chosen;  // whose prompts stand for the others': the first, the last, the longest, one of each shape
  uint64_t count = 0, bytes = 0;          // of all rows
  std::vector<std::string> golds;         // long answers that a reply must give whole to be right
  std::map<std::string, uint64_t> letters; // answers, where all of them are option letters; else empty
};

/// Rows that repeat an earlier one, over all sets: one sentence, since benchmarks have some.
class Repeated {
 public:
  void add(const std::string& set, uint64_t row, uint64_t earlier);
  void tell(Findings& findings) const;

 private:
  uint64_t rows_ = 0, sets_ = 0, row_ = 0, earlier_ = 0;
  std::string first_, last_;
};

struct RowOptions {
  bool evaluates = true;                  // every row needs an answer
  uint64_t gold_bytes_min = 0;            // shorter answers fit into any reply
  const std::atomic<bool>* cancelled = nullptr;
};
/// Nothing where the set is unfit, which is then among the findings.
std::optional<Rows> read_rows(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              const RowOptions& options, Findings& findings, Repeated& repeated);

}  // namespace sextant::preflight
