// What every command works with: the plugins and cards that this machine has.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>
#include "../config/resolve.hpp"
#include "../plugin/components.hpp"

namespace sextant::cli {

class Workspace {
 public:
  Workspace(const std::string& config_dir, const std::vector<std::string>& plugin_path);
  plugin::Host& host() { return *host_; }
  const config::CardStore& cards() const { return cards_; }
  /// For resolve(): cards, schemas, the default model.
  config::World world();
  /// One warning for each file that cannot be used.
  void warn_about_problems() const;

 private:
  std::unique_ptr<plugin::Host> host_;
  config::CardStore cards_;
  config::Defaults defaults_;
};

/// Set by SIGINT and SIGTERM; a second signal ends the process at once.
std::atomic<bool>& interrupted();
void catch_signals();

/// Prints the error to stderr and returns its exit code.
int fail(const Error& error);

/// Writes to stdout, all of it and now; a closed pipe ends the process quietly, a full disk is an error.
Result<void> written_to_stdout(std::string_view bytes);

/// The same, the error printed: an exit code. For a person: what is not a plain text is shown as printable() does.
int print(std::string_view text);
/// The same for JSON, whose values stay what they are.
int print_json(std::string_view json);
/// The same for a program: byte for byte.
int print_bytes(std::string_view bytes);

/// SmolLM2-135M-Instruct, where tools/demo.sh puts it.
std::filesystem::path default_model_path();

}  // namespace sextant::cli
