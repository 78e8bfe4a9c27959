// Result<T>: a value, or the reason why there is none. The member names are std::expected's, so that this file becomes
// `template <class T> using Result = std::expected<T, Error>;` on the day our compilers agree on it.
#pragma once
#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace sextant {

/// Why something expected did not happen. `message` is one sentence that names the file, key or id, and says what to do.
struct Error {
  enum class Kind {
    usage,      // the command line                                   exit 64
    config,     // configuration, cards                               exit 65
    data,       // what a data or model file holds                    exit 65
    missing,    // a data set's files are missing                   exit 65, task status `missing`
    io,         // reading or writing failed                          exit 65
    device,     // backend or device unavailable, or not built yet    exit 69
    internal,   // a plugin or Sextant itself misbehaved              exit 70
    cancelled,  // the user interrupted                               exit 130
  };
  Kind kind = Kind::internal;
  std::string message;
};

template <class T> class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { assert(has_value()); return *std::get_if<0>(&state_); }
  const T& value() const& { assert(has_value()); return *std::get_if<0>(&state_); }
  T&& value() && { assert(has_value()); return std::move(*std::get_if<0>(&state_)); }
  const Error& error() const { assert(!has_value()); return *std::get_if<1>(&state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <> class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}
  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { assert(failed_); return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace sextant

/// `SXT_TRY(auto x, f());` binds f()'s value, or returns its error from the enclosing function (which returns a Result).
#define SXT_TRY_CONCAT_(a, b) a##b
#define SXT_TRY_NAME_(line) SXT_TRY_CONCAT_(sxt_try_, line)
#define SXT_TRY(decl, expr)                              \
  auto SXT_TRY_NAME_(__LINE__) = (expr);                 \
  if (!SXT_TRY_NAME_(__LINE__)) return SXT_TRY_NAME_(__LINE__).error(); \
  decl = *std::move(SXT_TRY_NAME_(__LINE__))
/// The same where there is no value to bind.
#define SXT_CHECK(expr) \
  if (auto sxt_check_ = (expr); !sxt_check_) return sxt_check_.error()
