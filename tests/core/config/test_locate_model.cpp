// Files named by path or by a Hugging Face id.
#include <catch2/catch.hpp>
#include <cstdlib>
#include "../../../core/config/locate_model.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;
using namespace sextant::config;
using Catch::Matchers::Contains;

namespace {

// A cache of one model, as huggingface_hub lays it out.
struct Cache {
  test::TemporaryFolder folder;
  std::string model = (folder / "hub/models--org--name").string(), snapshot = model + "/snapshots/abc123";
  Cache() {
    ::unsetenv("HF_HUB_CACHE");
    ::setenv("HF_HOME", folder.path().c_str(), 1);
    test::spit(model + "/refs/main", "abc123");
    test::spit(snapshot + "/config.json", "{}");
  }
  ~Cache() { ::unsetenv("HF_HOME"); }
};
std::string found(const std::string& path) { return *locate_model("--hf-path", path, ModelFiles::folder); }

}  // namespace

TEST_CASE("a Hugging Face id means the snapshot that lies in the cache", "[config]") {
  const Cache cache;
  CHECK(found("org/name") == cache.snapshot);
  CHECK(*locate_model("--tokenizer-path", "org/name", ModelFiles::either) == cache.snapshot);
  CHECK(*locate_model("--model-path", "org/name", ModelFiles::file) == "org/name");
  test::spit(cache.model + "/refs/main", "abc123\n");
  CHECK(found("org/name") == cache.snapshot);
  ::setenv("HF_HUB_CACHE", (cache.folder / "hub").c_str(), 1);
  ::unsetenv("HF_HOME");
  CHECK(found("org/name") == cache.snapshot);
  ::unsetenv("HF_HUB_CACHE");
  ::setenv("XDG_CACHE_HOME", "/nonexistent", 1);
  CHECK(found("org/name") == "org/name");
  ::unsetenv("XDG_CACHE_HOME");
}

TEST_CASE("what lies in no cache comes back as it is", "[config]") {
  const Cache cache;
  for (const char* path : {"org/other", "name", "org/name/x", "../hub/models--org--name", "/org/name", "", "org/", "./name"}) {
    CAPTURE(path);
    CHECK(found(path) == path);
  }
}

TEST_CASE("without refs/main the only snapshot counts", "[config]") {
  const Cache cache;
  for (const char* revision : {"", "../abc123", "abc123/x", " \r\n"}) {
    CAPTURE(revision);
    test::spit(cache.model + "/refs/main", revision);
    CHECK(found("org/name") == cache.snapshot);
  }
  std::filesystem::remove(cache.model + "/refs/main");
  test::spit(cache.model + "/refs/v1", "abc123");
  CHECK(found("org/name") == cache.snapshot);
  CHECK(found(cache.model) == cache.snapshot);
  for (const char* revision : {"abc123\r\n", " abc123 \n"}) {
    test::spit(cache.model + "/refs/main", revision);
    CHECK(found("org/name") == cache.snapshot);
  }
}

TEST_CASE("a cached model without one snapshot that is meant is refused with what is there", "[config]") {
  const Cache cache;
  const auto refusal = [&](const std::string& path) {
    return locate_model("--hf-path", path, ModelFiles::folder).error().message;
  };
  test::spit(cache.model + "/refs/main", "later");
  CHECK(found("org/name") == cache.snapshot);  // the only one, with a warning
  test::spit(cache.model + "/snapshots/def456/config.json", "{}");
  CHECK_THAT(
      refusal("org/name"),
      Contains("org/name is in the cache of the Hugging Face Hub as " + cache.model) &&
          Contains(
              "its refs/main names the snapshot later, which is missing; 2 others are there instead; give the path of one"));
  std::filesystem::remove(cache.model + "/refs/main");
  CHECK_THAT(refusal("org/name"), Contains("it has 2 snapshots and no refs/main") && Contains("abc123, def456"));
  CHECK_THAT(refusal(cache.model), Contains("it has 2 snapshots"));
  std::filesystem::remove_all(cache.model + "/snapshots");
  CHECK_THAT(refusal("org/name"), Contains("it has no snapshot"));
}

TEST_CASE("the older name of the cache's variable counts", "[config]") {
  const Cache cache;
  ::setenv("HUGGINGFACE_HUB_CACHE", (cache.folder / "hub").c_str(), 1);
  ::unsetenv("HF_HOME");
  CHECK(found("org/name") == cache.snapshot);
  ::unsetenv("HUGGINGFACE_HUB_CACHE");
}

TEST_CASE("a path that is there is never looked up", "[config]") {
  const Cache cache;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(cache.folder.path());
  std::filesystem::create_directories("org/name");
  CHECK(found("org/name") == "org/name");
  std::filesystem::current_path(before);
}

TEST_CASE("a file for a folder and a folder for a file are refused", "[config]") {
  const Cache cache;
  CHECK_THAT(locate_model("--hf-path", cache.snapshot + "/config.json", ModelFiles::folder).error().message,
             Contains("--hf-path: " + cache.snapshot + "/config.json is a file"));
  CHECK_THAT(locate_model("--model-path", cache.snapshot, ModelFiles::file).error().message,
             Contains("give a Hugging Face folder as --hf-path"));
}
