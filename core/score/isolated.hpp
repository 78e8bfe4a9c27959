// Scoring in a process of its own, `sextant worker score`: a scorer that crashes or hangs costs the sample at hand, and a new
// process goes on with the next. One JSON line each way over a socket: first the components, then a row or an aggregate at a
// time.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include "../config/run_config.hpp"
#include "reading.hpp"

namespace sextant::score {

/// How long one attempt may take, unless the card says otherwise ("eval": {"attempt_limit_s": 60}).
constexpr double default_attempt_limit_s = 60;

/// A reader whose process is started when it is first asked. `folders`: where plugins are looked for.
Result<std::unique_ptr<Reader>> start_isolated(const std::vector<std::filesystem::path>& folders,
                                               const config::DatasetConfig& dataset, config::Compat compat);

/// The worker: reads requests from the file descriptor and answers them until it is closed. Its exit code.
int serve_isolated(int fd);

}  // namespace sextant::score
