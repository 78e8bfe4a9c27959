// The lines between scoring and its isolated process. Private to isolated.cpp and worker.cpp.
#pragma once
#include "../config/run_config.hpp"
#include "reading.hpp"

namespace sextant::score::wire {

/// {"folders", "card", "compat", "filters", "reference", "metrics"}
struct Setup {
  std::vector<std::string> folders;
  config::DatasetConfig dataset;   // the members that scoring reads
  config::Compat compat = config::Compat::none;
};
std::string to_line(const Setup& setup);
Result<Setup> setup_from(const json::Value& value);

/// {"row": [{"prediction", "labelled", "extra"?}], "target", "record"}: targets and records as texts, so that nothing is written differently.
std::string to_line(const Row& row);
Result<std::vector<data::Attempt>> row_from(const json::Value& value);
std::string to_line(const RowReading& reading);
Result<RowReading> reading_from(const json::Value& value);

struct Aggregate {
  size_t metric = 0;
  std::vector<Reading> readings;
  std::vector<data::Attempt> attempts;
  std::vector<double> first;
};
std::string to_line(size_t metric, std::span<const Reading* const> readings, std::span<const data::Attempt* const> attempts,
                    std::span<const double> first);
Result<Aggregate> aggregate_from(const json::Value& value);
using Numbers = std::optional<std::vector<std::pair<std::string, double>>>;
std::string to_line(const Numbers& numbers);
Result<Numbers> numbers_from(const json::Value& value);

/// {"failed": {"kind", "message"}}
std::string to_line(const Error& error);
/// The error of such a line, where it is one.
std::optional<Error> error_from(const json::Value& value);

}  // namespace sextant::score::wire
