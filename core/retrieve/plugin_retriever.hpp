// A retriever plugin among the built-in retrievers. What the ABI cannot say (several rows that are the sample itself, positions
// in a corpus that leaves out rows) is dealt with here.
#pragma once
#include "../plugin/retriever.hpp"
#include "registry.hpp"

namespace sextant::retrieve {

/// `shots` is how many examples a sample is shown at most; a plugin may give fewer.
std::unique_ptr<Retriever> make_plugin_retriever(std::string id, plugin::Retriever plugin, uint64_t shots,
                                                 const Options& options);

}  // namespace sextant::retrieve
