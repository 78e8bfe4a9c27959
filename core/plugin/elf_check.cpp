#include "elf_check.hpp"
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

#if defined(__x86_64__)
constexpr uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t this_machine = EM_RISCV;
#else
constexpr uint16_t this_machine = EM_NONE;  // not known here: dlopen has the last word
#endif

constexpr size_t symbols_max = size_t{1} << 22;  // a plugin exports one symbol; four million is not a plugin

/// A file that is only read within its bounds.
class Bytes {
 public:
  Bytes(int fd, uint64_t size) : fd_(fd), size_(size) {}
  Bytes(const Bytes&) = delete;
  ~Bytes() { ::close(fd_); }
  uint64_t size() const { return size_; }
  bool holds(uint64_t offset, uint64_t n) const { return offset <= size_ && n <= size_ - offset; }
  bool read(uint64_t offset, void* to, uint64_t n) const {
    if (!holds(offset, n)) return false;
    auto* out = static_cast<char*>(to);
    while (n > 0) {
      const ssize_t got = ::pread(fd_, out, n, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      out += got, offset += static_cast<uint64_t>(got), n -= static_cast<uint64_t>(got);
    }
    return true;
  }
  template <class T> bool read(uint64_t offset, T& to) const { return read(offset, &to, sizeof to); }
  template <class T> bool read(uint64_t offset, std::vector<T>& to, uint64_t count) const {
    if (count > size_ / sizeof(T) || !holds(offset, count * sizeof(T))) return false;  // before it allocates
    to.resize(count);
    return count == 0 || read(offset, to.data(), count * sizeof(T));
  }

 private:
  int fd_;
  uint64_t size_;
};

Error bad(const fs::path& path, std::string_view why) { return {Error::Kind::data, fmt::format("{} {}", path.string(), why)}; }

Result<void> check_header(const Elf64_Ehdr& header, const fs::path& path) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return bad(path, "is not a shared object (not an ELF file); a plugin is built with -shared");
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return bad(path, "is a 32-bit file, this program is 64-bit; rebuild it");
  constexpr unsigned char order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (header.e_ident[EI_DATA] != order || (this_machine != EM_NONE && header.e_machine != this_machine))
    return bad(path, fmt::format("was built for another processor (ELF machine {}, this program's is {}); rebuild it",
                                 header.e_machine, this_machine));
  if (header.e_type != ET_DYN) return bad(path, "is an ELF file but no shared object; a plugin is built with -shared");
  return {};
}

const char* const truncated = "is damaged or cut short (its ELF tables do not fit the file); copy or build it again";

/// The address of the entry symbol, 0 where the file exports none.
Result<uint64_t> entry_address(const Bytes& file, const Elf64_Ehdr& header, const fs::path& path) {
  std::vector<Elf64_Shdr> sections;
  if (header.e_shnum == 0) return bad(path, "has no section table, so its symbols cannot be read; build it without sstrip");
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !file.read(header.e_shoff, sections, header.e_shnum))
    return bad(path, truncated);
  constexpr std::string_view wanted = SXT_ENTRY_SYMBOL;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_link >= sections.size() || sections[section.sh_link].sh_type != SHT_STRTAB) return bad(path, truncated);
    const Elf64_Shdr& names = sections[section.sh_link];
    std::vector<Elf64_Sym> symbols;
    if (section.sh_size / sizeof(Elf64_Sym) > symbols_max || !file.holds(names.sh_offset, names.sh_size) ||
        !file.read(section.sh_offset, symbols, section.sh_size / sizeof(Elf64_Sym)))
      return bad(path, truncated);
    for (const Elf64_Sym& symbol : symbols) {
      if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
      if (symbol.st_name >= names.sh_size || names.sh_size - symbol.st_name <= wanted.size()) continue;
      char name[wanted.size() + 1];
      if (!file.read(names.sh_offset + symbol.st_name, name, sizeof name)) return bad(path, truncated);
      if (std::string_view(name, sizeof name) != std::string_view(wanted.data(), sizeof name)) continue;
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        return bad(path, "exports " SXT_ENTRY_SYMBOL " as a function; it must be a constant (see sextant/abi.h)");
      return symbol.st_value;
    }
  }
  return uint64_t{0};
}

}  // namespace

Result<EntryHead> check_elf(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return Error{Error::Kind::io,
                 fmt::format("cannot read {}: {}; check the path and its permissions", path.string(), std::strerror(errno))};
  struct stat status{};
  const bool known = ::fstat(fd, &status) == 0;
  const Bytes file(fd, known ? static_cast<uint64_t>(status.st_size) : 0);
  if (known && S_ISDIR(status.st_mode)) return bad(path, "is a directory, not a shared object");
  if (!known || !S_ISREG(status.st_mode)) return bad(path, "is not a regular file");
  if (file.size() == 0) return bad(path, "is empty; build it again");
  Elf64_Ehdr header{};
  if (!file.read(0, &header, std::min<uint64_t>(file.size(), sizeof header))) return bad(path, "cannot be read");
  SXT_CHECK(check_header(header, path));
  if (file.size() < sizeof header) return bad(path, truncated);
  SXT_TRY(const uint64_t address, entry_address(file, header, path));
  if (address == 0)
    return bad(path, "exports no " SXT_ENTRY_SYMBOL ", so it is not a Sextant plugin (see SEXTANT_PLUGIN in sextant/sdk.hpp)");

  std::vector<Elf64_Phdr> segments;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || !file.read(header.e_phoff, segments, header.e_phnum))
    return bad(path, truncated);
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const uint64_t within = address - segment.p_vaddr;
    if (within >= segment.p_filesz) continue;
    EntryHead head{};
    if (segment.p_filesz - within < sizeof head || segment.p_offset > file.size() ||
        !file.read(segment.p_offset + within, head))
      return bad(path, truncated);
    return head;
  }
  return bad(path, truncated);
}

Result<void> check_head(const EntryHead& head, const fs::path& path) {
  if (std::memcmp(head.magic, "SEXTANT", sizeof head.magic) != 0)
    return bad(path, "has a " SXT_ENTRY_SYMBOL " without the magic word SEXTANT; build it with this program's SDK");
  SXT_CHECK(check_abi(head.abi_major, head.abi_minor, path));
  if (head.struct_size < offsetof(sxt_entry, init))
    return bad(path, fmt::format("has a " SXT_ENTRY_SYMBOL " of {} bytes, too few; build it with this program's SDK",
                                 head.struct_size));
  constexpr uint32_t components_max = 4096;
  if (head.component_count == 0 || head.component_count > components_max)
    return bad(path,
               fmt::format("says that it holds {} components; 1 to {} are possible", head.component_count, components_max));
  return {};
}

Result<void> check_abi(uint32_t abi_major, uint32_t abi_minor, const fs::path& path) {
  if (abi_major == SXT_ABI_MAJOR && abi_minor <= SXT_ABI_MINOR_NEWEST) return {};
  const bool plugin_is_newer = abi_major >= SXT_ABI_MAJOR;
  return bad(path, fmt::format("was built for plugin ABI {}.{}, this program speaks {}.{}; {}", abi_major, abi_minor,
                               SXT_ABI_MAJOR, SXT_ABI_MINOR_NEWEST,
                               plugin_is_newer ? "update Sextant, or rebuild the plugin with its SDK"
                                               : "rebuild the plugin with this program's SDK"));
}

}  // namespace sextant::plugin
