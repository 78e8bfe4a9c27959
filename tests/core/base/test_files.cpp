// Files whole or not at all: bad kinds of files, replacing, appending, a full disk.
#include <catch2/catch.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../core/base/files.hpp"
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

TEST_CASE("what is no regular file is refused at once, with its path and what to do") {
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

}  // namespace
}  // namespace sextant::test
