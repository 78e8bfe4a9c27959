// What is to be run in a sandbox, and what came of it: plain data and its JSON, which goes to the supervisor and back.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::sandbox {

/// Of one sandbox: all its processes together, where nothing else is said.
struct Limits {
  double cpu_s = 5;
  double wall_s = 0;               // 0: three times cpu_s and five seconds more
  uint64_t memory_mb = 512;        // also the address space of each process
  uint32_t tasks = 24;             // processes and threads
  uint64_t output_kb = 64;         // what a script prints
  uint64_t file_mb = 16;           // of one file
  uint64_t folder_mb = 32;         // of the only folder that can be written
  uint64_t files = 20'000;         // in it
  uint32_t open_files = 64;        // of one process
  double wall_limit() const { return wall_s > 0 ? wall_s : 3 * cpu_s + 5; }
};

struct Job {
  enum class Kind { tests, script };
  Kind kind = Kind::tests;
  std::string program;             // model-written
  bool trim = false;               // what stands behind the program's last whole statement and is not Python is left out
  Limits limits;
  // of tests; all of it is the data set's, and the program never sees it
  std::string prepare;             // run before the tests
  std::string tests;
  std::vector<std::string>
      names;  // that the tests take from the program; empty: those that `reference` binds and the tests use
  std::string reference;
  std::string data_json;           // an object: values that the tests find under their names; or empty
  bool types = false;              // `assert a == b` wants equal types, too
};

enum class Outcome {
  passed,      // script: it ended
  wrong,       // an assertion of the tests failed
  failed,      // anything else that a program does wrong: an exception, an exit, a crash
  timed_out,   // processor time, or the clock where it only waited
  memory, tasks, files, output,   // a limit was exceeded
  untestable,  // the tests ask for what cannot be done across two sandboxes, or are broken themselves
  broken,      // the sandbox itself
};
std::string_view outcome_name(Outcome outcome);

struct Verdict {
  Outcome outcome = Outcome::broken;
  std::string detail;              // one line
  std::string output;              // script: what was printed
  double cpu_s = 0, wall_s = 0;    // of the program
  uint64_t peak_mb = 0;
  bool waited = false;             // timed out by the clock, not by processor time
};

json::Document to_json(const Job& job);
Result<Job> job_from_json(const json::Value& value);
json::Document to_json(const Verdict& verdict);
Result<Verdict> verdict_from_json(const json::Value& value);

}  // namespace sextant::sandbox
