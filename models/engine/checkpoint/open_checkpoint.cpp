#include <filesystem>
#include <fstream>
#include <string_view>
#include <fmt/format.h>
#include "gguf.hpp"
#include "hugging_face.hpp"
#include "pickle.hpp"
#include "reachable.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

// What a file that is not a model by itself is taken for; nothing where it may be a GGUF file, whose reader says the rest.
std::optional<Error> other_format(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  std::string head(16, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  if (head.starts_with("GGUF")) return std::nullopt;
  const std::string folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path().string() : ".";
  if (head.starts_with("PK\x03\x04") || head.starts_with("\x80\x02"))
    return refuse_pickle(path, folder);  // a zip of one, or one
  if (path.ends_with(".safetensors") || path.ends_with(".json"))
    return Error{Error::Kind::data, fmt::format("{}: is one file of a Hugging Face folder; name the folder: {}", path, folder)};
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> open_checkpoint(const std::string& path, const std::string& adapter) {
  SXT_CHECK(check_reachable(path));
  if (!adapter.empty()) SXT_CHECK(check_reachable(adapter));
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    SXT_TRY(std::unique_ptr<HuggingFaceFolder> folder, HuggingFaceFolder::open(path));
    if (!adapter.empty()) SXT_CHECK(folder->merge_adapter(adapter));
    return std::unique_ptr<Checkpoint>(std::move(folder));
  }
  if (!adapter.empty())
    return Error{
        Error::Kind::data,
        fmt::format("{}: a PEFT adapter can be merged into a Hugging Face folder only; give the model's folder as --hf-path",
                    path)};
  if (auto error = other_format(path)) return *std::move(error);
  SXT_TRY(std::unique_ptr<Checkpoint> file, GgufFile::open(path));
  return file;
}

}  // namespace sextant::engine
