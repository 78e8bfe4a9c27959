// What can follow `is`.
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

using Given = const Arguments&;
using Kind = List::Kind;

const Value& other(Given given) {
  if (given.positional.size() != 1 || !given.named.empty()) throw Failure("the test needs one value to compare with");
  return given.positional[0];
}

// Whether v % by is that remainder, as Python computes it.
bool remains(const Value& v, const Value& by, double remainder) {
  v.expect_defined();
  if (!v.is_number() || !by.is_number())
    throw Failure(fmt::format("the test needs numbers, not {} and {}", type_name(v), type_name(by)));
  if (by.to_real() == 0) throw Failure("division by zero");
  if (v.is_integral() && by.is_integral())
    return (by.to_integer() == -1 ? 0 : std::abs(v.to_integer() % by.to_integer())) == remainder;
  const double rest = std::fmod(v.to_real(), by.to_real());
  return (rest < 0 ? rest + std::fabs(by.to_real()) : rest) == remainder;
}

bool is_defined(Evaluator&, const Value& v) { return !v.is_undefined(); }
bool is_undefined(Evaluator&, const Value& v) { return v.is_undefined(); }
bool is_none(Evaluator&, const Value& v) { return v.is_none(); }
bool is_string(Evaluator&, const Value& v) { return v.string() != nullptr; }
bool is_mapping(Evaluator&, const Value& v) { return v.dict() != nullptr; }
bool is_iterable(Evaluator&, const Value& v) {
  v.expect_defined();
  return v.string() || v.list() || v.dict() || v.loop() || v.is_undefined();
}
// whatever has a length and items: Jinja2 asks no more
bool is_sequence(Evaluator&, const Value& v) {
  return v.string() || v.dict() || (v.is_undefined() && !v.is_strict()) ||
         (v.list() && v.list()->kind != Kind::generator && v.list()->kind != Kind::view);
}
bool is_number(Evaluator&, const Value& v) { return v.is_number(); }
bool is_integer(Evaluator&, const Value& v) { return v.integer() != nullptr; }
bool is_float(Evaluator&, const Value& v) { return v.real() != nullptr; }
bool is_boolean(Evaluator&, const Value& v) { return v.boolean() != nullptr; }
bool is_true(Evaluator&, const Value& v) { return v.boolean() && *v.boolean(); }
bool is_false(Evaluator&, const Value& v) { return v.boolean() && !*v.boolean(); }
bool is_callable(Evaluator&, const Value& v) { return v.function() || v.loop() || v.is_undefined(); }
bool is_odd(Evaluator&, const Value& v) { return remains(v, 2, 1); }
bool is_even(Evaluator&, const Value& v) { return remains(v, 2, 0); }
bool is_divisible(Evaluator&, const Value& v, Given given) { return remains(v, other(given), 0); }
bool is_escaped(Evaluator&, const Value& v) { return v.is_markup(); }
const Value& name_of(const Value& v) {
  if (!hashable(v)) throw Failure(fmt::format("a {} is not the name of a filter or test", type_name(v)));
  return v;
}
bool is_filter(Evaluator& e, const Value& v) { return name_of(v).string() && find_filter(*v.string(), e.environment()); }
bool is_test(Evaluator&, const Value& v) { return name_of(v).string() && find_test(*v.string()); }
bool is_same(Evaluator&, const Value& v, Given given) {
  if (v.is_strict() || other(given).is_strict()) return false;  // each look-up makes one of its own
  return std::string_view(type_name(v)) == type_name(other(given)) && equal(v, other(given));
}
bool is_in(Evaluator& e, const Value& v, Given given) { return e.contains(other(given), v); }
bool is_lower_text(Evaluator& e, const Value& v) { return is_lower(e.print(v)); }
bool is_upper_text(Evaluator& e, const Value& v) { return is_upper(e.print(v)); }
bool is_equal(Evaluator& e, const Value& v, Given given) { return e.charge(v), equal(v, other(given)); }
bool is_unequal(Evaluator& e, const Value& v, Given given) { return e.charge(v), !equal(v, other(given)); }
bool is_less(Evaluator&, const Value& v, Given given) { return less(v, other(given)); }
bool is_greater(Evaluator&, const Value& v, Given given) { return less(other(given), v); }
bool is_at_most(Evaluator&, const Value& v, Given given) { return !less(other(given), v); }
bool is_at_least(Evaluator&, const Value& v, Given given) { return !less(v, other(given)); }

template <bool (*test)(Evaluator&, const Value&)> bool alone(Evaluator& e, const Value& v, Given given) {
  if (!given.positional.empty() || !given.named.empty()) throw Failure("the test takes no arguments");
  return test(e, v);
}

}  // namespace

Test find_test(std::string_view name) {
  // those that compare with a value, then those that look at one alone
  static constexpr std::pair<std::string_view, Test> with_value[] = {{"divisibleby", is_divisible},
                                                                     {"sameas", is_same},
                                                                     {"in", is_in},
                                                                     {"eq", is_equal},
                                                                     {"equalto", is_equal},
                                                                     {"==", is_equal},
                                                                     {"ne", is_unequal},
                                                                     {"!=", is_unequal},
                                                                     {"lt", is_less},
                                                                     {"lessthan", is_less},
                                                                     {"<", is_less},
                                                                     {"gt", is_greater},
                                                                     {"greaterthan", is_greater},
                                                                     {">", is_greater},
                                                                     {"le", is_at_most},
                                                                     {"<=", is_at_most},
                                                                     {"ge", is_at_least},
                                                                     {">=", is_at_least}};
  static constexpr std::pair<std::string_view, Test> of_one[] = {
      {"defined", alone<is_defined>},   {"undefined", alone<is_undefined>}, {"none", alone<is_none>},
      {"string", alone<is_string>},     {"mapping", alone<is_mapping>},     {"iterable", alone<is_iterable>},
      {"sequence", alone<is_sequence>}, {"number", alone<is_number>},       {"integer", alone<is_integer>},
      {"float", alone<is_float>},       {"boolean", alone<is_boolean>},     {"true", alone<is_true>},
      {"false", alone<is_false>},       {"callable", alone<is_callable>},   {"odd", alone<is_odd>},
      {"even", alone<is_even>},         {"filter", alone<is_filter>},       {"test", alone<is_test>},
      {"escaped", alone<is_escaped>},   {"lower", alone<is_lower_text>},    {"upper", alone<is_upper_text>}};
  for (const auto& [known, f] : with_value)
    if (known == name) return f;
  for (const auto& [known, f] : of_one)
    if (known == name) return f;
  return nullptr;
}

}  // namespace sextant::jinja
