// libllama as this backend uses it: loaded once, its log kept for error messages, its objects freed by their owners. The only
// header that includes llama.h. Threads: [any] unless said.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include <llama.h>

namespace sextant::llamacpp {

/// Readies the library; several times are once.
void open_library();
/// What the library said last that sounds like a reason, and forgets it: for the sentence about what failed just now.
std::string last_complaint();

struct FreeModel { void operator()(llama_model* model) const { llama_model_free(model); } };
struct FreeContext { void operator()(llama_context* context) const { llama_free(context); } };
using ModelPtr = std::unique_ptr<llama_model, FreeModel>;
using ContextPtr = std::unique_ptr<llama_context, FreeContext>;

/// A member of the GGUF's header as text, or "".
std::string metadata(const llama_model& model, const char* key);
/// The files of a model of which `path` is the first.
std::vector<std::string> files_of(const std::string& path);

}  // namespace sextant::llamacpp
