// How bubblewrap is called: everything that a sandbox holds and lacks, as arguments. Pure but for `Machine::look`.
#pragma once
#include <string>
#include <utility>
#include <vector>
#include "job.hpp"

namespace sextant::sandbox {

/// NAME in $PATH; empty: nowhere.
std::string find_program(const std::string& name);

/// What of the machine goes into a sandbox.
struct Machine {
  std::string bwrap;                                        // empty: it is not installed
  std::string python;                                       // empty: there is none
  std::string prefix;                                       // the interpreter's own folder, where it is not below /usr
  std::vector<std::pair<std::string, std::string>> links;   // "/lib64" -> "usr/lib64"
  std::vector<std::string> folders;                         // "/lib64", where it is a folder of its own
  /// bwrap of $PATH; /usr/bin/python3, or python3 of $PATH where that is missing.
  static Machine look();
};

/// The descriptors that bubblewrap itself reads and writes, by their numbers in its process.
struct Handed {
  int passwd = -1, script = -1, filter = -1, info = -1;
};

/// bwrap's arguments, itself the first. They are all that it is told: its environment is empty.
std::vector<std::string> bwrap_arguments(const Machine& machine, const Limits& limits, const Handed& handed);

/// Of processes inside, by the names of Python's module resource.
std::vector<std::pair<std::string, uint64_t>> process_limits(const Limits& limits);

}  // namespace sextant::sandbox
