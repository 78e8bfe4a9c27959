// Files whole or not at all: bad kinds of files, replacing, appending, a full disk.
#include <catch2/catch.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../core/base/file_parts.hpp"
#include "../../../core/base/files.hpp"
#include "../../../core/base/json_members.hpp"
#include "../../../core/base/spool.hpp"
#include "../temporary_folder.hpp"

namespace sextant::test {
namespace {
namespace fs = std::filesystem;
using Catch::Matchers::Contains;

TEST_CASE("a file is read as it is, with its NULs and without a last line feed") {
  const TemporaryFolder folder;
  const std::string bytes("a\0b\r\n\xFF", 6);
  spit(folder / "file", bytes);
  REQUIRE(read_file(folder / "file"));
  CHECK(*read_file(folder / "file") == bytes);
}

TEST_CASE("what is not a regular file is refused at once, with its path and what to do") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  spit(folder / "long", "123456");
  struct Row {
    fs::path path;
    std::string says;
  };
  for (const Row& row : std::vector<Row>{{folder.path(), "is a directory"},
                                         {folder / "pipe", "not a regular file"},
                                         {"/dev/null", "not a regular file"},
                                         {folder / "lacking", "check the path"},
                                         {folder / "long", "has 6 bytes, more than the 5"}}) {
    const auto content = read_file(row.path, 5);
    REQUIRE_FALSE(content);
    CHECK(content.error().kind == Error::Kind::io);
    CHECK_THAT(content.error().message, Contains(row.path.string()) && Contains(row.says));
  }
}

TEST_CASE("a written file replaces the old one, makes its folders and leaves nothing beside it") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a/b/file";
  REQUIRE(write_file(path, "old"));
  REQUIRE(write_file(path, "new"));
  CHECK(slurp(path) == "new");
  CHECK(std::distance(fs::directory_iterator(path.parent_path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a file that cannot be replaced stays as it was") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "is_a_folder/x");
  const auto written = write_file(folder / "is_a_folder", "text");
  REQUIRE_FALSE(written);
  CHECK_THAT(written.error().message, Contains("is_a_folder"));
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);  // no temporary file stays
  CHECK_FALSE(write_file("/dev/null/x", "text"));
}

TEST_CASE("lines are appended behind what is there") {
  const TemporaryFolder folder;
  spit(folder / "lines", "one\n");
  {
    auto file = AppendFile::open(folder / "lines");
    REQUIRE(file);
    CHECK(file->append("two\n"));
    CHECK(slurp(folder / "lines") == "one\ntwo\n");  // without closing
  }
  auto again = AppendFile::open(folder / "lines");
  REQUIRE(again);
  CHECK(again->append("three\n"));
  CHECK(slurp(folder / "lines") == "one\ntwo\nthree\n");
}

TEST_CASE("appending to a file that was removed is an error, not a loss") {
  const TemporaryFolder folder;
  auto file = AppendFile::open(folder / "run/lines");
  REQUIRE(file);
  fs::remove_all(folder / "run");
  const auto appended = file->append("x\n");
  REQUIRE_FALSE(appended);
  CHECK_THAT(appended.error().message, Contains("run/lines") && Contains("removed"));
}

// Fills a file system of one page's blocks from a child with mounts of its own: 0 as it should be, 77 where mounting is not
// allowed, else the step that went wrong.
int fill_a_small_disk(const fs::path& mount_point) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
  auto file = AppendFile::open(mount_point / "lines");
  if (!file) return 1;
  const std::string line = std::string(9999, 'x') + "\n";
  size_t whole = 0;
  for (; whole < 100; ++whole) {
    const auto appended = file->append(line);
    if (appended) continue;
    if (appended.error().kind != Error::Kind::io || appended.error().message.find("free some space") == std::string::npos)
      return 2;
    break;
  }
  if (whole == 0 || whole == 100) return 3;
  if (fs::file_size(mount_point / "lines") != whole * line.size()) return 4;  // the half line was taken back
  const auto written = write_file(mount_point / "file", std::string(100000, 'y'));
  if (written || fs::exists(mount_point / "file")) return 5;
  return std::distance(fs::directory_iterator(mount_point), fs::directory_iterator()) == 1 ? 0 : 6;
}

TEST_CASE("a full disk leaves whole lines, no half file, and an error that says so") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(fill_a_small_disk(folder.path()));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("SKIP: mounting a small file system is not allowed here");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a file that is written in parts is there, whole, after commit() and else never") {
  const TemporaryFolder folder;
  const std::string big(300'000, 'x');
  {
    auto file = FileWriter::open(folder / "d/f");
    REQUIRE(file);
    REQUIRE(file->write(big));
    REQUIRE(file->write("end"));
    CHECK_FALSE(fs::exists(folder / "d/f"));
    REQUIRE(file->commit());
  }
  CHECK(slurp(folder / "d/f") == big + "end");
  { REQUIRE(FileWriter::open(folder / "d/f")->write("other")); }
  CHECK(slurp(folder / "d/f") == big + "end");
  CHECK(std::distance(fs::directory_iterator(folder / "d"), {}) == 1);  // nothing is left of it
}

TEST_CASE("a spool gives back every text, in whatever order, from memory and from its file, which has no name") {
  const TemporaryFolder folder;
  Spool spool(folder.path());
  std::vector<std::pair<uint64_t, std::string>> texts;
  for (size_t i = 0; i < 3000; ++i) {
    std::string text(i % 7 == 0 ? 5000 + i : i % 900, static_cast<char>('a' + i % 26));
    const auto offset = spool.append(text);
    REQUIRE(offset);
    texts.emplace_back(*offset, std::move(text));
  }
  CHECK(fs::is_empty(folder.path()));
  const auto same = [&](size_t i) {
    const auto read = spool.read(texts[i].first, texts[i].second.size());
    return read && *read == texts[i].second;
  };
  for (size_t i = 0; i < texts.size(); ++i) REQUIRE(same(i));
  for (size_t i = 0; i < texts.size(); ++i) REQUIRE(same(i * 7919 % texts.size()));
}

TEST_CASE("where an object's members stand is found without parsing them, wherever its text is cut") {
  const std::string text = R"( { "a": 1.5 , "b\"}":{"x":["]",{}],"y":"\\"},"":"{" ,"c" : [ ] } )" "\n";
  for (size_t block = 1; block < text.size(); ++block) {
    CAPTURE(block);
    std::vector<std::string> found;
    MemberScan scan([&](std::string_view name, uint64_t begin, uint64_t end) {
      found.push_back(std::string(name) + " " + text.substr(begin, end - begin));
      return true;
    });
    for (size_t at = 0; at < text.size(); at += block) REQUIRE(scan.feed(std::string_view(text).substr(at, block)));
    CHECK(scan.whole());
    CHECK(found == std::vector<std::string>{"a 1.5", R"(b\"} {"x":["]",{}],"y":"\\"})", R"( "{")", "c [ ]"});
  }
  for (const std::string bad :
       {"", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1}}", "{\"a\":]}", "{} x", "{\"a\":\"}"}) {
    CAPTURE(bad);
    MemberScan scan([](std::string_view, uint64_t, uint64_t) { return true; });
    CHECK_FALSE((scan.feed(bad) && scan.whole()));
  }
}

}  // namespace
}  // namespace sextant::test
