#include "gguf_tensors.hpp"
#include <algorithm>
#include <unordered_set>
#include "dequantize.hpp"

namespace sextant::engine::gguf {
namespace {

constexpr uint64_t max_tensors = 1'000'000;
constexpr uint64_t trailing_bytes_max = 1 << 20;             // padding, which is less than the largest alignment
constexpr size_t entry_bytes_least = 8 + 1 + 4 + 8 + 4 + 8;  // [string name][u32 dims][u64 dim]..[u32 type][u64 offset]

std::optional<TensorType> tensor_type(uint32_t ggml_type) {
  switch (ggml_type) {
    case 0: return TensorType::f32;
    case 1: return TensorType::f16;
    case 2: return TensorType::q4_0;
    case 3: return TensorType::q4_1;
    case 6: return TensorType::q5_0;
    case 7: return TensorType::q5_1;
    case 8: return TensorType::q8_0;
    case 10: return TensorType::q2_k;
    case 11: return TensorType::q3_k;
    case 12: return TensorType::q4_k;
    case 13: return TensorType::q5_k;
    case 14: return TensorType::q6_k;
    case 20: return TensorType::iq4_nl;
    case 23: return TensorType::iq4_xs;
    case 30: return TensorType::bf16;
    case 39: return TensorType::mxfp4;
    default: return std::nullopt;
  }
}

// The names of the types that we cannot read, so that a message says more than a number. enum ggml_type of ggml.h.
std::string type_name(uint32_t ggml_type) {
  static constexpr std::string_view names[] = {
      "F32",    "F16",  "Q4_0",    "Q4_1",   "Q4_2",   "Q4_3",    "Q5_0",  "Q5_1",   "Q8_0",   "Q8_1",  "Q2_K",
      "Q3_K",   "Q4_K", "Q5_K",    "Q6_K",   "Q8_K",   "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
      "IQ2_S",  "IQ4_XS", "I8",    "I16",    "I32",    "I64",     "F64",   "IQ1_M",  "BF16", "Q4_0_4_4", "Q4_0_4_8",
      "Q4_0_8_8", "TQ1_0", "TQ2_0", "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4", "NVFP4"};
  if (ggml_type < std::size(names)) return std::string(names[ggml_type]);
  return fmt::format("number {}", ggml_type);
}

struct Entry {
  Tensor tensor;
  uint64_t offset;  // from the start of the data
  uint64_t size;    // bytes
};

Result<Entry> read_entry(Cursor& cursor, uint64_t index) {
  SXT_TRY(const auto name, cursor.string(fmt::format("the name of tensor {}", index)));
  if (name.empty() || name.size() > 1'024 || utf8::valid_prefix(name) != name.size()) {
    return cursor.error(fmt::format("tensor {} has a name that is empty, too long or not UTF-8", index));
  }
  const std::string what = "tensor " + shown(name);
  SXT_TRY(const auto dims, cursor.read<uint32_t>(what));
  if (dims == 0 || dims > 4) return cursor.error(fmt::format("{} has {} dimensions, which must be 1 to 4", what, dims));
  std::vector<uint64_t> shape(dims);
  uint64_t elements = 1;
  for (uint32_t i = 0; i < dims; ++i) {
    SXT_TRY(const auto extent, cursor.read<uint64_t>(what));
    // 2^56 numbers of up to 4 bytes: no product below can overflow
    if (extent == 0 || extent > (uint64_t{1} << 56) / elements) {
      return cursor.error(fmt::format("{} has an extent of {} in dimension {}, which is zero or absurd", what, extent, i));
    }
    elements *= extent;
    shape[dims - 1 - i] = extent;  // the file has the fastest first
  }
  SXT_TRY(const auto number, cursor.read<uint32_t>(what));
  const auto type = tensor_type(number);
  if (!type) {
    return Error{Error::Kind::data,
                 fmt::format("{}: {} has type {}, which cannot be read; take a file of F32, F16, BF16, Q4_0, "
                             "Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS or MXFP4 tensors",
                             cursor.path(), what, type_name(number))};
  }
  const BlockFormat& format = block_format(*type);
  if (shape.back() % format.elements != 0) {
    return cursor.error(fmt::format("{} has rows of {} numbers, not a multiple of the {} in a block of {}", what, shape.back(),
                                    format.elements, format.name));
  }
  SXT_TRY(const auto offset, cursor.read<uint64_t>(what));
  return Entry{{std::string(name), *type, std::move(shape), {}}, offset, elements / format.elements * format.bytes};
}

Result<uint64_t> read_alignment(const Cursor& cursor, const json::Value& metadata) {
  const json::Value* value = json::find(metadata, "general.alignment");
  if (!value) return uint64_t{32};
  const uint64_t alignment = value->IsUint64() ? value->GetUint64() : 0;
  if (alignment < 8 || alignment > 1 << 20 || !std::has_single_bit(alignment)) {
    return cursor.error("metadata key \"general.alignment\" must be a power of two from 8 to 1048576");
  }
  return alignment;
}

}  // namespace

Result<std::vector<Tensor>> read_tensors(Cursor& cursor, uint64_t count, const json::Value& metadata,
                                         std::span<const std::byte> file) {
  SXT_TRY(const uint64_t alignment, read_alignment(cursor, metadata));
  if (count > max_tensors || !cursor.has_room(count, entry_bytes_least)) {
    return cursor.error(fmt::format("claims {} tensors, more than fit in it or than {}", count, max_tensors));
  }
  std::vector<Entry> entries;  // grows with what is read, not with what is claimed
  std::unordered_set<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    SXT_TRY(Entry entry, read_entry(cursor, i));
    if (!names.insert(entry.tensor.name).second)
      return cursor.error(fmt::format("tensor {} occurs twice", shown(entry.tensor.name)));
    entries.push_back(std::move(entry));
  }
  const uint64_t start = (cursor.offset() + alignment - 1) / alignment * alignment;
  const uint64_t data_size = start < file.size() ? file.size() - start : 0;
  for (Entry& entry : entries) {
    const std::string name = shown(entry.tensor.name);
    if (entry.offset % alignment != 0) {
      return cursor.error(
          fmt::format("tensor {} begins at {}, not a multiple of the alignment {}", name, entry.offset, alignment));
    }
    if (entry.offset > data_size || entry.size > data_size - entry.offset) {
      return cursor.error(fmt::format("tensor {} needs {} bytes at {}, but only {} bytes of data are in the file (cut short?)",
                                      name, entry.size, entry.offset, data_size));
    }
    entry.tensor.bytes = file.subspan(static_cast<size_t>(start + entry.offset), static_cast<size_t>(entry.size));
  }
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->offset < order[i - 1]->offset + order[i - 1]->size) {
      return cursor.error(
          fmt::format("tensors {} and {} overlap", shown(order[i - 1]->tensor.name), shown(order[i]->tensor.name)));
    }
  }
  // nothing reads them, but the hash of the weights would, and a hole of a terabyte takes hours
  const uint64_t end = order.empty() ? 0 : order.back()->offset + order.back()->size;
  if (data_size - end > trailing_bytes_max) {
    return cursor.error(fmt::format("{} bytes follow the last tensor and belong to none", data_size - end));
  }
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) tensors.push_back(std::move(entry.tensor));
  return tensors;
}

}  // namespace sextant::engine::gguf
