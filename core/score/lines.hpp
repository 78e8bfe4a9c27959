// What is written of each scored attempt, made where it is read: its lines of the samples file and of the details, all but the
// numbers, whose names only the whole set tells. Kept on the disk until those are known.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "../base/spool.hpp"
#include "reading.hpp"

namespace sextant::score {

/// Pieces of JSON text, in the order in which a samples line has them.
struct LineParts {
  uint64_t row = 0;
  uint32_t repeat = 0;
  std::string head;                  // up to the prediction
  std::string prediction;            // in quotes
  std::string middle;                // from there to the scores
  std::string said;                  // what metrics read and why: [[filter, metric, answer, explanation], ...]; empty: nothing
  std::string tail;                  // what stands behind the scores
  std::string labels;                // of the canonical line
  std::string detail;                // the beginning of its item among the details
  std::string errors;                // [message, ...] of the filters that failed; empty: none did
  std::string judged;  // [record, reference, answer under each filter, ...], where a metric has numbers of its own
};

/// `repeats`: the set has several. `judged`: fill that in.
LineParts make_line(const data::Attempt& attempt, const std::vector<Reading>& readings, const std::vector<std::string>& filters,
                    bool repeats, bool judged);

/// As the canonical lines write numbers; null for what is not finite.
std::string canonical_number(double value);

class Lines {
 public:
  Lines(uint64_t count, std::filesystem::path working) : spool_(std::move(working)), places_(count) {}
  static std::string packed(const LineParts& line);
  /// Each number once, in any order.
  Result<void> put(uint64_t number, std::string_view packed);
  Result<LineParts> get(uint64_t number);

 private:
  struct Place {
    uint64_t offset = 0, size = 0;
  };
  Spool spool_;
  std::vector<Place> places_;        // [attempt]
};

}  // namespace sextant::score
