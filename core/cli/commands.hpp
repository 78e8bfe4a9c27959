// The commands of `sextant`, one function each: arguments behind the command's name in, exit code out. Results go to stdout,
// everything for a person to stderr.
#pragma once
#include <string>
#include <vector>

namespace sextant::cli {

int run_command(const std::vector<std::string>& args);
int list_command(const std::vector<std::string>& args);
int fetch_command(const std::vector<std::string>& args);
int prompt_command(const std::vector<std::string>& args);
int check_command(const std::vector<std::string>& args);
int report_command(const std::vector<std::string>& args);
int show_command(const std::vector<std::string>& args);
int compare_command(const std::vector<std::string>& args);
int explain_command(const std::vector<std::string>& args);
int verify_command(const std::vector<std::string>& args);
int export_command(const std::vector<std::string>& args);
int import_command(const std::vector<std::string>& args);
int gate_command(const std::vector<std::string>& args);
int model_command(const std::vector<std::string>& args);
int view_command(const std::vector<std::string>& args);
int plugins_command(std::vector<std::string> args);

/// The help of one command ("run"), or of all; empty for an unknown one.
std::string help_text(const std::string& command);

}  // namespace sextant::cli
