// Catch2's main, compiled once for every unit test program, and the reporter that meson reads: TAP with one line a test case
// (Catch2's own has one an assertion). A test that cannot run here says WARN("SKIP: why") and returns: it is shown as skipped.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

namespace {

class CaseReporter : public Catch::StreamingReporterBase<CaseReporter> {
 public:
  using StreamingReporterBase::StreamingReporterBase;
  static std::string getDescription() { return "TAP, one line a test case"; }

  void assertionStarting(const Catch::AssertionInfo&) override {}
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& result = stats.assertionResult;
    for (const Catch::MessageInfo& info : stats.infoMessages)
      if (info.type == Catch::ResultWas::Warning && info.message.find("SKIP") == 0) skip_ = info.message;
    if (result.getResultType() == Catch::ResultWas::Warning && result.getMessage().find("SKIP") == 0)
      skip_ = result.getMessage();
    if (result.isOk()) return true;
    notes_ << "# " << result.getSourceInfo() << ": " << result.getExpressionInMacro() << '\n';
    if (result.hasExpandedExpression()) notes_ << "#   " << one_line(result.getExpandedExpression()) << '\n';
    if (!result.getMessage().empty()) notes_ << "#   " << one_line(result.getMessage()) << '\n';
    for (const Catch::MessageInfo& info : stats.infoMessages) notes_ << "#   " << one_line(info.message) << '\n';
    return true;
  }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    StreamingReporterBase::testCaseEnded(stats);
    stream << (stats.totals.assertions.allOk() ? "ok " : "not ok ") << ++number_ << " - " << one_line(stats.testInfo.name);
    if (!skip_.empty()) stream << " # " << one_line(skip_);
    stream << '\n' << notes_.str() << std::flush;
    skip_.clear();
    notes_.str("");
  }
  void testRunEnded(const Catch::TestRunStats& stats) override {
    stream << "1.." << number_ << std::endl;
    StreamingReporterBase::testRunEnded(stats);
  }

 private:
  static std::string one_line(std::string text) {
    for (char& c : text)
      if (c == '\n' || c == '\r' || c == '#') c = ' ';
    return text;
  }
  size_t number_ = 0;
  std::string skip_;
  std::ostringstream notes_;
};
CATCH_REGISTER_REPORTER("cases", CaseReporter)

}  // namespace
