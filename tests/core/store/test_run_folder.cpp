// A run's folder: its name, its lock, taking it up again, safe file names.
#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>
#include "../../../core/base/files.hpp"
#include "../../../core/base/fingerprint.hpp"
#include "../../../core/store/earlier.hpp"
#include "../../../core/store/run_states.hpp"
#include "../temporary_folder.hpp"

namespace sextant::test {
namespace {
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using store::RunFolder;

bool is_timestamp(const std::string& name) {  // YYYYmmdd_HHMMSS
  return name.size() == 15 && name[8] == '_' && name.find_first_not_of("0123456789") == 8 &&
         name.find_first_not_of("0123456789", 9) == name.npos;
}

TEST_CASE("a run gets a folder of its own, named by the time; a taken name gets a number") {
  const TemporaryFolder work_dir;
  const auto first = RunFolder::create(work_dir / "outputs/default");
  REQUIRE(first);
  CHECK(is_timestamp(first->timestamp()));
  std::vector<std::string> names{first->timestamp()};
  for (int i = 0; i < 3; ++i) {
    const auto next = RunFolder::create(work_dir / "outputs/default");
    REQUIRE(next);
    CHECK(is_timestamp(next->timestamp().substr(0, 15)));
    CHECK(std::find(names.begin(), names.end(), next->timestamp()) == names.end());
    names.push_back(next->timestamp());
  }
}

TEST_CASE("without a name the last run is taken up, by time and then by number") {
  struct Row {
    std::vector<std::string> names;
    std::string last;
  };
  for (const Row& row :
       std::vector<Row>{{{"20240101_000000", "20231231_235959"}, "20240101_000000"},
                        {{"20240101_000000", "20240101_000000_2", "20240101_000000_10"}, "20240101_000000_10"},
                        {{"20240101_000000", "zzz", "30000101", "20250101_00000x", "20250101_000000_old", "20250101_000000_"},
                         "20240101_000000"}}) {
    const TemporaryFolder work_dir;
    for (const std::string& name : row.names) fs::create_directories(work_dir / name);
    spit(work_dir / "20990101_000000", "a file is not a run");
    for (const std::string asked : {"", "latest"}) {
      const auto run = RunFolder::reuse(work_dir.path(), asked);
      REQUIRE(run);
      CHECK(run->timestamp() == row.last);
    }
  }
}

TEST_CASE("a run is taken up by its name, with or without a configuration in it") {
  const TemporaryFolder work_dir;
  fs::create_directories(work_dir / "20240101_000000");
  fs::create_directories(work_dir / "renamed by hand");
  CHECK(RunFolder::reuse(work_dir.path(), "20240101_000000"));
  CHECK(RunFolder::reuse(work_dir.path(), "renamed by hand"));
}

TEST_CASE("nothing to reuse is missing; a name that leaves the work dir is refused") {
  const TemporaryFolder work_dir;
  fs::create_directories(work_dir / "runs/inner");
  for (const std::string name : {"", "latest", "20240101_000000"}) {
    const auto run = RunFolder::reuse(work_dir / "runs", name);
    REQUIRE_FALSE(run);
    CHECK(run.error().kind == Error::Kind::missing);
  }
  CHECK(RunFolder::reuse(work_dir / "lacking", "").error().kind == Error::Kind::missing);
  for (const std::string name : {".", "..", "../runs", "inner/..", "/tmp"}) {
    CAPTURE(name);
    const auto run = RunFolder::reuse(work_dir / "runs", name);
    REQUIRE_FALSE(run);
    CHECK(run.error().kind == Error::Kind::usage);
  }
  fs::create_directories(work_dir / "runs/20240102_000000");
  CHECK_THAT(RunFolder::reuse(work_dir / "runs", "20240101_000000").error().message,
             Contains("the last one there is 20240102_000000"));
}

TEST_CASE("a second writer is told the first one's process id; the lock goes with its owner") {
  const TemporaryFolder work_dir;
  std::string name;
  {
    const auto run = RunFolder::create(work_dir.path());
    REQUIRE(run);
    name = run->timestamp();
    const auto second = RunFolder::reuse(work_dir.path(), name);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == Error::Kind::io);
    CHECK_THAT(second.error().message, Contains(name + " is being written by process " + std::to_string(::getpid()) +
                                                "; wait for it or choose another --work-dir"));
  }
  CHECK(RunFolder::reuse(work_dir.path(), name));

  // a process that is killed gives its lock back too
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto run = RunFolder::reuse(work_dir.path(), name);
    const char done = run ? 'y' : 'n';
    if (::write(ready[1], &done, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char done = 0;
  REQUIRE(::read(ready[0], &done, 1) == 1);
  CHECK(done == 'y');
  CHECK_THAT(RunFolder::reuse(work_dir.path(), name).error().message, Contains("process " + std::to_string(child) + ";"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(RunFolder::reuse(work_dir.path(), name));
}

TEST_CASE("a work dir that cannot be written is one clear sentence") {
  const TemporaryFolder folder;
  spit(folder / "file", "");
  struct Row {
    fs::path work_dir;
    std::string says;
  };
  for (const Row& row : std::vector<Row>{{folder / "file", "is not a folder; choose another --work-dir"},
                                         {folder / "file/below", "file/below"},
                                         {"/proc/nothing", "/proc/nothing"}}) {
    const auto run = RunFolder::create(row.work_dir);
    REQUIRE_FALSE(run);
    CHECK(run.error().kind == Error::Kind::io);
    CHECK_THAT(run.error().message, Contains(row.says));
  }
}

TEST_CASE("a work dir that belongs to someone else is one clear sentence") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "theirs");
  fs::permissions(folder.path(), static_cast<fs::perms>(0711));
  fs::permissions(folder / "theirs", static_cast<fs::perms>(0555));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // root may write everywhere, so it becomes nobody
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(77);
    const auto run = RunFolder::create(folder / "theirs");
    if (run || run.error().kind != Error::Kind::io) ::_exit(1);
    const std::string& message = run.error().message;
    ::_exit(message.find("theirs") != message.npos &&
                    message.find("Permission denied; choose another --work-dir") != message.npos
                ? 0
                : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  fs::permissions(folder / "theirs", fs::perms::owner_all);
  if (WEXITSTATUS(status) == 77) {
    WARN("SKIP: the tests run as root and may not become another user");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("files lie where contract and docs say, and never outside the run") {
  const TemporaryFolder work_dir;
  const auto run = RunFolder::create(work_dir.path());
  REQUIRE(run);
  const fs::path root = run->path();
  CHECK(run->config() == root / "configs/run.json");
  CHECK(run->run_json() == root / "run.json");
  CHECK(run->journal("m", "d") == root / "journal/m/d.jsonl");
  CHECK(run->infer_log("m", "d") == root / "logs/infer/m/d.out");
  CHECK(run->eval_log("m", "d") == root / "logs/eval/m/d.out");
  CHECK(run->predictions("m", "d") == root / "predictions/m/d.json");
  CHECK(run->results("m", "d") == root / "results/m/d.json");
  CHECK(run->summary("csv") == root / "summary" / ("summary_" + run->timestamp() + ".csv"));
  for (const std::string name : {"..", ".", "", "../../x", "/etc/passwd", "a\\b", "..\\x", "x\ny"}) {
    CAPTURE(name);
    const fs::path path = run->predictions(name, name);
    CHECK(path.lexically_normal() == path);
    CHECK(path.parent_path().parent_path() == root / "predictions");
  }
}

TEST_CASE("a name becomes a safe file name") {
  struct Row {
    std::string name, file;
  };
  for (const Row& row : std::vector<Row>{{"ceval-accountant", "ceval-accountant"},
                                         {"org/model", "org_model"},
                                         {"", "_"},
                                         {".", "_."},
                                         {"..", "_.."},
                                         {"a\tb", "a_b"},
                                         {"a\xE2\x80\xAE" "b\xC2\x9B", "a_b_"},
                                         {"模型 1.8B", "模型 1.8B"}}) {
    CHECK(store::safe_file_name(row.name) == row.file);
  }
  const std::string longest(300, 'x'), other = longest + "y";
  CHECK(store::safe_file_name(longest).size() == 200);
  CHECK(store::safe_file_name(longest) != store::safe_file_name(other));
}

TEST_CASE("names that a file system may take for one have one key") {
  CHECK(file_name_key("a/b") == file_name_key("A_b"));
  CHECK(file_name_key("E\xCC\x81") == file_name_key("\xC3\xA9"));  // E and an accent, e with one
  CHECK(file_name_key("a") != file_name_key("b"));
  CHECK(file_name_key(" a ") == file_name_key("a\xE2\x80\x8B"));  // blanks at the ends, and what has no width, are not seen
  const std::string longest(300, 'x');
  CHECK(file_name_key(longest) != file_name_key(longest + "y"));
}

store::TaskRecord task(const std::string& dataset, const std::string& infer, const std::string& eval) {
  store::TaskRecord out;
  out.model = "m";
  out.dataset = dataset;
  out.status = infer != "complete" || eval.empty() ? infer : eval;
  out.infer = infer;
  out.eval = eval;
  return out;
}

TEST_CASE("a run that was ended before its time says which of its stages were over") {
  const TemporaryFolder work_dir;
  const auto run = RunFolder::create(work_dir.path());
  REQUIRE(run);
  store::RunRecord record;
  record.started = "now";
  record.tasks = {task("a", "incomplete", ""), task("b", "incomplete", "")};
  {
    auto states = store::RunStates::begin(*run, record);
    REQUIRE(states);
    states->add(task("a", "complete", ""));
    states->add(task("a", "complete", "complete"));
  }
  spit(run->states(), slurp(run->states()) + "{\"model\":\"m\",\"data");  // the half line of a kill
  const auto killed = store::read_run_record(*run);
  REQUIRE(killed);
  CHECK(killed->status == "incomplete");
  REQUIRE(killed->tasks.size() == 2);
  CHECK(killed->tasks[0].eval == "complete");
  CHECK(killed->tasks[1].infer == "incomplete");
  record.finished = "later";
  record.status = "complete";
  record.tasks = {task("a", "complete", "complete"), task("b", "complete", "failed")};
  const std::string left = slurp(run->states());
  REQUIRE(store::RunStates::end(*run, record));
  CHECK_FALSE(fs::exists(run->states()));
  spit(run->states(), left);  // killed before it was removed: run.json has an end, and says all
  CHECK(store::read_run_record(*run)->tasks[1].eval == "failed");
  // what begins anew knows nothing of what was before
  record.tasks = {task("a", "incomplete", "")};
  REQUIRE(store::RunStates::begin(*run, record));
  CHECK(store::read_run_record(*run)->tasks[0].infer == "incomplete");
}

TEST_CASE("results that are replaced by others are kept beside them, equal ones are not") {
  const TemporaryFolder work_dir;
  const auto run = RunFolder::create(work_dir.path());
  REQUIRE(run);
  REQUIRE(write_file(run->config(), "settings"));
  const fs::path same = run->results("m", "same"), other = run->results("m", "other"), gone = run->results("m", "gone"),
                 fresh = run->results("m", "fresh");
  for (const fs::path& file : {same, other, gone}) REQUIRE(write_file(file, "one"));
  store::Earlier earlier(*run);
  for (const fs::path& file : {same, other, gone, fresh}) REQUIRE(earlier.hold(file));
  CHECK(earlier.place().empty());
  REQUIRE(write_file(same, "one"));
  REQUIRE(write_file(other, "two"));
  REQUIRE(write_file(fresh, "two"));
  CHECK(*earlier.settle(same) == false);
  CHECK(*earlier.settle(fresh) == false);
  CHECK(*earlier.settle(other) == true);
  CHECK(*earlier.settle(gone) == true);
  CHECK(earlier.place() == run->path() / "earlier/1");
  CHECK(slurp(earlier.place() / "results/m/other.json") == "one");
  CHECK(slurp(earlier.place() / "results/m/gone.json") == "one");
  CHECK(slurp(earlier.place() / "configs/run.json") == "settings");
  CHECK_FALSE(fs::exists(earlier.place() / "results/m/same.json"));
  CHECK(slurp(other) == "two");
  // killed between hold and settle: the next pass compares with what was there before
  store::Earlier killed(*run);
  REQUIRE(killed.hold(other));
  store::Earlier next(*run);
  REQUIRE(next.hold(other));
  REQUIRE(write_file(other, "three"));
  CHECK(*next.settle(other) == true);
  CHECK(slurp(run->path() / "earlier/2/results/m/other.json") == "two");
}

TEST_CASE("a fingerprint is of what a file or a model's folder holds, wherever it lies") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    spit(folder / name / "tokenizer.json", "{}");
    spit(folder / name / "additional_chat_templates/rag.jinja", "x");
  }
  const std::string plain = fingerprint(folder / "a");
  CHECK(plain.size() == 64);
  CHECK(fingerprint(folder / "b") == plain);
  spit(folder / "b/README.md", "words");
  spit(folder / "b/outputs/default/run.json", "{}");  // a run that was started in there
  CHECK(fingerprint(folder / "b") == plain);
  spit(folder / "b/additional_chat_templates/rag.jinja", "y");
  CHECK(fingerprint(folder / "b") != plain);
  std::string large(70u << 20, 'x');
  spit(folder / "w.bin", large);
  const std::string weights = fingerprint(folder / "w.bin");
  large.back() = 'y';
  spit(folder / "w.bin", large);
  CHECK(fingerprint(folder / "w.bin") != weights);
  CHECK(fingerprint(folder / "nothing").empty());
}

}  // namespace
}  // namespace sextant::test
