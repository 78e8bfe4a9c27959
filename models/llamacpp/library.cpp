#include "library.hpp"
#include <ggml-backend.h>
#include <mutex>
#include <utility>

namespace sextant::llamacpp {
namespace {

std::mutex mutex;
std::string line, complaint;  // the library says a line in pieces; under the mutex

void listen(ggml_log_level level, const char* text, void*) {
  const std::lock_guard lock(mutex);
  line += text;
  if (line.empty() || line.back() != '\n') return;
  line.pop_back();
  if (level == GGML_LOG_LEVEL_ERROR && !line.empty()) complaint = line;
  line.clear();
}

}  // namespace

void open_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(listen, nullptr);
    ggml_backend_load_all();  // where devices are libraries of their own
    llama_backend_init();
  });
}

std::string last_complaint() {
  const std::lock_guard lock(mutex);
  return std::exchange(complaint, {});
}

std::string metadata(const llama_model& model, const char* key) {
  std::string value(64, '\0');
  for (;;) {
    const int32_t size = llama_model_meta_val_str(&model, key, value.data(), value.size());
    if (size < 0) return {};
    if (static_cast<size_t>(size) < value.size()) return value.resize(static_cast<size_t>(size)), value;
    value.resize(static_cast<size_t>(size) + 1);
  }
}

std::vector<std::string> files_of(const std::string& path) {
  // "name-00001-of-00003.gguf"
  constexpr size_t ending = sizeof "-00001-of-00003.gguf" - 1;
  if (path.size() > ending) {
    const std::string end = path.substr(path.size() - ending);
    if (end.starts_with("-00001-of-") && end.find_first_not_of("0123456789", 10) == 15 && end.substr(15) == ".gguf") {
      std::vector<std::string> files;
      const int count = std::stoi(end.substr(10, 5));
      for (int i = 1; i <= count; ++i) {
        std::string number = std::to_string(i);
        number.insert(0, 5 - number.size(), '0');
        files.push_back(path.substr(0, path.size() - ending) + "-" + number + end.substr(6));
      }
      return files;
    }
  }
  return {path};
}

}  // namespace sextant::llamacpp
