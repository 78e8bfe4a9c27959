// The table: what a cell says, groups and their members, and the forms it is written in.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/report/report.hpp"
#include "../../../core/report/width.hpp"

namespace sextant::test {
namespace {
using namespace report;
using Catch::Matchers::Contains;

TaskOutcome done(const std::string& model, const std::string& dataset, double accuracy, const std::string& mode = "gen") {
  return {model, dataset, "abc123", mode, "complete", "", {{"accuracy", accuracy}}};
}
TaskOutcome not_done(const std::string& model, const std::string& dataset, const std::string& status) {
  return {model, dataset, "abc123", "gen", status, "the reason", {}};
}
config::Summarizer groups(std::vector<config::SummaryGroup> list) { return {"test", std::move(list)}; }

std::vector<std::string> texts(const Row& row) {
  std::vector<std::string> out;
  for (const Cell& cell : row.cells) out.push_back(cell.text);
  return out;
}
const Row& row_of(const Table& table, const std::string& dataset) {
  for (const Row& row : table.rows)
    if (row.dataset == dataset) return row;
  FAIL("no row " << dataset);
  std::abort();
}

TEST_CASE("data sets stand in the run's order, groups behind them") {
  const Table table = make_table({"m"}, {done("m", "z", 1), done("m", "a", 2)}, groups({{"g", {"a", "z"}}}));
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[0].dataset == "z");
  CHECK(table.rows[1].dataset == "a");
  CHECK(table.rows[2].dataset == "g");
  CHECK(table.rows[0].version == "abc123");
  CHECK(table.rows[0].metric == "accuracy");
  CHECK(table.rows[2].version == "-");
  CHECK(table.rows[2].metric == "naive_average");
  CHECK(table.rows[2].cells[0].value == 1.5);
  CHECK(table.errors.empty());
}

TEST_CASE("a cell says what went wrong; '-' is only for a task that the model has not got") {
  const std::vector<std::string> models{"a", "b", "c", "d", "e", "f"};
  TaskOutcome unscored = done("f", "x", 0);
  unscored.metrics.clear();
  const Table table = make_table(models,
                                 {done("a", "x", 41.499), not_done("b", "x", "failed"), not_done("c", "x", "missing"),
                                  not_done("d", "x", "incomplete"), unscored},
                                 {});
  CHECK(texts(table.rows.at(0)) == std::vector<std::string>{"41.50", "failed", "missing", "incomplete", "-", "not scored"});
  CHECK(table.rows[0].cells[1].error == "the reason");
  CHECK_FALSE(table.rows[0].cells[1].value);
  const Table none = make_table({"b"}, {not_done("b", "x", "failed")}, {});
  CHECK(none.rows.at(0).metric == "-");
  CHECK(texts(none.rows[0]) == std::vector<std::string>{"failed"});
}

TEST_CASE("several metrics are several rows, matched by name; groups take the first") {
  TaskOutcome first = done("a", "x", 10), second = done("b", "x", 0);
  first.metrics = {{"bleu", 10}, {"chrf", 20}};
  second.metrics = {{"bleu", 30}, {"length", 7}};
  const Table table = make_table({"a", "b", "c"}, {first, second, not_done("c", "x", "failed")}, groups({{"g", {"x"}}}));
  REQUIRE(table.rows.size() == 4);
  CHECK(table.rows[0].metric == "bleu");
  CHECK(texts(table.rows[0]) == std::vector<std::string>{"10.00", "30.00", "failed"});
  CHECK(table.rows[1].metric == "chrf");
  CHECK(texts(table.rows[1]) == std::vector<std::string>{"20.00", "-", "failed"});
  CHECK(texts(table.rows[2]) == std::vector<std::string>{"-", "7.00", "failed"});
  CHECK(texts(table.rows[3]) == std::vector<std::string>{"10.00", "30.00", "failed"});
}

TEST_CASE("a group without a member's number has none, and says why") {
  struct Row {
    std::string name;
    std::vector<TaskOutcome> outcomes;
    std::string cell, error;
  };
  for (const Row& row : std::vector<Row>{
           {"all there", {done("m", "x", 1), done("m", "y", 2)}, "1.50", ""},
           {"failed", {done("m", "x", 1), not_done("m", "y", "failed")}, "failed", "g has no average for m: y is failed"},
           {"missing", {done("m", "x", 1), not_done("m", "y", "missing")}, "missing", "g has no average for m: y is missing"},
           {"incomplete",
            {done("m", "x", 1), not_done("m", "y", "incomplete")},
            "incomplete",
            "g has no average for m: y is incomplete"},
           {"not in the run", {done("m", "x", 1)}, "missing", "g has no average for m: y is not in this run"},
           {"failed is worse",
            {not_done("m", "x", "missing"), not_done("m", "y", "failed")},
            "failed",
            "g has no average for m: x is missing, y is failed"}}) {
    CAPTURE(row.name);
    const Table table = make_table({"m"}, row.outcomes, groups({{"g", {"x", "y"}}}));
    const auto& cell = row_of(table, "g").cells.at(0);
    CHECK(cell.text == row.cell);
    CHECK(cell.value.has_value() == row.error.empty());
    CHECK(table.errors == (row.error.empty() ? std::vector<std::string>() : std::vector<std::string>{row.error}));
  }
}

TEST_CASE("a group without a member in the run is not shown; a model without a member's task has '-'") {
  const Table table = make_table({"m", "n"}, {done("m", "x", 1), done("n", "z", 5)},
                                 groups({{"none", {"p", "q"}}, {"g", {"x"}}, {"outer", {"none", "x"}}}));
  CHECK(table.rows.size() == 4);
  CHECK(texts(row_of(table, "g")) == std::vector<std::string>{"1.00", "-"});
  CHECK(texts(row_of(table, "outer")) == std::vector<std::string>{"missing", "-"});
  CHECK(table.errors == std::vector<std::string>{"outer has no average for m: none is not in this run"});
}

TEST_CASE("a group of groups is the average of their averages, and fails with them") {
  const config::Summarizer nested = groups({{"g1", {"a", "b"}}, {"g2", {"c"}}, {"all", {"g1", "g2"}}});
  const Table good = make_table({"m"}, {done("m", "a", 0), done("m", "b", 100), done("m", "c", 10)}, nested);
  CHECK(row_of(good, "all").cells[0].value == 30);
  const Table bad = make_table({"m"}, {not_done("m", "a", "failed"), done("m", "b", 100), done("m", "c", 10)}, nested);
  CHECK(row_of(bad, "all").cells[0].text == "failed");
  CHECK(bad.errors.back() == "all has no average for m: g1 is failed");
}

TEST_CASE("a data set that two members share counts once in the interval of their group") {
  TaskOutcome a = done("m", "a", 40), b = done("m", "b", 60);
  for (TaskOutcome* outcome : {&a, &b}) {
    const double value = outcome->metrics[0].second;
    outcome->estimates.resize(1);
    outcome->estimates[0].metric = "accuracy", outcome->estimates[0].value = value;
    outcome->estimates[0].standard_error = 5, outcome->estimates[0].low = value - 10, outcome->estimates[0].high = value + 10;
  }
  const Table table = make_table({"m"}, {a, b}, groups({{"g", {"a", "b"}}, {"h", {"b", "a"}}, {"gh", {"g", "h"}}}));
  const data::Estimate &whole = row_of(table, "g").cells[0].estimate, &twice = row_of(table, "gh").cells[0].estimate;
  CHECK(whole.standard_error == Approx(5 / std::sqrt(2.0)));
  CHECK(twice.standard_error == Approx(whole.standard_error));
  CHECK(twice.low == Approx(whole.low));
  CHECK(twice.high == Approx(whole.high));
}

TEST_CASE("a group of named metrics has a row for each, over the members that have it") {
  TaskOutcome a = done("m", "a", 40), b = done("m", "b", 60), c = done("m", "c", 90);
  a.metrics = {{"acc", 40}, {"acc_norm", 50}};
  b.metrics = {{"acc", 60}, {"acc_norm", 80}};
  c.metrics = {{"exact_match", 90}};
  config::Summarizer summarizer = groups({{"g", {"a", "b", "c"}}});
  summarizer.groups[0].metrics = {"acc_norm", "acc"};
  const Table table = make_table({"m"}, {a, b, c}, summarizer);
  REQUIRE(table.rows.size() == 7);
  CHECK(table.rows[5].metric == "acc_norm");
  CHECK(table.rows[5].cells[0].value == 65);
  CHECK(table.rows[6].metric == "acc");
  CHECK(table.rows[6].cells[0].value == 50);
  REQUIRE(table.findings.size() == 2);
  CHECK(table.findings[0] == "g (m): the average of acc_norm leaves out c, which has no such number");
  CHECK(table.errors.empty());
  summarizer.groups[0].metrics = {"f1"};
  CHECK(make_table({"m"}, {a, b, c}, summarizer).errors.at(0) == "g has no average for m: no member has the metric f1");
}

TEST_CASE("a group that stands twice has rows of other weights and members, and is one for other groups") {
  TaskOutcome a = done("m", "a", 40), b = done("m", "b", 60);
  a.metrics = {{"acc", 40}, {"f1", 10}};
  b.metrics = {{"acc", 80}, {"f1", 30}};
  a.samples = 30, b.samples = 10;
  const Table table = make_table({"m"}, {a, b}, groups({{"g", {"a", "b"}, {}, true, {"acc"}}, {"g", {"a", "b"}, {}, false, {"f1"}}, {"h", {"g"}, {}, false, {"f1", "acc"}}}));
  REQUIRE(table.rows.size() == 8);
  CHECK(table.rows[4].cells[0].value == 50);
  CHECK(table.rows[5].cells[0].value == 20);
  CHECK(table.rows[6].cells[0].value == 20);
  CHECK(table.rows[7].cells[0].value == 50);
}

TEST_CASE("a group's mode is its members', or mixed") {
  const config::Summarizer nested = groups({{"same", {"a", "b"}}, {"both", {"a", "c"}}, {"all", {"same", "c"}}});
  const Table table = make_table({"m"}, {done("m", "a", 1), done("m", "b", 1), done("m", "c", 1, "ppl")}, nested);
  CHECK(row_of(table, "same").mode == "gen");
  CHECK(row_of(table, "both").mode == "mixed");
  CHECK(row_of(table, "all").mode == "mixed");
}

TEST_CASE("a long list of lacking members is cut in the message") {
  std::vector<std::string> members{"x"};
  for (int i = 0; i < 51; ++i) members.push_back("y" + std::to_string(i));
  const Table table = make_table({"m"}, {done("m", "x", 1)}, groups({{"g", members}}));
  REQUIRE(table.errors.size() == 1);
  CHECK_THAT(table.errors[0], Catch::Matchers::EndsWith("y7 is not in this run and 43 more"));
}

Table example() {
  return make_table({"SmolLM2", "b|c"},
                    {done("SmolLM2", "ceval-法学", 41.5), done("b|c", "ceval-法学", 7), done("SmolLM2", "a,\"b\"", 100),
                     not_done("b|c", "a,\"b\"", "failed")},
                    groups({{"ceval", {"ceval-法学"}}}));
}

TEST_CASE("the text table is set as tabulate sets it, wide characters included") {
  CHECK(to_text(example()) ==
        "dataset     version    metric         mode      SmolLM2  b|c\n"
        "----------  ---------  -------------  ------  ---------  ------\n"
        "ceval-法学  abc123     accuracy       gen         41.50  7.00\n"
        "a,\"b\"       abc123     accuracy       gen        100.00  failed\n"
        "ceval       -          naive_average  gen         41.50  7.00\n");
}

TEST_CASE("csv quotes as RFC 4180 says") {
  CHECK(to_csv(example()) ==
        "dataset,version,metric,mode,SmolLM2,b|c\n"
        "ceval-法学,abc123,accuracy,gen,41.50,7.00\n"
        "\"a,\"\"b\"\"\",abc123,accuracy,gen,100.00,failed\n"
        "ceval,-,naive_average,gen,41.50,7.00\n");
}

TEST_CASE("markdown escapes what would end a cell") {
  CHECK(to_markdown(example()) ==
        "| dataset | version | metric | mode | SmolLM2 | b\\|c |\n"
        "| --- | --- | --- | --- | ---: | ---: |\n"
        "| ceval-法学 | abc123 | accuracy | gen | 41.50 | 7.00 |\n"
        "| a,\"b\" | abc123 | accuracy | gen | 100.00 | failed |\n"
        "| ceval | - | naive_average | gen | 41.50 | 7.00 |\n");
}

TEST_CASE("the JSON form has one row per data set, metric and model, with every digit") {
  const Table table = make_table({"m", "n"}, {done("m", "x", 100.0 / 3), not_done("n", "x", "failed")}, {});
  const auto out = json::parse(to_json(table, "outputs/default/20260102_030405", "failed"), "json");
  REQUIRE(out);
  CHECK(json::find_string(*out, "run_dir") == "outputs/default/20260102_030405");
  CHECK(json::find_string(*out, "status") == "failed");
  const json::Value& rows = (*out)["rows"];
  REQUIRE(rows.Size() == 2);
  for (const char* key : {"dataset", "version", "metric", "mode", "model"}) CHECK(json::find_string(rows[0], key));
  CHECK(json::find_number(rows[0], "value") == 100.0 / 3);
  CHECK(rows[1]["value"].IsNull());
  CHECK(json::find_string(rows[1], "status") == "failed");
  CHECK(json::find_string(rows[1], "error") == "the reason");
}

TEST_CASE(
    "intervals stand in the text and the JSON, and a group's are made of its members'; CSV and markdown have numbers alone") {
  TaskOutcome first = done("m", "x", 50), second = done("m", "y", 100), unknown = done("m", "z", 5);
  const auto estimate = [](double value, double low, double high, uint64_t n) {
    data::Estimate out;
    out.metric = "accuracy";
    out.value = value;
    out.standard_error = 5;
    out.low = low;
    out.high = high;
    out.n = n;
    return out;
  };
  first.estimates = {estimate(50, 40, 60, 90)};
  second.estimates = {estimate(100, 99.5, 100, 700)};
  second.unparsed = 3;
  const Table table = make_table({"m"}, {first, second, unknown}, groups({{"g", {"x", "y"}}, {"h", {"x", "z"}}}));
  CHECK(to_text(table) ==
        "dataset    version    metric         mode                         m\n"
        "---------  ---------  -------------  ------  ----------------------\n"
        "x          abc123     accuracy       gen      50.00    [40.0, 60.0]\n"
        "y          abc123     accuracy       gen     100.00 [99.50, 100.00]\n"
        "z          abc123     accuracy       gen       5.00\n"
        "g          -          naive_average  gen      75.00    [70.0, 80.0]\n"
        "h          -          naive_average  gen      27.50\n");
  CHECK_THAT(to_csv(table), Contains("x,abc123,accuracy,gen,50.00\n"));
  CHECK_THAT(to_markdown(table), Contains("| gen | 100.00 |"));
  const auto out = json::parse(to_json(table, "r", "complete"), "json");
  REQUIRE(out);
  const json::Value& rows = (*out)["rows"];
  CHECK(rows[0]["low"].GetDouble() == 40);
  CHECK(rows[0]["n"].GetUint() == 90);
  CHECK(rows[0]["standard_error"].GetDouble() == 5);
  CHECK(rows[1]["unparsed"].GetUint() == 3);
  CHECK(rows[2]["low"].IsNull());
  CHECK(rows[3]["n"].GetUint() == 790);
  CHECK(rows[3]["standard_error"].GetDouble() == Approx(std::sqrt(50.0) / 2));
}

TEST_CASE("no cell of the CSV begins a formula, and numbers stay numbers") {
  const std::vector<std::string> names = {"=1+1", "+x",      "@SUM(A1)", "-2+3",       " =1",
                                          "\t=1", "\uFF1D1", "a;=1",     "plain-name", "a\"=1"};
  for (const std::string& name : names) {
    CAPTURE(name);
    const Table table = make_table({name}, {done(name, name, -1.5)}, {});
    const std::string csv = to_csv(table);
    for (size_t begin = 0; begin < csv.size();
         begin = csv.find_first_of(",;\n", begin) == csv.npos ? csv.size() : csv.find_first_of(",;\n", begin) + 1) {
      const std::string_view rest = std::string_view(csv).substr(begin);
      const bool number = rest.starts_with("-1.50\n");
      const bool in_quotes = name == "a;=1";  // there the separator is none
      CHECK((number || in_quotes || rest.empty() || std::string_view("=+@").find(rest.front()) == std::string_view::npos));
      CHECK((number || rest.empty() || rest.front() != '-' || rest.starts_with("-,")));
    }
    CHECK_THAT(csv, Contains(",-1.50\n"));
  }
  CHECK_THAT(to_csv(make_table({"m"}, {done("m", "a;=1", 1)}, {})), Contains("\"a;=1\","));
}

TEST_CASE("names command no terminal in any form that is read as text") {
  const std::string evil = "\x1b[2J\u202Ex\ny\u009B";
  const Table table = make_table({evil}, {done(evil, evil, 1)}, {});
  for (const std::string& text :
       {to_text(table), to_csv(table), to_markdown(table), to_summary_file(table, "20260102_030405")}) {
    CAPTURE(text);
    CHECK(text.find('\x1b') == text.npos);
    CHECK(text.find("\u202E") == text.npos);
    CHECK(text.find("\u009B") == text.npos);
    CHECK_THAT(text, Contains("\\x1B[2J\\u202Ex\\ny\\u009B"));
  }
}

TEST_CASE("the summary file has OpenCompass' blocks in its order") {
  const std::string text = to_summary_file(example(), "20260102_030405");
  CHECK(text.starts_with("20260102_030405\ntabulate format\n" + std::string(128, '^') + "\ndataset     version"));
  size_t last = 0;
  for (const std::string title : {"tabulate format", "csv format", "markdown format", "raw format"}) {
    const size_t at = text.find("\n" + title + "\n" + std::string(128, '^') + "\n");
    REQUIRE(at != text.npos);
    CHECK(at >= last);
    last = at;
  }
  CHECK_THAT(text, Contains("\n" + std::string(128, '$') + "\n\n" + std::string(128, '-') + " THIS IS A DIVIDER " +
                            std::string(128, '-') + "\n\n"));
  CHECK_THAT(text, Contains("Model: b|c\nceval-法学: {accuracy: 7}\na,\"b\": {accuracy: failed} the reason\n"));
}

TEST_CASE("wide characters take two columns, combining marks none") {
  struct Row {
    std::string text;
    size_t columns;
  };
  for (const Row& row : std::vector<Row>{{"", 0},
                                         {"abc", 3},
                                         {"答案", 4},
                                         {"é", 1},
                                         {"e\xCC\x81", 1},
                                         {"ａ", 2},
                                         {"한글", 4},
                                         {"🙂", 2},
                                         {"…", 1},
                                         {"\xE7", 1}}) {
    CAPTURE(row.text);
    CHECK(display_width(row.text) == row.columns);
  }
}

TEST_CASE("a terminal gets colours for the heading, the best and what is missing; nothing from elsewhere can add any") {
  Table table = make_table(
      {"a", "\x1b[31mb"},
      {done("a", "law", 50), done("\x1b[31mb", "law", 40), not_done("a", "art", "failed"), done("\x1b[31mb", "art", 1)}, {});
  table.rows[0].cells[0].best = true;
  table.findings = {"\x1b]0;evil\x07"};
  const std::string plain = to_text(table), coloured = to_text(table, Colour::on);
  CHECK(plain.find('\x1b') == plain.npos);
  CHECK_THAT(plain, Contains("50.00 *") && Contains("* the best of its row") && Contains("\\x1B]0;evil"));
  CHECK_THAT(coloured, Contains("\x1b[1;32m50.00") && Contains("\x1b[31mfailed\x1b[0m") && !Contains("\x1b]0"));
  std::string stripped;
  for (size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\x1b') i = coloured.find('m', i);
    else stripped += coloured[i];
  }
  CHECK(stripped == plain);
  CHECK(to_summary_file(table, "t").find(" *") == std::string::npos);
}

}  // namespace
TEST_CASE("findings are lines under the table, one a cause and model, and are in no other form of it") {
  std::vector<TaskOutcome> outcomes;
  for (const char* name : {"ceval-law", "ceval-logic", "ceval-art", "ceval-tax", "mmlu"}) {
    outcomes.push_back(done("tiny", name, 0));
    outcomes.back().findings.push_back({"unparsed", 9, 10, "first_capital"});
  }
  outcomes.back().findings = {{"cut", 10, 10, ""}, {"no_shots", 10, 10, "5"}, {"zero", 10, 10, "the references are lists"}};
  const Table table = make_table({"tiny"}, outcomes, {});
  REQUIRE(table.findings.size() == 4);
  CHECK_THAT(table.findings[0],
             Contains("ceval-law, ceval-logic, ceval-art and 1 more (tiny): 36 of 40 replies") && Contains("first_capital"));
  CHECK_THAT(table.findings[1], Contains("mmlu (tiny): all 10 replies were cut") && Contains("--max-out-len"));
  CHECK_THAT(table.findings[2], Contains("none fits") && Contains("5 examples"));
  CHECK_THAT(table.findings[3], Contains("the score is 0: the references are lists"));
  CHECK_THAT(to_text(table), Contains("\n\nceval-law, ceval-logic"));
  CHECK_THAT(to_csv(table), !Contains("replies"));
  CHECK_THAT(to_json(table, "run", "complete"), Contains("\"findings\":[\"ceval-law"));
  CHECK(to_text(make_table({"tiny"}, {done("tiny", "a", 50)}, {})).find("\n\n") == std::string::npos);
}

}  // namespace sextant::test
