// Plugins that go wrong before or while they are loaded; the build makes one of each from this file (-DBAD_<WHAT>).
// Written against the bare ABI: the SDK would not let most of it happen.
#if defined(BAD_MINOR)
#define SXT_ABI_MINOR 99u
#endif
#include <sextant/abi.h>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

namespace {

[[maybe_unused]] volatile uintptr_t nowhere = 8;  // volatile: a compiler that sees the address warns of it
[[maybe_unused]] int crash() { return *reinterpret_cast<volatile int*>(nowhere); }

#if defined(BAD_STATIC_THROW)
const int at_load = []() -> int { throw std::runtime_error("the static initialiser gave up"); }();
#elif defined(BAD_STATIC_CRASH)
const int at_load = [] { std::fputs("about to crash\n", stderr); return crash(); }();
#elif defined(BAD_STATIC_EXIT)
const int at_load = [] { ::_exit(0); return 1; }();
#elif defined(BAD_STATIC_HANG)
const int at_load = [] {  // as long as the machine is busy
  while (!std::getenv("SEXTANT_TEST_IDLE")) ::pause();
  return 1;
}();
#elif defined(BAD_NOISY)
const int at_load = [] { std::puts("{\"not\": \"the manifest\"}"); std::fflush(stdout); return 1; }();
#endif

sxt_status create(const sxt_host*, sxt_str, sxt_object**, sxt_error*) { return SXT_UNSUPPORTED; }

#if defined(BAD_ID)
#define COMPONENT_ID "Bad-Id"
#elif !defined(COMPONENT_ID)
#define COMPONENT_ID "loading"
#endif
#if defined(BAD_SCHEMA)
#define COMPONENT_SCHEMA "{\"type\": \"object\", "
#else
#define COMPONENT_SCHEMA "{\"type\": \"object\", \"additionalProperties\": false}"
#endif
const sxt_component component = {sizeof(sxt_component), SXT_METRIC,       0,     0, COMPONENT_ID, "1", "",
                                 "Apache-2.0",          COMPONENT_SCHEMA, create,            nullptr};
#if defined(BAD_DUPLICATE)
const sxt_component* const components[] = {&component, &component};
#else
const sxt_component* const components[] = {&component};
#endif

#if defined(BAD_MISSING_SYMBOL)
extern "C" int a_function_that_nobody_defines();
sxt_status init(const sxt_host*, sxt_error*) { return a_function_that_nobody_defines(); }
#elif defined(BAD_INIT_FAIL)
sxt_status init(const sxt_host*, sxt_error* reterr) {
  std::snprintf(reterr->message, sizeof reterr->message, "the licence file is missing");
  return SXT_IO;
}
#elif defined(BAD_INIT_THROW)
sxt_status init(const sxt_host*, sxt_error*) { throw std::runtime_error("thrown by init"); }
#elif defined(BAD_INIT_CRASH)
sxt_status init(const sxt_host*, sxt_error*) { return crash(); }
#else
constexpr sxt_status (*init)(const sxt_host*, sxt_error*) = nullptr;
#endif

}  // namespace

#if defined(BAD_MAJOR)
#define MAJOR (SXT_ABI_MAJOR + 1)
#else
#define MAJOR SXT_ABI_MAJOR
#endif
#if defined(BAD_MAGIC)
#define MAGIC {'S', 'E', 'X', 'T', 'A', 'N', 'S', 0}
#else
#define MAGIC {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}
#endif

#if defined(BAD_NO_ENTRY)
extern "C" {
SXT_EXPORT const sxt_component* const* something_else = components;
}
#else
extern "C" SXT_EXPORT const sxt_entry sextant_plugin_entry = {
    MAGIC, MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry), sizeof components / sizeof *components, components, init, nullptr};
#endif
