// The static check of a shared object: nothing of it is loaded or run. Tells "this is not a plugin" from the file's bytes, and
// reads the frozen head of sxt_entry (magic, ABI, sizes), so that a plugin of another ABI is refused before even its static
// initialisers run. Boost.DLL's library_info is not used for this: it trusts every size and offset of the file (a mutated
// one makes it allocate without bound or read beyond its buffers) and knows only .symtab, which stripped files lack.
#pragma once
#include <cstdint>
#include <filesystem>
#include <sextant/abi.h>
#include <sextant/result.hpp>

namespace sextant::plugin {

/// The first 24 bytes of sxt_entry, which never change.
struct EntryHead {
  char magic[8];
  uint32_t abi_major, abi_minor, struct_size, component_count;
};
static_assert(sizeof(EntryHead) == 24 && offsetof(EntryHead, component_count) == offsetof(sxt_entry, component_count));

/// The head as it stands in the file. An error names the path. Threads: [any].
Result<EntryHead> check_elf(const std::filesystem::path& path);

/// Is that a plugin which this core can call? The error says who must be rebuilt or updated.
Result<void> check_head(const EntryHead& head, const std::filesystem::path& path);
/// The same of an ABI version alone, as a manifest states it.
Result<void> check_abi(uint32_t abi_major, uint32_t abi_minor, const std::filesystem::path& path);

}  // namespace sextant::plugin
