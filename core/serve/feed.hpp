// Where a stage's samples come from: the rows of a data set, the texts to embed, another stage's attempts. A feed reads and
// renders; what is asked of the model is the inferencer's business. Threads: [owner].
#pragma once
#include <cstdint>
#include <optional>
#include "../data/sample.hpp"

namespace sextant::serve {

/// One sample, ready to be asked about; its repeats share it.
struct Prepared {
  data::Sample sample;              // id.repeat is 0
  data::Prompts prompts;
  uint32_t dropped_shots = 0;       // examples that did not fit
  bool own_example = false;         // the sample itself is among its examples (compat modes only)
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// Finds and reads what the samples are made of. An Error is the whole task's.
  virtual Result<void> open() = 0;
  struct Item {
    uint64_t row = 0;
    Result<Prepared> prepared;      // an Error of the configuration is every row's; one of the data is this row's
  };
  /// The next sample; nothing behind the last one.
  virtual std::optional<Item> next() = 0;
};

}  // namespace sextant::serve
