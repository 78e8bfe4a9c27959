// One bubblewrap with one interpreter in it, from start to end. It is used once. Threads: [owner], the one that started it: the
// sandbox ends with that thread.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include "descriptor.hpp"
#include "plan.hpp"
#include "usage.hpp"

namespace sextant::sandbox {

class Box {
 public:
  /// `script` is what the interpreter runs; `given` become its descriptors 3, 4, ...
  static Result<std::unique_ptr<Box>> start(const Machine& machine, const Limits& limits, std::string_view script,
                                            std::span<const int> given);
  ~Box() { end(); }
  Box(const Box&) = delete;

  Usage usage() { return tree_.look(); }
  /// Files in the folder that can be written; 0 where that is not known.
  uint64_t files() const;
  /// The interpreter and all that it started are gone.
  bool ended() const;
  /// Kills what is left, and waits until it is gone.
  void end();
  /// What is printed, on both standard descriptors.
  const Descriptor& output() const { return output_; }

 private:
  Box(pid_t bwrap, pid_t init, Descriptor init_fd, Descriptor output, uint64_t folder_bytes)
      : bwrap_(bwrap),
        init_(init),
        init_fd_(std::move(init_fd)),
        output_(std::move(output)),
        tree_(init),
        folder_bytes_(folder_bytes) {}
  pid_t bwrap_, init_;          // init_: the first process of the sandbox's PID namespace
  Descriptor init_fd_, output_;
  ProcessTree tree_;
  uint64_t folder_bytes_;
};

}  // namespace sextant::sandbox
