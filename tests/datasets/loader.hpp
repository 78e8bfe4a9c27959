// A loader's component through the C ABI, as the core sees it. Include the loader's .cpp once, before this.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <sextant/sdk.hpp>

namespace sextant::test {

class Loader {
 public:
  Loader(const sxt_component& component, const std::string& config) {
    sxt_error error{};
    REQUIRE(component.create(nullptr, borrow(config), &object_, &error) == SXT_OK);
    table_ = static_cast<const sxt_dataset_v1*>(object_->get_interface(object_, "sextant.dataset/1"));
    REQUIRE(table_);
  }
  ~Loader() { object_->destroy(object_); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::vector<std::string> read(std::string_view split) {
    std::vector<std::string> out;
    uint64_t n = 0;
    if ((status = table_->count(object_, borrow(split), &n, &error)) == SXT_OK)
      status = table_->read(object_, borrow(split), 0, n, sink(out), &error);
    return out;
  }
  std::string describe() {
    std::vector<std::string> out;
    status = table_->describe(object_, sink(out), &error);
    return out.empty() ? "" : out[0];
  }
  sxt_status status = SXT_OK;
  sxt_error error{};

 private:
  static sxt_sink sink(std::vector<std::string>& out) {
    return {&out, [](void* ctx, uint64_t, sxt_str s) { static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(s)); }};
  }
  sxt_object* object_ = nullptr;
  const sxt_dataset_v1* table_ = nullptr;
};

/// A folder that is removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sextant-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::string config(const std::string& more = "") const {
    return R"({"path": ")" + path_.string() + "\"" + (more.empty() ? "" : ", " + more) + "}";
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sextant::test
