// A run's folder to its table: what the run command and `sextant report` share.
#pragma once
#include "report.hpp"

namespace sextant::report {

/// Reads the results of every complete task. A result that cannot be read makes its task `failed` in the table.
Result<Table> table_of_run(const store::RunFolder& folder, const config::RunConfig& run, const store::RunRecord& record);

/// summary/summary_<ts>.{txt,csv,md}
Result<void> write_summary(const store::RunFolder& folder, const Table& table);

}  // namespace sextant::report
