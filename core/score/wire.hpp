// The lines between scoring and its isolated process. Private to isolated.cpp and worker.cpp.
#pragma once
#include <array>
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

/// {"row": [{"prediction", "labelled", "extra"?}], "target", "record"}: targets and records as texts, so that nothing is
/// written differently.
std::string to_line(const Row& row);
Result<std::vector<data::Attempt>> row_from(const json::Value& value);
std::string to_line(const RowReading& reading);
Result<RowReading> reading_from(const json::Value& value);

struct Aggregate {
  size_t metric = 0;
  std::vector<std::array<std::string, 3>> samples;   // prediction, reference, record
  std::vector<double> first;
};
std::string to_line(size_t metric, std::span<const Judged> samples, std::span<const double> first);
Result<Aggregate> aggregate_from(const json::Value& value);
std::string to_line(const Numbers& numbers);
Result<Numbers> numbers_from(const json::Value& value);

/// What the worker says once it is set up: {"aggregates": [true, ...]}, a member for each metric.
std::string to_line(const std::vector<bool>& aggregates);
Result<std::vector<bool>> aggregates_from(const json::Value& value);

/// {"failed": {"kind", "message"}}
std::string to_line(const Error& error);
/// The error of such a line, where it is one.
std::optional<Error> error_from(const json::Value& value);

}  // namespace sextant::score::wire
