// Functions over rows beside CPython (tests/golden/make_python_functions.py): what they give, what they are taken out with, and
// what is refused, by file and line.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sextant/python_function.hpp>
#include <unistd.h>

using namespace sextant;
namespace fs = std::filesystem;

namespace {

struct Goldens {
  Goldens() {
    std::ifstream file(std::string(SEXTANT_GOLDEN_DIR) + "/python_functions.json");
    all = *json::parse(std::string(std::istreambuf_iterator<char>(file), {}), "goldens");
    folder = fs::temp_directory_path() / ("sextant_python_" + std::to_string(::getpid()));
    fs::create_directories(folder);
    for (const auto& module : all["modules"].GetObject())
      std::ofstream(path(module.name.GetString())) << module.value.GetString();
  }
  ~Goldens() { fs::remove_all(folder); }
  fs::path path(const std::string& module) const { return folder / (module + ".py"); }
  json::Document all;
  fs::path folder;
};

python::Use use_of(const std::string& name) {
  return name == "row" ? python::Use::row : name == "rows" ? python::Use::rows : python::Use::data_set;
}

}  // namespace

TEST_CASE("python: functions give what CPython gives, from their own text alone", "[python]") {
  const Goldens goldens;
  for (const auto& c : goldens.all["cases"].GetArray()) {
    const std::string name = c["name"].GetString(), use = c["use"].GetString();
    CAPTURE(name);
    const auto made = python::extract(goldens.path(c["module"].GetString()), name, use_of(use));
    if (!made) FAIL(made.error().message);
    CAPTURE(made->source);
    json::Document out;
    auto& a = out.GetAllocator();
    if (use == "data_set") {
      const auto steps = python::RowSteps::load(made->source, made->name, "t");
      REQUIRE(steps);
      out.SetArray();
      for (const auto& given : goldens.all["rows"].GetArray()) {
        json::Value row(given, a);
        const auto kept = steps->apply(row, a);
        if (!kept) FAIL(kept.error().message);
        if (*kept) out.PushBack(row, a);
      }
    } else {
      const auto function = python::Function::load(made->source, made->name, "t");
      REQUIRE(function);
      auto result = use == "row" ? (*function)({&goldens.all["doc"]}, a) : (*function)({}, a);
      if (!result) FAIL(result.error().message);
      static_cast<json::Value&>(out) = std::move(*result);
    }
    CHECK(json::write(out) == json::write(c["result"]));
  }
}

TEST_CASE("python: what is not read is refused by file and line", "[python]") {
  const Goldens goldens;
  for (const auto& c : goldens.all["refused"].GetArray()) {
    const std::string name = c["name"].GetString();
    CAPTURE(name);
    const auto made = python::extract(goldens.path(c["module"].GetString()), name, use_of(c["use"].GetString()));
    if (made) FAIL(made->source);
    CHECK_THAT(made.error().message, Catch::Contains(c["message"].GetString()));
  }
}

TEST_CASE("python: no function runs without end", "[python]") {
  const Goldens goldens;
  for (const auto& c : goldens.all["calls"].GetArray()) {
    const auto made = python::extract(goldens.path(c["module"].GetString()), c["name"].GetString(), python::Use::row);
    if (!made) FAIL(made.error().message);
    const auto function = python::Function::load(made->source, made->name, "t");
    REQUIRE(function);
    json::Document out;
    const auto result = (*function)({&goldens.all["doc"]}, out.GetAllocator());
    REQUIRE(!result);
    CHECK_THAT(result.error().message, Catch::Contains(c["message"].GetString()));
  }
}

TEST_CASE("python: broken modules are refused, whatever they hold", "[python]") {
  const fs::path path = fs::temp_directory_path() / ("sextant_broken_" + std::to_string(::getpid()) + ".py");
  for (const std::string text : {"def f(doc):\n  return '", "def f(doc:\n", "f = (((((", "def f(doc): return f'{'",
                                 "  x\n y\nf = 1\n", "def f(doc):\n    return 1 +\n", "\xff\xfe", "f = lambda",
                                 "def f(doc):\n    return {1: 2, 3}\n", "def f(doc):\n\treturn doc[\n"}) {
    CAPTURE(text);
    std::ofstream(path) << text;
    CHECK(!python::extract(path, "f", python::Use::row));
    std::ofstream(path) << std::string(5000, '(') + text;
    CHECK(!python::extract(path, "f", python::Use::row));
  }
  fs::remove(path);
}
