// `sextant plugins`, run as a program: what it prints and how it exits.
#include "core/plugin/child.hpp"
#include "plugin_folder.hpp"

using namespace sextant;
using namespace sextant::plugin;
using namespace sextant::plugin::test;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace {

ChildOutcome plugins(std::vector<std::string> args) {
  args.insert(args.begin(), "plugins");
  const auto outcome = run_child(std::getenv("SEXTANT_PROGRAM"), args, std::chrono::seconds(20));
  REQUIRE(outcome);
  REQUIRE_FALSE(outcome->timed_out);
  return *outcome;
}

}  // namespace

TEST_CASE("plugins list shows what is usable on stdout and what is not on stderr") {
  if (!ready()) return;
  Folder folder, second;
  folder.add_with_manifest("echo");
  const fs::path bad = folder.add("major"), hidden = second.add("echo", "copy");
  const auto listed = plugins({"list", "--plugin-path", folder.text(), "--plugin-path=" + second.text()});
  CHECK(listed.exit_status == 0);
  CHECK_THAT(listed.out, StartsWith("KIND ") && Contains("metric         length  1        longer by so many bytes"));
  CHECK_THAT(listed.out, Contains("shadowed: metric:length in " + hidden.string()));
  CHECK_THAT(listed.err, Contains("sextant: warning: " + bad.string() + " was built for plugin ABI 2.0"));
  const auto one = plugins({"list", "--json", "metric:l*", "--plugin-path", folder.text()});
  CHECK_THAT(one.out, StartsWith(R"({"kind":"metric","id":"length","version":"1")") && Contains("\"problem\""));
  CHECK_THAT(one.out, !Contains("plain"));
}

TEST_CASE("plugins describe writes a manifest that discovery takes and check agrees with") {
  if (!ready()) return;
  Folder folder;
  const fs::path library = folder.add("echo");
  const auto described = plugins({"describe", library.string()});
  REQUIRE(described.exit_status == 0);
  folder.write("echo.json", described.out);
  CHECK(folder.discover().problems().empty());
  const auto checked = plugins({"check", library.string()});
  CHECK(checked.exit_status == 0);
  CHECK_THAT(checked.out, Contains(library.string() + ": ok (postprocessor:echo, metric:length, template:plain)"));
  std::string other = described.out;
  folder.write("echo.json", other.replace(other.find("longer"), 6, "taller"));
  const auto lying = plugins({"check", library.string()});
  CHECK(lying.exit_status == 65);
  CHECK_THAT(lying.err, Contains("echo.json does not match"));
}

TEST_CASE("what a plugin prints while it is loaded does not stand in its manifest") {
  if (!ready()) return;
  Folder folder;
  CHECK_THAT(plugins({"describe", folder.add("noisy").string()}).out, StartsWith("{\n  \"schema\": 1,"));
}

TEST_CASE("plugins check exits 65 with the sentence") {
  if (!ready()) return;
  Folder folder;
  const auto [name, expected] = GENERATE(table<std::string, std::string>({{"major", "plugin ABI 2.0"},
                                                                          {"static_crash", "Segmentation fault"},
                                                                          {"init_fail", "the licence file is missing"},
                                                                          {"schema", "the text ends inside an object"}}));
  const auto checked = plugins({"check", folder.add(name).string()});
  CHECK(checked.exit_status == 65);
  CHECK_THAT(checked.err, Contains(expected) && Contains(folder.text()));
}

TEST_CASE("plugins info prints the options of the schema") {
  if (!ready()) return;
  Folder folder;
  folder.add_with_manifest("echo");
  const auto info = plugins({"info", "postprocessor:echo", "--plugin-path", folder.text()});
  CHECK(info.exit_status == 0);
  CHECK_THAT(info.out, Contains("name  string, required\n      what to call it") &&
                           Contains("mode  one of \"fast\", \"exact\", default \"fast\""));
  CHECK(plugins({"info", "echo", "--json", "--plugin-path", folder.text()}).out.front() == '{');
}

TEST_CASE("plugins run puts JSON lines through one plugin") {
  if (!ready()) return;
  Folder folder;
  folder.add_with_manifest("echo");
  folder.add_with_manifest("calls");
  const auto run = [&](const std::string& what, std::string_view lines, const std::string& config = "{}") {
    const fs::path input = folder.write("input.jsonl", lines);
    return plugins({"run", what, "--plugin-path", folder.text(), "--config", config, "--input", input.string()});
  };
  CHECK_THAT(run("postprocessor:echo", "{\"text\": \"a\"}\n\n", R"({"name": "n", "nested": {}, /* told */})").out,
             Equals("{\"text\":\"a{\\\"name\\\":\\\"n\\\",\\\"nested\\\":{\\\"depth\\\":2},\\\"mode\\\":\\\"fast\\\","
                    "\\\"width\\\":4}\"}\n"));
  CHECK_THAT(
      run("metric:length", "{\"prediction\": \"abc\", \"reference\": \"a\"}\n{\"prediction\": \"\", \"reference\": []}\n").out,
      Equals("{\"score\":2.0}\n{\"score\":null}\n{\"aggregate\":{\"samples\":2}}\n"));
  CHECK_THAT(run("metric:good", "{\"prediction\": \"abc\", \"reference\": \"a\"}\n").out,
             Equals("{\"score\":1.0}\n{\"aggregate\":{\"good\":100.0}}\n"));
  CHECK_THAT(run("plain", "{\"record\": {\"q\": 1}}\n").out,
             Equals("{\"pieces\":[{\"section\":\"round\",\"text\":\"{\\\"q\\\":1}\"}]}\n"));
  const auto broken = run("metric:length", "{\"prediction\": \"abc\"}\n");
  CHECK(broken.exit_status == 65);
  CHECK_THAT(broken.err, Contains("input.jsonl:1: the line lacks the \"reference\""));
  CHECK(run("metric:throws", "{\"prediction\": \"a\", \"reference\": 1}\n").exit_status == 70);
  CHECK(run("model:forgetful", "").exit_status == 64);
}

TEST_CASE("a mistyped command, option or kind exits 64 and suggests the nearest") {
  if (!ready()) return;
  const auto [args, expected] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"lsit"}, "there is no 'sextant plugins lsit' (did you mean 'list'?)"},
      {{"list", "--jsno"}, "'plugins list' has no option --jsno (did you mean '--json'?)"},
      {{"info", "metrc:bleu"}, "there is no kind 'metrc' (did you mean 'metric'?)"},
      {{"info"}, "'plugins info' takes one KIND:ID"},
      {{"list", "--plugin-path"}, "--plugin-path needs a value"},
  }));
  const auto outcome = plugins(args);
  CHECK(outcome.exit_status == 64);
  CHECK_THAT(outcome.err, Contains(expected));
  CHECK(plugins({args[0] == "lsit" ? "list" : args[0], "--help"}).exit_status == 0);
}
