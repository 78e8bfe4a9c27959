// Memory that is lent to a plugin for one call, as strict as the ABI allows it to be: read-only while the call lasts, gone when it
// is over, and no NUL behind a text. What a plugin keeps, writes to, or reads beyond ends the child that tries it.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>
#include <sextant/abi.h>

namespace sextant::conformance {

/// How a call's structs and texts are lent.
struct Lending {
  bool guarded = false;    // each text ends where a page ends that cannot be read
  uint32_t longer = 0;     // bytes behind each growable struct: a core that is newer than the plugin
};

class Arena {
 public:
  explicit Arena(Lending how) : how_(how) {}
  ~Arena();
  Arena(const Arena&) = delete;

  sxt_str text(std::string_view bytes);
  /// A copy of a growable struct; its struct_size is set.
  template <class T> T* lend(const T& value) {
    auto* to = static_cast<T*>(take(sizeof(T) + how_.longer));
    std::memcpy(static_cast<void*>(to), &value, sizeof(T));
    std::memset(reinterpret_cast<char*>(to) + sizeof(T), 0xA5, how_.longer);
    to->struct_size = static_cast<uint32_t>(sizeof(T) + how_.longer);
    return to;
  }
  template <class T> const T* list(const std::vector<T>& values) {
    if (values.empty()) return nullptr;
    auto* to = static_cast<T*>(take(values.size() * sizeof(T)));
    std::memcpy(static_cast<void*>(to), values.data(), values.size() * sizeof(T));
    return to;
  }
  /// From here on the plugin can only read it.
  void lock();

 private:
  void* take(size_t bytes);
  void* map(size_t bytes);
  const Lending how_;
  std::vector<std::pair<void*, size_t>> chunks_;
  char* at_ = nullptr;
  size_t left_ = 0;
};

}  // namespace sextant::conformance
