// What can follow `is`.
#include <fmt/format.h>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::engine::jinja {
namespace {

using Given = const Arguments&;
using Kind = List::Kind;

const Value& other(Given given) {
  if (given.positional.size() != 1 || !given.named.empty()) throw Failure("the test needs one value to compare with");
  return given.positional[0];
}

int64_t modulo(const Value& v, int64_t by) {
  if (!v.is_integral()) throw Failure(fmt::format("the test needs an integer, not {}", describe(v)));
  if (by == 0) throw Failure("division by zero");
  return by == -1 ? 0 : v.to_integer() % by;
}

bool is_defined(Evaluator&, const Value& v, Given) { return !v.is_undefined(); }
bool is_undefined(Evaluator&, const Value& v, Given) { return v.is_undefined(); }
bool is_none(Evaluator&, const Value& v, Given) { return v.is_none(); }
bool is_string(Evaluator&, const Value& v, Given) { return v.string() != nullptr; }
bool is_mapping(Evaluator&, const Value& v, Given) { return v.dict() != nullptr; }
bool is_iterable(Evaluator&, const Value& v, Given) { return v.string() || v.list() || v.dict() || v.loop() || v.is_undefined(); }
// whatever has a length and items: Jinja2 asks no more
bool is_sequence(Evaluator&, const Value& v, Given) {
  return v.string() || v.dict() || v.is_undefined() || (v.list() && v.list()->kind != Kind::generator && v.list()->kind != Kind::view);
}
bool is_number(Evaluator&, const Value& v, Given) { return v.is_number(); }
bool is_integer(Evaluator&, const Value& v, Given) { return v.integer() != nullptr; }
bool is_float(Evaluator&, const Value& v, Given) { return v.real() != nullptr; }
bool is_boolean(Evaluator&, const Value& v, Given) { return v.boolean() != nullptr; }
bool is_true(Evaluator&, const Value& v, Given) { return v.boolean() && *v.boolean(); }
bool is_false(Evaluator&, const Value& v, Given) { return v.boolean() && !*v.boolean(); }
bool is_callable(Evaluator&, const Value& v, Given) { return v.function() || v.loop() || v.is_undefined(); }
bool is_odd(Evaluator&, const Value& v, Given) { return modulo(v, 2) != 0; }
bool is_even(Evaluator&, const Value& v, Given) { return modulo(v, 2) == 0; }
bool is_divisible(Evaluator&, const Value& v, Given given) {
  if (!other(given).is_integral()) throw Failure("divisibleby needs an integer");
  return modulo(v, other(given).to_integer()) == 0;
}
bool is_filter(Evaluator&, const Value& v, Given) { return v.string() && find_filter(*v.string()); }
bool is_test(Evaluator&, const Value& v, Given) { return v.string() && find_test(*v.string()); }
bool is_same(Evaluator&, const Value& v, Given given) { return std::string_view(type_name(v)) == type_name(other(given)) && equal(v, other(given)); }
bool is_in(Evaluator& e, const Value& v, Given given) { return e.contains(other(given), v); }
bool is_lower(Evaluator& e, const Value& v, Given) {
  const std::string s = e.print(v);
  return lower(s) == s && upper(s) != s;
}
bool is_upper(Evaluator& e, const Value& v, Given) {
  const std::string s = e.print(v);
  return upper(s) == s && lower(s) != s;
}
bool is_equal(Evaluator& e, const Value& v, Given given) { return e.charge(v), equal(v, other(given)); }
bool is_unequal(Evaluator& e, const Value& v, Given given) { return e.charge(v), !equal(v, other(given)); }
bool is_less(Evaluator&, const Value& v, Given given) { return less(v, other(given)); }
bool is_greater(Evaluator&, const Value& v, Given given) { return less(other(given), v); }
bool is_at_most(Evaluator&, const Value& v, Given given) { return !less(other(given), v); }
bool is_at_least(Evaluator&, const Value& v, Given given) { return !less(v, other(given)); }

}  // namespace

Test find_test(std::string_view name) {
  static constexpr std::pair<std::string_view, Test> all[] = {
      {"defined", is_defined}, {"undefined", is_undefined}, {"none", is_none}, {"string", is_string}, {"mapping", is_mapping},
      {"iterable", is_iterable}, {"sequence", is_sequence}, {"number", is_number}, {"integer", is_integer}, {"float", is_float},
      {"boolean", is_boolean}, {"true", is_true}, {"false", is_false}, {"callable", is_callable}, {"odd", is_odd}, {"even", is_even},
      {"divisibleby", is_divisible}, {"filter", is_filter}, {"test", is_test}, {"sameas", is_same}, {"in", is_in}, {"lower", is_lower},
      {"upper", is_upper}, {"eq", is_equal}, {"equalto", is_equal}, {"==", is_equal}, {"ne", is_unequal}, {"!=", is_unequal},
      {"lt", is_less}, {"lessthan", is_less}, {"<", is_less}, {"gt", is_greater}, {"greaterthan", is_greater}, {">", is_greater},
      {"le", is_at_most}, {"<=", is_at_most}, {"ge", is_at_least}, {">=", is_at_least}};
  for (const auto& [known, f] : all)
    if (known == name) return f;
  return nullptr;
}

}  // namespace sextant::engine::jinja
