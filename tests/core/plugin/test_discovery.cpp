// What is found, in which order, and what a file that cannot be used is said to suffer from, while the others work.
#include <chrono>
#include <fstream>
#include "plugin_folder.hpp"

using namespace sextant;
using namespace sextant::plugin;
using namespace sextant::plugin::test;
using Catch::Matchers::Contains;

namespace {

bool offers(const Registry& registry, Kind kind, std::string_view id) { return registry.find(kind, id).has_value(); }

const char* const good_manifest =
    R"({"schema": 1, "abi_major": 1, "abi_minor": 0,
        "sha256": "0000000000000000000000000000000000000000000000000000000000000000",
        "components": [{"kind": "metric", "id": "listed", "version": "3", "summary": "s", "license": "MIT",
                        "capabilities": ["concurrent"], "schema": {"type": "object"}}]})";

}  // namespace

TEST_CASE("a plugin that goes wrong while it is loaded costs one sentence and the others work") {
  if (!ready()) return;
  const auto [name, expected] = GENERATE(table<std::string, std::string>({
      {"major", "was built for plugin ABI 2.0, this program speaks 1.1"},
      {"minor", "was built for plugin ABI 1.99, this program speaks 1.1"},
      {"magic", "without the magic word"},
      {"no_entry", "exports no sextant_plugin_entry"},
      {"missing_symbol", "undefined symbol: a_function_that_nobody_defines;"},
      {"static_throw", "the static initialiser gave up"},
      {"static_crash", "crashed while it was loaded: Segmentation fault (it printed: about to crash)"},
      {"static_exit", "ended the program while it was loaded (exit status 0)"},
      {"init_crash", "crashed while it was loaded: Segmentation fault"},
      {"duplicate", "holds metric:loading twice"},
      {"id", "an id may only hold a-z, 0-9 and _"},
      {"schema", "the schema of metric:loading"},
  }));
  Folder folder;
  const fs::path bad = folder.add(name);
  folder.add("echo");
  const Registry registry = folder.discover();
  const std::string sentence = sentence_about(registry, bad);
  CHECK_THAT(sentence, Contains(bad.string()) && Contains(expected));
  CHECK_THAT(sentence, !Contains("Bad file descriptor"));
  CHECK(sentence.find('\n') == std::string::npos);
  CHECK(registry.problems().size() == 1);
  CHECK(offers(registry, Kind::postprocessor, "echo"));
}

TEST_CASE("a plugin that never finishes loading is stopped") {
  if (!ready()) return;
  Folder folder;
  const fs::path bad = folder.add("static_hang");
  folder.add("echo");
  probe_settings().limit = std::chrono::milliseconds(700);
  const Registry registry = folder.discover();
  CHECK_THAT(sentence_about(registry, bad), Contains("did not finish loading within 0.7 s"));
  CHECK(offers(registry, Kind::postprocessor, "echo"));
  // a busy machine may have been the reason: the verdict is not kept
  const auto start = std::chrono::steady_clock::now();
  CHECK_THAT(sentence_about(folder.discover(), bad), Contains("did not finish loading"));
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(700));
}

TEST_CASE("a file that is not a plugin is named with the reason") {
  if (!ready()) return;
  Folder folder;
  const fs::path text = folder.write("text.so", "#!/bin/sh\necho hello\n"), empty = folder.write("empty.so", ""),
                 whole = folder.add("echo");
  fs::create_directory(folder.path() / "folder.so");
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "dangling.so");
  std::ifstream in(whole, std::ios::binary);
  std::string start(4000, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  folder.write("cut.so", start);
  std::string narrow = start;
  narrow[4] = 1;  // EI_CLASS: 32-bit
  folder.write("narrow.so", narrow);
  std::string foreign = start;
  foreign[18] = 8;  // e_machine: MIPS
  folder.write("foreign.so", foreign);
  const Registry registry = folder.discover();
  CHECK_THAT(sentence_about(registry, text), Contains("not an ELF file"));
  CHECK_THAT(sentence_about(registry, empty), Contains("is empty"));
  CHECK_THAT(sentence_about(registry, folder.path() / "folder.so"), Contains("is a directory"));
  CHECK_THAT(sentence_about(registry, folder.path() / "dangling.so"), Contains("No such file"));
  CHECK_THAT(sentence_about(registry, folder.path() / "cut.so"), Contains("damaged or cut short"));
  CHECK_THAT(sentence_about(registry, folder.path() / "narrow.so"), Contains("32-bit"));
  CHECK_THAT(sentence_about(registry, folder.path() / "foreign.so"), Contains("another processor"));
  CHECK(registry.problems().size() == 7);
  CHECK(offers(registry, Kind::postprocessor, "echo"));
}

TEST_CASE("a plugin whose init fails is listed all the same") {
  if (!ready()) return;
  const std::string name = GENERATE("init_fail", "init_throw", "noisy");
  Folder folder;
  folder.add(name);
  const Registry registry = folder.discover();
  CHECK(registry.problems().empty());
  CHECK(offers(registry, Kind::metric, "loading"));
}

TEST_CASE("a manifest that cannot be trusted is a problem of its own") {
  if (!ready()) return;
  const std::string good = good_manifest;
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const size_t at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good.substr(0, 40), "lying.json:1:41: a text has no closing double quote"},
      {"[1]", "it lacks the number \"schema\""},
      {with("\"schema\": 1", "\"schema\": 2"), "its \"schema\" is 2, this program reads 1"},
      {with("\"abi_major\": 1", "\"abi_major\": 9"), "was built for plugin ABI 9.0"},
      {with("\"abi_minor\": 0", "\"abi_minor\": 7"), "was built for plugin ABI 1.7"},
      {with("\"abi_minor\": 0,", ""), "it lacks \"abi_major\" or \"abi_minor\""},
      {with("\"sha256\": \"0", "\"sha256\": \""), "it lacks the \"sha256\""},
      {with("\"components\"", "\"parts\""), "it lists no \"components\""},
      {with("\"id\": \"listed\", ", ""), "lacks the text \"id\""},
      {with("\"listed\"", "\"Listed!\""), "may only hold a-z, 0-9 and _"},
      {with("\"metric\"", "\"metrik\""), "there is no kind 'metrik' (did you mean 'metric'?)"},
      {with("\"schema\": {\"type\": \"object\"}", "\"schema\": 3"), "metric:listed lacks its \"schema\""},
  };
  for (const auto& [manifest, expected] : cases) {
    CAPTURE(manifest);
    Folder folder;
    const fs::path library = folder.add("static_crash", "lying");  // would crash if it were touched
    folder.write("lying.json", manifest);
    folder.add("echo");
    const Registry registry = folder.discover();
    CHECK_THAT(sentence_about(registry, library), Contains(expected) && Contains("lying."));
    CHECK(offers(registry, Kind::postprocessor, "echo"));
  }
}

TEST_CASE("listing reads manifests only") {
  if (!ready()) return;
  Folder folder;
  folder.add("static_crash", "listed");
  folder.write("listed.json", good_manifest);
  const Registry registry = folder.discover();
  REQUIRE(registry.problems().empty());
  const auto found = registry.find(Kind::metric, "listed");
  REQUIRE(found);
  CHECK(found->component->version == "3");
  CHECK(found->component->license == "MIT");
  CHECK(found->component->capabilities == SXT_CAP_CONCURRENT);
  CHECK(found->file->path == folder.path() / "listed.so");
}

TEST_CASE("the first folder wins and the hidden are listed") {
  if (!ready()) return;
  Folder first, second;
  const fs::path used = first.add("echo"), hidden = second.add("echo", "copy");
  const Registry registry = Registry::discover({{first.path(), second.path(), first.path()}});
  CHECK(registry.problems().empty());
  REQUIRE(registry.shadowed().size() == 3);
  CHECK(registry.shadowed()[0].path == hidden);
  CHECK(registry.shadowed()[0].by == used);
  CHECK(registry.find(Kind::postprocessor, "echo")->file->path == used);
  CHECK(registry.files().size() == 1);
}

TEST_CASE("one id in two files of a folder is a problem that names both, and neither is used") {
  if (!ready()) return;
  Folder folder;
  const fs::path one = folder.add("echo", "one"), two = folder.add("echo", "two");
  folder.add("calls");
  const Registry registry = folder.discover();
  REQUIRE_FALSE(registry.problems().empty());
  CHECK_THAT(registry.problems()[0].sentence, Contains(one.string()) && Contains(two.string()) && Contains("neither is used"));
  CHECK_THAT(registry.find(Kind::metric, "length").error().message, Contains(one.string()) && Contains("perhaps because"));
  CHECK(offers(registry, Kind::metric, "good"));
}

TEST_CASE("a folder that somebody named and is missing is a problem") {
  const Registry registry = Registry::discover({{"/nonexistent/plugins"}});
  REQUIRE(registry.problems().size() == 1);
  CHECK_THAT(registry.problems()[0].sentence, Contains("/nonexistent/plugins does not exist") && Contains("--plugin-path"));
}

TEST_CASE("flags come before the environment and empty entries of the environment are passed over") {
  ::setenv("SEXTANT_PLUGIN_PATH", "/env/a::/env/b:", 1);
  const SearchPath search = SearchPath::standard({"/flag"});
  ::unsetenv("SEXTANT_PLUGIN_PATH");
  REQUIRE(search.folders.size() >= 3);
  CHECK(search.folders[0] == "/flag");
  CHECK(search.folders[1] == "/env/a");
  CHECK(search.folders[2] == "/env/b");
}

TEST_CASE("a mistyped id suggests the nearest") {
  if (!ready()) return;
  Folder folder;
  folder.add_with_manifest("echo");
  const auto found = folder.discover().find(Kind::postprocessor, "ecoh");
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == Error::Kind::config);
  CHECK_THAT(found.error().message,
             Contains("there is no postprocessor 'ecoh' (did you mean 'echo'?)") && Contains(folder.text()));
}

TEST_CASE("the probe's verdict is cached until the file changes, and a damaged cache is no error") {
  if (!ready()) return;
  Folder folder;
  const fs::path library = folder.add("echo");
  REQUIRE(folder.discover().problems().empty());
  probe_settings().program = "/bin/false";  // from here on only the cache can answer
  CHECK(offers(folder.discover(), Kind::postprocessor, "echo") == false);  // another program: another verdict
  probe_settings().program = std::getenv("SEXTANT_PROGRAM");
  const auto cached = [&] {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder.path() / "cache/sextant/probes")) files.push_back(entry.path());
    return files;
  };
  REQUIRE(cached().size() == 1);
  for (const char* rubbish : {"", "{\"key\": 1", "[]", "{\"key\": \"x\"}"}) {
    REQUIRE(write_file(cached()[0], rubbish));
    CHECK(offers(folder.discover(), Kind::postprocessor, "echo"));
  }
  fs::remove_all(folder.path() / "cache");
  folder.write("cache", "a file where the cache's folder should be");
  CHECK(offers(folder.discover(), Kind::postprocessor, "echo"));
  fs::remove(library);
  folder.add("major", "echo");
  CHECK_THAT(sentence_about(folder.discover(), library), Contains("plugin ABI 2.0"));
}
