// Mutated and cut libraries: the static check says yes or no, whatever the bytes are; it never reads beyond the file.
#include <random>
#include "core/plugin/elf_check.hpp"
#include "plugin_folder.hpp"

using namespace sextant;
using namespace sextant::plugin;
using namespace sextant::plugin::test;

TEST_CASE("the frozen head is read from the file") {
  if (!ready()) return;
  Folder folder;
  const auto head = check_elf(folder.add("minor"));
  REQUIRE(head);
  CHECK(head->abi_major == SXT_ABI_MAJOR);
  CHECK(head->abi_minor == 99);
  CHECK(head->struct_size == sizeof(sxt_entry));
  CHECK(head->component_count == 1);
}

TEST_CASE("a library cut anywhere or with random bytes changed is judged without harm") {
  if (!ready()) return;
  Folder folder;
  const std::string whole = *read_file(folder.add("echo"));
  std::mt19937_64 random(20250101);
  const auto judge = [&](std::string bytes) {
    const auto head = check_elf(folder.write("mutant.so", bytes));
    if (!head) CHECK(head.error().message.find("mutant.so") != std::string::npos);
  };
  for (int i = 0; i < 60; ++i) judge(whole.substr(0, random() % whole.size()));
  for (int i = 0; i < 60; ++i) {  // the header and the section table, where sizes and offsets stand
    std::string bytes = whole;
    for (int k = 0; k < 4; ++k) bytes[random() % 64] = static_cast<char>(random());
    const size_t table = std::min<size_t>(bytes.size(), 2500);
    for (int k = 0; k < 4; ++k) bytes[bytes.size() - 1 - random() % table] = static_cast<char>(random());
    if (i % 2) bytes.replace(0, 20, whole, 0, 20);  // still an ELF file of this machine
    judge(std::move(bytes));
  }
}
