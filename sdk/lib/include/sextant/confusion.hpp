// Numbers over a whole set of classified samples: Matthews' correlation, F1 by class. Pure; [any] thread.
#pragma once
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace sextant::metric {

/// How often each class was given, meant, and both.
class Confusion {
 public:
  void add(const std::string& given, const std::string& meant, double times = 1) {
    if (given == meant) right_ += times, classes_[given].both += times;
    classes_[given].given += times;
    classes_[meant].meant += times;
    n_ += times;
  }
  double size() const { return n_; }
  /// Share of those that were given as they were meant.
  double accuracy() const { return n_ == 0 ? 0 : right_ / n_; }

  /// Gorodkin's correlation for any number of classes, Matthews' for two; 0 where only one class was given or meant.
  double mcc() const {
    double product = 0, given_squares = 0, meant_squares = 0;
    for (const auto& [name, c] : classes_) {
      product += c.given * c.meant;
      given_squares += c.given * c.given;
      meant_squares += c.meant * c.meant;
    }
    const double below = (n_ * n_ - given_squares) * (n_ * n_ - meant_squares);
    return below <= 0 ? 0 : (right_ * n_ - product) / std::sqrt(below);
  }

  struct F1 {
    double precision = 0, recall = 0, f1 = 0;
    double meant = 0, given = 0;
  };
  F1 of(const std::string& name) const {
    const auto found = classes_.find(name);
    if (found == classes_.end()) return {};
    const Class& c = found->second;
    const auto share = [](double part, double whole) { return whole == 0 ? 0 : part / whole; };
    return {share(c.both, c.given), share(c.both, c.meant), share(2 * c.both, c.given + c.meant), c.meant, c.given};
  }
  /// Over all these together.
  double micro_f1(const std::vector<std::string>& names) const {
    double both = 0, sum = 0;
    for (const std::string& name : names)
      if (const auto found = classes_.find(name); found != classes_.end())
        both += found->second.both, sum += found->second.given + found->second.meant;
    return sum == 0 ? 0 : 2 * both / sum;
  }
  /// All classes, given or meant.
  std::vector<std::string> all() const {
    std::vector<std::string> out;
    for (const auto& [name, c] : classes_) out.push_back(name);
    return out;
  }
  /// The classes that references name; what a reply makes up is none.
  std::vector<std::string> meant() const {
    std::vector<std::string> out;
    for (const auto& [name, c] : classes_)
      if (c.meant > 0) out.push_back(name);
    return out;
  }

 private:
  struct Class {
    double given = 0, meant = 0, both = 0;
  };
  std::map<std::string, Class> classes_;
  double n_ = 0, right_ = 0;
};

}  // namespace sextant::metric
