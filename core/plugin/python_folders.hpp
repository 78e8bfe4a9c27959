// Where an interpreter's packages lie besides its own prefix: what a program that is isolated must be able to import.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace sextant::plugin {

/// The folders that an environment's site-packages lead to: lines of .pth files, what `pip install -e` left where it is, and where
/// it is no virtual environment, what `pip install --user` brought. Neither / nor the home folder. `prefix`: of
/// prefix/lib/python3.11/site-packages.
std::vector<std::string> folders_of_packages(const std::filesystem::path& prefix);

}  // namespace sextant::plugin
