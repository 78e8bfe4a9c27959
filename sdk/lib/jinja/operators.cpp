// Arithmetic and comparison, as Python's.
#include <cmath>
#include <fmt/format.h>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

[[noreturn]] void unsuited(const std::string& op, const Value& a, const Value& b) {
  if (a.is_undefined() || b.is_undefined()) throw Failure(describe(a.is_undefined() ? a : b));
  throw Failure(fmt::format("'{}' does not go with {} and {}", op, type_name(a), type_name(b)));
}

int64_t whole(const std::string& op, int64_t a, int64_t b) {
  int64_t r = 0;
  const bool overflow = op == "+"   ? __builtin_add_overflow(a, b, &r)
                        : op == "-" ? __builtin_sub_overflow(a, b, &r)
                                    : __builtin_mul_overflow(a, b, &r);
  if (overflow) throw Failure("an integer is too large");
  return r;
}

// Towards minus infinity.
int64_t floor_divide(int64_t a, int64_t b) {
  if (a == INT64_MIN && b == -1) throw Failure("an integer is too large");
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
double floor_modulo(double a, double b) {
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

Value whole_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  int64_t r = 1;
  for (; exponent > 0 && (base > 1 || base < -1); --exponent) r = whole("*", r, base);
  return base == 0 ? int64_t{exponent == 0} : base == -1 && exponent % 2 ? int64_t{-1} : r;
}

Value arithmetic(const std::string& op, const Value& a, const Value& b) {
  const bool real = a.real() || b.real();
  if ((op == "/" || op == "//" || op == "%") && b.to_real() == 0) throw Failure("division by zero");
  if (op == "/") return a.to_real() / b.to_real();
  if (op == "**" && a.to_real() == 0 && b.to_real() < 0) throw Failure("0 to a negative power");
  if (op == "**" && a.to_real() < 0 && b.real() && std::floor(*b.real()) != *b.real())
    throw Failure("complex numbers are not supported");
  if (op == "**") return real ? Value(std::pow(a.to_real(), b.to_real())) : whole_power(a.to_integer(), b.to_integer());
  if (real) {
    const double x = a.to_real(), y = b.to_real();
    if (op == "//") return std::floor((x - floor_modulo(x, y)) / y + 0.5);
    return op == "+" ? x + y : op == "-" ? x - y : op == "*" ? x * y : floor_modulo(x, y);
  }
  const int64_t x = a.to_integer(), y = b.to_integer();
  if (op == "//") return floor_divide(x, y);
  if (op == "%") return y == -1 ? int64_t{0} : x - y * floor_divide(x, y);
  return whole(op, x, y);
}

bool is_sequence(const Value& v) {
  return v.list() && (v.list()->kind == List::Kind::list || v.list()->kind == List::Kind::tuple);
}

}  // namespace

Value Evaluator::add(const Value& a, const Value& b) { return binary("+", a, b); }

Value Evaluator::binary(const std::string& op, const Value& a, const Value& b) {
  if (op == "+" && a.string() && b.string()) {
    const bool markup = a.is_markup() || b.is_markup();
    const auto part = [&](const Value& v) { return markup && !v.is_markup() ? escaped(*v.string()) : *v.string(); };
    const Value joined = text(part(a) + part(b));
    return markup ? Value::markup(*joined.string()) : joined;
  }
  if (op == "%" && a.is_markup()) throw Failure("% with a safe string is not supported");
  if (op == "%" && a.string()) return percent_format(*this, *a.string(), b);
  if (a.is_number() && b.is_number()) return arithmetic(op, a, b);
  if (op == "+" && is_sequence(a) && is_sequence(b) && a.list()->kind == b.list()->kind) {
    charge(a.list()->items.size() + b.list()->items.size());
    Values items = a.list()->items;
    items.insert(items.end(), b.list()->items.begin(), b.list()->items.end());
    return list(std::move(items), a.list()->kind);
  }
  if (op == "*" && b.is_integral() != a.is_integral()) {
    const Value& repeated = a.is_integral() ? b : a;
    const auto count = static_cast<uint64_t>(std::max<int64_t>(0, (a.is_integral() ? a : b).to_integer()));
    const size_t size = repeated.string()       ? repeated.string()->size()
                        : is_sequence(repeated) ? repeated.list()->items.size()
                                                : 0;
    if (!repeated.string() && !is_sequence(repeated)) unsuited(op, a, b);
    if (size > 0 && count > limits_.output_bytes / size)
      throw Failure(fmt::format("a value repeated {} times is too large", count));
    if (repeated.string()) {
      std::string out;
      out.reserve(size * count);
      for (uint64_t i = 0; size > 0 && i < count; ++i) out += *repeated.string();
      return text(std::move(out), repeated.is_markup());
    }
    charge(size * count);
    Values items;
    for (uint64_t i = 0; size > 0 && i < count; ++i)
      items.insert(items.end(), repeated.list()->items.begin(), repeated.list()->items.end());
    return list(std::move(items), repeated.list()->kind);
  }
  unsuited(op, a, b);
}

bool Evaluator::compare(const std::string& op, const Value& a, const Value& b) {
  if (op == "in") return contains(b, a);
  if (op == "not in") return !contains(b, a);
  charge(std::min(a.size().weight, b.size().weight) / 8);
  if (op == "==") return equal(a, b);
  if (op == "!=") return !equal(a, b);
  if (a.is_undefined() || b.is_undefined()) unsuited(op, a, b);
  const bool numbers = a.is_number() && b.is_number();
  if (numbers && (std::isnan(a.to_real()) || std::isnan(b.to_real()))) return false;
  return op == "<" ? less(a, b) : op == ">" ? less(b, a) : op == "<=" ? !less(b, a) : !less(a, b);
}

bool Evaluator::contains(const Value& container, const Value& v) {
  charge(container);
  if (const std::string* s = container.string()) {
    if (!v.string()) throw Failure(fmt::format("'in' a string needs a string, not {}", describe(v)));
    return s->find(*v.string()) != s->npos;
  }
  if (const Dict* d = container.dict()) {
    if (!hashable(v)) throw Failure(fmt::format("a {} cannot be the key of a dict", type_name(v)));
    return d->find(v) != nullptr;
  }
  if (container.is_undefined()) return container.expect_defined(), false;
  for (const Value& item : iterate(container))
    if (equal(item, v)) return true;
  return false;
}

}  // namespace sextant::jinja
