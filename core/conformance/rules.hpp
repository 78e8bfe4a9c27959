// The rules that a component is tried by: a name, where the rule stands, and a function that tells whether it holds.
#pragma once
#include <span>
#include <string>
#include <vector>
#include "subject.hpp"

namespace sextant::conformance {

struct Verdict {
  enum State { holds, broken, untried } state = holds;
  std::string why;     // of a rule that is broken or was not tried; a remark on one that holds
};
inline Verdict broken(std::string why) { return {Verdict::broken, std::move(why)}; }
inline Verdict untried(std::string why) { return {Verdict::untried, std::move(why)}; }
inline Verdict verdict_of(const Result<void>& result) { return result ? Verdict{} : broken(result.error().message); }

struct Rule {
  const char* name;
  const char* place;   // "abi/base.h, Memory"
  const char* what;
  Verdict (*holds)(Subject&);
};

/// Of every component: its objects, their configuration, what they leave of the process.
std::span<const Rule> object_rules();
/// Of what is asked by items: all kinds but data sets.
std::span<const Rule> item_rules();
/// All of a kind's, in the order in which they are tried.
std::vector<Rule> rules_of(plugin::Kind kind);

/// A made object that can be asked: a retriever is prepared. Not to be called without a configuration.
Result<Made> ready(const Subject& subject);

}  // namespace sextant::conformance
