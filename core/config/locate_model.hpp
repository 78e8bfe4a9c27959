// Where the files of a model lie that somebody named. Looks at the disk and nowhere else: nothing is fetched.
#pragma once
#include <string>
#include <sextant/result.hpp>

namespace sextant::config {

enum class ModelFiles { file, folder, either };

/// The path itself; for "org/name" that is not a path here, and for a model's folder in a cache, the snapshot of that model in
/// Hugging Face's cache (sextant/hub_cache.hpp) that refs/main names, or the only one that is there. What lies nowhere comes
/// back as it is: only who opens it needs it. An error (kind data) where a file stands for a folder, or a folder for a file,
/// and where the cache has the model but not one snapshot that is meant; `origin` ("--hf-path") names it there.
Result<std::string> locate_model(const std::string& origin, const std::string& path, ModelFiles expected);

}  // namespace sextant::config
