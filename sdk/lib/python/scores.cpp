// scikit-learn's scores of classes, and as much of numpy as stands around them: what aggregations of tasks are made of.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/confusion.hpp>
#include "../jinja/nesting.hpp"
#include "interpreter.hpp"

namespace sextant::python {
namespace {

using jinja::Bound;
using metric::Confusion;

std::string class_name(Interpreter& in, const Value& v) {
  if (!v.is_integral() && !v.string()) throw Failure(fmt::format("a class is {}", jinja::describe(v)));
  return v.is_integral() ? std::to_string(v.to_integer()) : in.library().print(v);   // True is the class 1
}

struct Classes {
  Classes(Interpreter& in, const Bound& bound) {
    const Values meant = in.iterate(*bound[0]), given = in.iterate(*bound[1]);
    if (meant.size() != given.size() || meant.empty())
      throw Failure(fmt::format("{} and {} classes are compared", meant.size(), given.size()));
    in.library().charge(meant.size());
    for (size_t i = 0; i < meant.size(); ++i) {
      confusion.add(class_name(in, given[i]), class_name(in, meant[i]));
      for (const Value* v : {&meant[i], &given[i]})
        if (names.try_emplace(class_name(in, *v), *v).second) present.push_back(*v);
    }
    std::sort(present.begin(), present.end(), [](const Value& a, const Value& b) { return jinja::less(a, b); });
  }
  Confusion confusion;
  std::map<std::string, Value> names;
  Values present;   // sorted, as average=None lists them
};

Value of_classes(Interpreter& in, const Arguments& given, const char* name, double (*part)(const Confusion::F1&)) {
  const Bound bound(name, given, {"y_true", "y_pred", "labels", "pos_label", "average", "zero_division"}, 2);
  if (bound[5] && !(bound[5]->is_integral() && bound[5]->to_integer() == 0) &&
      !(bound[5]->string() && *bound[5]->string() == "warn"))
    throw Failure(fmt::format("zero_division of {} is read as 0 alone", name));
  const Classes classes(in, bound);
  const auto of = [&](const Value& v) { return classes.confusion.of(class_name(in, v)); };
  const Value average = bound.get(4, Value("binary"));
  const Values labels = bound[2] && !bound[2]->is_none() ? in.iterate(*bound[2]) : classes.present;
  if (average.is_none()) {
    Values out;
    for (const Value& label : labels) out.emplace_back(part(of(label)));
    return in.library().list(std::move(out));
  }
  const std::string kind = average.string() ? *average.string() : "";
  if (kind == "binary") {
    const Value positive = bound.get(3, Value(1));
    if (classes.present.size() > 2) throw Failure(fmt::format("{} of {} classes needs an average", name, classes.present.size()));
    if (classes.present.size() == 2 && !classes.names.contains(class_name(in, positive)))
      throw Failure(fmt::format("{}: none of the classes is {}", name, class_name(in, positive)));
    return Value(part(of(positive)));
  }
  double sum = 0, weights = 0;
  Confusion::F1 all;
  double both = 0, given_n = 0;
  for (const Value& label : labels) {
    const Confusion::F1 one = of(label);
    const double weight = kind == "weighted" ? one.meant : 1;
    sum += weight * part(one);
    weights += weight;
    both += one.recall * one.meant;
    given_n += one.given;
    all.meant += one.meant;
  }
  if (kind == "micro") {
    all.precision = given_n == 0 ? 0 : both / given_n;
    all.recall = all.meant == 0 ? 0 : both / all.meant;
    all.f1 = given_n + all.meant == 0 ? 0 : 2 * both / (given_n + all.meant);
    return Value(part(all));
  }
  if (kind != "macro" && kind != "weighted")
    throw Failure(fmt::format("the average of {} is read as binary, micro, macro, weighted or None", name));
  return Value(weights == 0 ? 0.0 : sum / weights);
}
Value f1_score(Interpreter& in, const Arguments& given) {
  return of_classes(in, given, "f1_score()", [](const Confusion::F1& one) { return one.f1; });
}
Value precision_score(Interpreter& in, const Arguments& given) {
  return of_classes(in, given, "precision_score()", [](const Confusion::F1& one) { return one.precision; });
}
Value recall_score(Interpreter& in, const Arguments& given) {
  return of_classes(in, given, "recall_score()", [](const Confusion::F1& one) { return one.recall; });
}
Value accuracy_score(Interpreter& in, const Arguments& given) {
  return Value(Classes(in, Bound("accuracy_score()", given, {"y_true", "y_pred"}, 2)).confusion.accuracy());
}
Value matthews_corrcoef(Interpreter& in, const Arguments& given) {
  return Value(Classes(in, Bound("matthews_corrcoef()", given, {"y_true", "y_pred"}, 2)).confusion.mcc());
}

Value array(Interpreter& in, const Arguments& given) {
  const Bound bound("array()", given, {"object"}, 1);
  return Value(List{in.iterate(*bound[0]), List::Kind::list, "array"});
}
Value mean(Interpreter& in, const Arguments& given) {
  const Bound bound("mean()", given, {"a"}, 1);
  const Values items = in.iterate(*bound[0]);
  double sum = 0;
  for (const Value& v : items) {
    if (!v.is_number()) throw Failure(fmt::format("mean() of {}", jinja::describe(v)));
    sum += v.to_real();
  }
  if (items.empty()) throw Failure("mean() of nothing");
  return Value(sum / static_cast<double>(items.size()));
}

constexpr std::pair<std::string_view, Builtin> table[] = {{"sklearn.metrics.accuracy_score", accuracy_score},
                                                          {"sklearn.metrics.f1_score", f1_score},
                                                          {"sklearn.metrics.matthews_corrcoef", matthews_corrcoef},
                                                          {"sklearn.metrics.precision_score", precision_score},
                                                          {"sklearn.metrics.recall_score", recall_score},
                                                          {"numpy.array", array},
                                                          {"numpy.asarray", array},
                                                          {"numpy.mean", mean}};

}  // namespace

Builtin find_score(std::string_view name) {
  for (const auto& [known, f] : table)
    if (known == name) return f;
  return nullptr;
}

}  // namespace sextant::python
