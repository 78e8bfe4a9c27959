// What needs no sandbox: plans, limits, jobs and verdicts. And, where sandboxes work, that programs are judged.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include "../../../core/base/worker_process.hpp"
#include "../../../core/sandbox/filter.hpp"
#include "../../../core/sandbox/plan.hpp"
#include "../../../core/sandbox/probe.hpp"
#include "../../../core/sandbox/sandboxes.hpp"
#include "../../../core/sandbox/trial.hpp"
#include "../../../core/serve/python_tool.hpp"

namespace sextant::test {
namespace {
using namespace sandbox;
using Catch::Matchers::Contains;

Machine usual_machine() {
  return {"/usr/bin/bwrap", "/usr/bin/python3", "", {{"/lib64", "usr/lib64"}, {"/bin", "usr/bin"}}, {"/lib32"}};
}

// Where the words stand one behind the other.
size_t place(const std::vector<std::string>& arguments, const std::vector<std::string>& words) {
  return static_cast<size_t>(std::search(arguments.begin(), arguments.end(), words.begin(), words.end()) - arguments.begin());
}
bool has(const std::vector<std::string>& arguments, const std::vector<std::string>& words) {
  return place(arguments, words) < arguments.size();
}

Job tests_of(const std::string& program, const std::string& tests, double cpu_s = 2) {
  Job job;
  job.program = program;
  job.tests = tests;
  job.names = {"add"};
  job.limits.cpu_s = cpu_s;
  return job;
}

}  // namespace

TEST_CASE("sandbox: the root holds the system's programs and the interpreter, and nothing else of the machine") {
  Machine machine = usual_machine();
  const auto usual = bwrap_arguments(machine, {}, {7, 8, 9, 10});
  CHECK(usual.front() == "/usr/bin/bwrap");
  std::vector<std::string> bound;
  for (size_t i = 0; i + 1 < usual.size(); ++i)
    if (usual[i] == "--ro-bind" || usual[i] == "--bind" || usual[i] == "--dev-bind") bound.push_back(usual[i + 1]);
  CHECK(bound == std::vector<std::string>{"/usr", "/lib32", "/dev/null"});
  CHECK(has(usual, {"--symlink", "usr/lib64", "/lib64"}));
  for (const char* left_out : {"--proc", "--dev", "--bind", "--share-net", "-I", "-E"}) CHECK(!has(usual, {left_out}));
  machine.python = "/opt/python/bin/python3.12";
  machine.prefix = "/opt/python";
  CHECK(has(bwrap_arguments(machine, {}, {7, 8, 9, 10}), {"--ro-bind", "/opt/python", "/opt/python"}));
}

TEST_CASE("sandbox: namespaces, user, filter and limits are asked for") {
  Limits limits;
  limits.folder_mb = 5;
  const auto arguments = bwrap_arguments(usual_machine(), limits, {7, 8, 9, 10});
  for (const char* what : {"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
                           "--new-session", "--die-with-parent", "--clearenv"})
    CHECK(has(arguments, {what}));
  CHECK(has(arguments, {"--uid", "65534"}));
  CHECK(has(arguments, {"--cap-drop", "ALL"}));
  CHECK(has(arguments, {"--setenv", "PYTHONHASHSEED", "0"}));
  CHECK(has(arguments, {"--size", "5242880", "--tmpfs", "/box"}));
  CHECK(has(arguments, {"--seccomp", "9", "--info-fd", "10", "--", "/usr/bin/python3"}));
  CHECK(has(arguments, {"--ro-bind-data", "8", "/run.py"}));
  // the last change of the root, or what comes behind could still write there
  CHECK(place(arguments, {"--remount-ro", "/"}) > place(arguments, {"--tmpfs", "/box"}));
  limits.cpu_s = 1.5;
  limits.memory_mb = 100;
  for (const auto& [name, value] : process_limits(limits)) {
    if (name == "AS") CHECK(value == 100 << 20);
    if (name == "CPU") CHECK(value == 4);
    if (name == "CORE") CHECK(value == 0);
  }
  CHECK(limits.wall_limit() == 9.5);
}

TEST_CASE("sandbox: the filter can be compiled") {
  const auto program = system_call_filter();
  REQUIRE(program);
  CHECK(program->size() % 8 == 0);
  CHECK(program->size() > 1000);
}

TEST_CASE("sandbox: each way in which sandboxes are forbidden has a remedy") {
  CHECK_THAT(remedy_of("unshare(CLONE_NEWUSER)", ENOSPC), Contains("user.max_user_namespaces"));
  CHECK_THAT(remedy_of("unshare(CLONE_NEWUSER)", EPERM), Contains("Docker"));
  CHECK_THAT(remedy_of("unshare(CLONE_NEWUSER)", EPERM), Contains("unprivileged_userns_clone"));
  CHECK_THAT(remedy_of("mount a tmpfs", EACCES), Contains("AppArmor"));
  CHECK_THAT(remedy_of("write /proc/self/uid_map", EPERM), Contains("AppArmor"));
}

TEST_CASE("sandbox: jobs and verdicts survive the way to the supervisor and back") {
  Job job = tests_of("def f(): return '\"\\n中'", "assert f()", 0.25);
  job.kind = Job::Kind::script;
  job.trim = job.types = true;
  job.prepare = "import math";
  job.reference = "x = 1";
  job.data_json = R"({"a":1})";
  job.limits.memory_mb = 77;
  const auto read = job_from_json(to_json(job));
  REQUIRE(read);
  CHECK(json::write(to_json(*read)) == json::write(to_json(job)));
  Verdict verdict{Outcome::timed_out, "it took long", "out\n", 1.5, 2.5, 12, true};
  const auto again = verdict_from_json(to_json(verdict));
  REQUIRE(again);
  CHECK(json::write(to_json(*again)) == json::write(to_json(verdict)));
  CHECK(!verdict_from_json(*json::parse(R"({"outcome": "well"})", "test")));
  CHECK(!job_from_json(*json::parse(R"({"program": 1})", "test")));
}

TEST_CASE("sandbox: values as the scripts read them") {
  CHECK(wire::text("a\n中") == "s5:a\n中");
  CHECK(wire::number(255) == "iff;");
  CHECK(wire::truth(true) + wire::truth(false) == "TF");
  CHECK(wire::frame("abc") == std::string("\3\0\0\0abc", 7));
}

TEST_CASE("sandbox: programs are judged") {
  worker_program() = std::getenv("SEXTANT_PROGRAM");
  if (const auto there = available(); !there) {
    WARN("SKIP: " << there.error().message);
    return;
  }
  const std::string add = "def add(a, b): return a + b", sum = "assert add(1, 2) == 3";
  Job typed = tests_of("def add(a, b): return float(a + b)", sum), script,
      trimmed = tests_of(add + "\n\nThis adds two numbers!", sum), reference = tests_of(add, sum),
      data = tests_of(add, "for a, b, c in rows: assert add(a, b) == c");
  typed.types = true;
  trimmed.trim = true;
  reference.names.clear();
  reference.reference = "def add(a, b): pass\ndef assert_(): pass";
  data.data_json = R"({"rows": [[1, 2, 3], [0.5, 1, 1.5]]})";
  script.kind = Job::Kind::script;
  script.program = "print(2 ** 70)\nraise ValueError('no')";
  const auto by_reference = [&](const std::string& program, const std::string& more = "") {
    Job job = tests_of(program, "check_by_reference(add, 'def add(a, b): return a + b', 'add', inputs, 0" + more + ")");
    job.data_json = R"({"inputs": [[1, 2], [0.5, 1], [[1], [2]], ["12345678901234567890", 1]]})";
    return job;
  };
  struct Case {
    const char* what;
    Job job;
    Outcome outcome;
    const char* said;
  };
  std::vector<Case> cases = {
      {"right", tests_of(add, sum), Outcome::passed, ""},
      {"wrong", tests_of("def add(a, b): return a - b", sum), Outcome::wrong, "assert add(1, 2) == 3"},
      {"an exception", tests_of("def add(a, b): raise KeyError(a)", sum), Outcome::failed, "KeyError"},
      {"no Python", tests_of("def add(", sum), Outcome::failed, "SyntaxError"},
      {"another name", tests_of("def sub(a, b): return 3", sum), Outcome::failed, "NameError"},
      {"too long", tests_of("def add(a, b):\n  while True: pass", sum, 0.3), Outcome::timed_out, "processor time"},
      {"equal types", typed, Outcome::wrong, "assert"},
      {"words behind the program", trimmed, Outcome::passed, ""},
      {"names by a reference", reference, Outcome::passed, ""},
      {"data", data, Outcome::passed, ""},
      {"arguments changed in place", tests_of("def add(a, b): a += b", "x = [1]\nadd(x, [2])\nassert x == [1, 2]"),
       Outcome::passed, ""},
      {"values of all types",
       tests_of("def add(a, b): return [a, None, True, -0.5, 10 ** 400, 'x\\ud800', b'\\0', (1,), {2}, frozenset([3]), {'k': "
                "1j}, range(2)]",
                "r = add(float('nan'), 0)\nassert r[0] != r[0] and r[4] == 10 ** 400 and type(r[2]) is bool\n"
                "assert r[1:11] == [None, True, -0.5, 10 ** 400, 'x\\ud800', b'\\0', (1,), {2}, frozenset([3]), {'k': 1j}] and "
                "list(r[11]) == [0, 1]"),
       Outcome::passed, ""},
      {"a class of the program",
       tests_of("class add:\n  def __init__(self, a, b): self.a = a\n  def twice(self): return 2 * self.a",
                "x = add(1, 2)\nassert x.a == 1 and x.twice() == 2\nx.a = 5\nassert x.twice() == 10 and x != 1"),
       Outcome::passed, ""},
      {"exceptions cross",
       tests_of("def add(a, b): raise ValueError('no')",
                "try: add(1, 2)\nexcept ValueError as e: assert str(e) == 'no'\nelse: assert False"),
       Outcome::passed, ""},
      {"values of the library",
       tests_of("from fractions import Fraction\ndef add(a, b): return Fraction(a, b)",
                "from fractions import Fraction\nassert add(1, 2) == Fraction(2, 4)"),
       Outcome::passed, ""},
      {"its dictionaries",
       tests_of("import collections\ndef add(a, b): return [collections.Counter('aab'), collections.OrderedDict([(1, 2), (3, "
                "4)]), collections.defaultdict(int, {1: 2})]",
                "from collections import Counter, OrderedDict\nassert add(1, 2) == [Counter('baa'), {3: 4, 1: 2}, {1: 2}]\n"
                "assert add(1, 2)[0]['z'] == 0 and add(1, 2)[1] != OrderedDict([(3, 4), (1, 2)])"),
       Outcome::passed, ""},
      {"as the reference, floats nearly",
       by_reference(
           "def add(a, b): return a + b if type(b) is not int or b != 1 or a == 1 else a + b + (1e-9 if a == 0.5 else 0)"),
       Outcome::passed, ""},
      {"another value than the reference", by_reference("def add(a, b): return a + b if a != [1] else [1]"), Outcome::wrong,
       "input 2"},
      {"another type than the reference", by_reference("def add(a, b): return tuple(a + b) if a == [1] else a + b"),
       Outcome::wrong, "input 2"},
      {"a reference that fails",
       by_reference(add, ") or check_by_reference(add, 'def add(a, b): return a / 0', 'add', inputs, 0"), Outcome::untestable,
       "own program"},
      {"a root", by_reference("def add(a, b): return -7", ", root_of=lambda a, b, x: x + 7"), Outcome::passed, ""},
      {"a function of the tests", tests_of(add, "add(lambda: 1, 2)"), Outcome::untestable, "object of their own"},
      {"tests that are broken", tests_of(add, "assert ("), Outcome::untestable, "own tests"},
      {"a script", script, Outcome::passed, ""}};
  std::vector<Job> jobs;
  for (const Case& c : cases) jobs.push_back(c.job);
  const auto verdicts = run_all(jobs);
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].what);
    REQUIRE(verdicts[i]);
    INFO(verdicts[i]->detail);
    CHECK(outcome_name(verdicts[i]->outcome) == outcome_name(cases[i].outcome));
    CHECK_THAT(verdicts[i]->detail, Contains(cases[i].said));
    if (cases[i].job.kind == Job::Kind::script) CHECK(verdicts[i]->output == "1180591620717411303424\nValueError: no\n");
  }
}

TEST_CASE("sandbox: the tool python says what a program prints") {
  const auto asking = [](const char* id, const char* config) {
    config::Inferencer out;
    out.id = id;
    out.config = config;
    return out;
  };
  CHECK(serve::offers_programs(asking("agent", R"({"tools": ["calculator", "python"]})")));
  CHECK(!serve::offers_programs(asking("agent", R"({"tools": ["calculator"]})")));
  CHECK(!serve::offers_programs(asking("gen", "{}")));
  CHECK(*serve::run_python("{}") == "error: python needs the text \"code\"");
  worker_program() = std::getenv("SEXTANT_PROGRAM");
  if (const auto there = available(); !there) {
    WARN("SKIP: " << there.error().message);
    return;
  }
  struct Case {
    const char *code, *said;
  };
  for (const Case& c : {Case{"print(6 * 7)", "42"},
                        {"x = 6\nx * 7", "42"},
                        {"```python\n6 * 7\n```", "42"},
                        {"x = 1", "(nothing was printed)"},
                        {"print('a')\n1 / 0", "a\nZeroDivisionError: division by zero"},
                        {"def (", "SyntaxError: invalid syntax (program.py, line 1)"},
                        {"import os\nos.write(1, b'\\xff\\xe4x')", "\uFFFD\uFFFDx3"},
                        {"import sys\nprint(1)\nsys.exit(3)", "1"}}) {
    INFO(c.code);
    json::Document arguments(rapidjson::kObjectType);
    json::set(arguments, "code", c.code, arguments.GetAllocator());
    const auto said = serve::run_python(json::write(arguments));
    REQUIRE(said);
    CHECK(*said == c.said);
  }
  const auto much = serve::run_python(R"json({"code": "print('中' * 5000)"})json");
  REQUIRE(much);
  CHECK_THAT(*much, Contains("(11001 bytes more)"));
  const auto endless = serve::run_python(R"json({"code": "while True: print('x' * 1000)"})json");
  REQUIRE(endless);
  CHECK_THAT(*endless, Contains("error: stopped: it printed more than 64 KiB"));
}

}  // namespace sextant::test
