// A run's folder to its table: what the run command and `sextant report` share.
#pragma once
#include "report.hpp"

namespace sextant::report {

/// Reads the results of every task that has been scored. One whose results cannot be read is `incomplete` in the table and in
/// the record; one that nobody asked to score is `not scored` in the table, and incomplete in the record.
Table table_of_run(const store::RunFolder& folder, const config::RunConfig& run, store::RunRecord& record);

/// summary/summary_<ts>.{txt,csv,md}
Result<void> write_summary(const store::RunFolder& folder, const Table& table);

}  // namespace sextant::report
