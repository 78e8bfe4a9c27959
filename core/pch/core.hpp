// What nearly every file of the core includes, compiled once (Meson's b_pch). A file still includes what it uses: with a compiler
// cache, which this would defeat, builds are configured with -Db_pch=false.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/result.hpp>
