// The retrievers by id. The only place that lists them.
#pragma once
#include <sextant/json.hpp>
#include "retriever.hpp"

namespace sextant::retrieve {

/// What the run says, beyond the retriever's own configuration.
struct Options {
  uint64_t seed = 0;      // the run's; a retriever's own "seed" wins
  bool compat = false;    // choose as OpenCompass does, its defaults and random streams included
};

struct Entry {
  std::string_view id, summary;
  Result<std::unique_ptr<Retriever>> (*make)(const json::Value& config, const Options& options);
};

/// All of them, in the order of the documentation.
std::span<const Entry> retrievers();

/// `config` is an object of the retriever's keys; an unknown key or id is an error that names the known ones.
Result<std::unique_ptr<Retriever>> make_retriever(std::string_view id, const json::Value& config, const Options& options);

}  // namespace sextant::retrieve
