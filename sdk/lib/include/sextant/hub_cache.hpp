// Where huggingface_hub keeps what it fetched, and what it calls a model. Nothing here looks at the disk.
#pragma once
#include <string>
#include <string_view>

namespace sextant {

/// $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE (its older name), $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub,
/// ~/.cache/huggingface/hub: the first that is set; empty where none is.
std::string hub_cache_folder();

/// Where the library `datasets` keeps what it made of data sets: $HF_DATASETS_CACHE, $HF_HOME/datasets,
/// $XDG_CACHE_HOME/huggingface/datasets, ~/.cache/huggingface/datasets; empty where none is set.
std::string datasets_cache_folder();
/// The folder in it that the data set would lie in: "org___some_name" of "org/SomeName".
std::string datasets_folder_name(std::string_view id);

/// "org/name" or "name", and nothing that could lead out of the cache.
bool is_hub_id(std::string_view id);

/// Where the library `evaluate` keeps metrics that it fetched: $HF_MODULES_CACHE, else beside the two.
std::string modules_cache_folder();

/// The folder in the cache that the model would lie in: "models--org--name".
std::string hub_folder_name(std::string_view id);

/// What to say of an id that is not a path and lies in no cache: "; nor does the cache of the Hugging Face Hub .. have a model
/// of this name"; empty where it is not an id.
std::string nor_in_hub_cache(std::string_view id);

}  // namespace sextant
