// What most files of the engine include, compiled once (Meson's b_pch); see core/pch.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/result.hpp>
