// Where the files of a model lie that somebody named. Looks at the disk and nowhere else: nothing is fetched.
#pragma once
#include <string>
#include <sextant/result.hpp>

namespace sextant::config {

enum class ModelFiles { file, folder, either };

/// The path itself; for "org/name" that is no path here, the snapshot of that model that lies in Hugging Face's cache, if one does
/// ($HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub). What lies nowhere comes back as it
/// is: only who opens it needs it. An error (kind data) where a file stands for a folder, or a folder for a file; `origin`
/// ("--hf-path") names it there.
Result<std::string> locate_model(const std::string& origin, const std::string& path, ModelFiles expected);

}  // namespace sextant::config
