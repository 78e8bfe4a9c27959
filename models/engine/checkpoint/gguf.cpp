#include "gguf.hpp"
#include <cstring>
#include <fstream>
#include "dequantize.hpp"
#include "git_lfs.hpp"
#include "gguf_cursor.hpp"
#include "gguf_tensors.hpp"
#include "weights_hash.hpp"

namespace sextant::engine {

using gguf::Cursor;
using gguf::ValueType;

namespace {

constexpr size_t max_header_bytes = size_t{256} << 20;  // the largest vocabularies known take about 30 MiB
constexpr size_t max_json_items = 1'000;                // longer arrays (vocabularies) stay in the file
constexpr int max_array_depth = 4;
constexpr uint64_t max_pairs = 100'000;                 // both bound what a file of nothing but names would take in memory
constexpr uint64_t max_array_items = 1 << 24;

json::Value to_json(std::string_view text, json::Document::AllocatorType& allocator) {
  std::string valid;  // JSON texts are UTF-8; a stray byte in a description is no reason to refuse a model
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    if (character.valid) valid.append(text, i, character.size);
    else valid += "\xEF\xBF\xBD";
    i += character.size;
  }
  return json::Value(valid.data(), static_cast<rapidjson::SizeType>(valid.size()), allocator);
}

Result<json::Value> read_scalar(Cursor& cursor, ValueType type, std::string_view what,
                                json::Document::AllocatorType& allocator) {
  switch (type) {
    case ValueType::uint8: { SXT_TRY(const auto v, cursor.read<uint8_t>(what)); return json::Value(unsigned{v}); }
    case ValueType::int8: { SXT_TRY(const auto v, cursor.read<int8_t>(what)); return json::Value(int{v}); }
    case ValueType::uint16: { SXT_TRY(const auto v, cursor.read<uint16_t>(what)); return json::Value(unsigned{v}); }
    case ValueType::int16: { SXT_TRY(const auto v, cursor.read<int16_t>(what)); return json::Value(int{v}); }
    case ValueType::uint32: { SXT_TRY(const auto v, cursor.read<uint32_t>(what)); return json::Value(v); }
    case ValueType::int32: { SXT_TRY(const auto v, cursor.read<int32_t>(what)); return json::Value(v); }
    case ValueType::uint64: { SXT_TRY(const auto v, cursor.read<uint64_t>(what)); return json::Value(v); }
    case ValueType::int64: { SXT_TRY(const auto v, cursor.read<int64_t>(what)); return json::Value(v); }
    case ValueType::float32: { SXT_TRY(const auto v, cursor.read<float>(what)); return json::Value(static_cast<double>(v)); }
    case ValueType::float64: { SXT_TRY(const auto v, cursor.read<double>(what)); return json::Value(v); }
    case ValueType::boolean: {
      SXT_TRY(const auto v, cursor.read<uint8_t>(what));
      if (v > 1) return cursor.error(fmt::format("{} is a truth value of {}, which must be 0 or 1", what, v));
      return json::Value(v == 1);
    }
    case ValueType::string: { SXT_TRY(const auto v, cursor.string(what)); return to_json(v, allocator); }
    default:
      return cursor.error(fmt::format("{} has value type {}, which GGUF does not know", what, static_cast<uint32_t>(type)));
  }
}

// Passes over an array's values, whose type and count have been read, checking that they are in the file.
Result<void> skip_values(Cursor& cursor, ValueType type, uint64_t count, std::string_view what, int depth) {
  if (const size_t size = gguf::scalar_size(type)) return cursor.skip(count, size, what);
  if (type == ValueType::string) {
    if (!cursor.has_room(count, sizeof(uint64_t))) return cursor.ends_inside(what);
    for (uint64_t i = 0; i < count; ++i) SXT_CHECK(cursor.string(what));
    return {};
  }
  if (type != ValueType::array) {
    return cursor.error(fmt::format("{} has items of type {}, which GGUF does not know", what, static_cast<uint32_t>(type)));
  }
  if (depth == max_array_depth) return cursor.error(fmt::format("{} nests arrays more than {} deep", what, max_array_depth));
  if (!cursor.has_room(count, 12)) return cursor.ends_inside(what);
  for (uint64_t i = 0; i < count; ++i) {
    SXT_TRY(const auto inner, cursor.read<uint32_t>(what));
    SXT_TRY(const auto inner_count, cursor.read<uint64_t>(what));
    SXT_CHECK(skip_values(cursor, static_cast<ValueType>(inner), inner_count, what, depth + 1));
  }
  return {};
}

// The values of an array of scalars or strings as JSON; the caller has checked the count.
Result<json::Value> read_values(Cursor cursor, const gguf::Array& array, std::string_view what,
                                json::Document::AllocatorType& allocator) {
  json::Value items(rapidjson::kArrayType);
  for (uint64_t i = 0; i < array.count; ++i) {
    SXT_TRY(json::Value item, read_scalar(cursor, array.type, what, allocator));
    items.PushBack(std::move(item), allocator);
  }
  return items;
}

}  // namespace

bool GgufFile::is_one(const std::string& path) {
  char head[4] = {};
  std::ifstream in(path, std::ios::binary);
  return in.read(head, sizeof head) && std::string_view(head, sizeof head) == "GGUF";
}

Result<std::unique_ptr<GgufFile>> GgufFile::open(const std::string& path) {
  SXT_TRY(std::unique_ptr<GgufFile> file, open_one(path));
  if (file->integer("split.count").value_or(1) > 1) return open_parts(std::move(file));
  return file;
}

Result<std::unique_ptr<GgufFile>> GgufFile::open_one(const std::string& path) {
  SXT_TRY(MappedFile mapped, MappedFile::open(path));
  std::unique_ptr<GgufFile> file(new GgufFile(std::move(mapped)));
  SXT_CHECK(file->read());
  return file;
}

Result<void> GgufFile::read() {
  SXT_CHECK(refuse_git_lfs_pointer(path(), file_.bytes()));
  Cursor cursor(path(), file_.bytes(), 0, max_header_bytes);
  constexpr std::string_view begins = "GGUF";
  const auto first = file_.bytes().first(std::min(file_.bytes().size(), begins.size()));
  if (std::memcmp(first.data(), begins.data(), first.size()) != 0) {
    return Error{Error::Kind::data,
                 fmt::format("{}: is not a GGUF file (it does not begin with \"GGUF\"); name a .gguf file", path())};
  }
  SXT_TRY([[maybe_unused]] const auto magic, cursor.read<uint32_t>("the magic"));
  SXT_TRY(const auto version, cursor.read<uint32_t>("the version"));
  if (version != 2 && version != 3) {
    const bool swapped = version != 0 && (version & 0xFFFF) == 0;
    return cursor.error(swapped ? std::string("is a big-endian GGUF file, and only little-endian ones can be read")
                                : fmt::format("is GGUF version {}, and only versions 2 and 3 can be read", version));
  }
  SXT_TRY(const auto tensor_count, cursor.read<uint64_t>("the number of tensors"));
  SXT_TRY(const auto pair_count, cursor.read<uint64_t>("the number of metadata keys"));
  // the smallest pair: [u64 size][1 byte key][u32 type][1 byte value]; the smallest tensor entry: gguf_tensors.cpp
  if (pair_count > max_pairs || !cursor.has_room(pair_count, 14))
    return cursor.error(fmt::format("claims {} metadata keys, more than fit in it or than {}", pair_count, max_pairs));
  metadata_.SetObject();
  auto& allocator = metadata_.GetAllocator();
  std::unordered_map<std::string_view, uint64_t> seen;
  for (uint64_t i = 0; i < pair_count; ++i) {
    SXT_TRY(const auto key, cursor.string(fmt::format("the name of metadata key {}", i)));
    if (key.empty() || key.size() > 65'535 || utf8::valid_prefix(key) != key.size()) {
      return cursor.error(fmt::format("metadata key {} has a name that is empty, too long or not UTF-8", i));
    }
    if (!seen.emplace(key, i).second) return cursor.error(fmt::format("metadata key {} occurs twice", shown(key)));
    const std::string what = "metadata key " + shown(key);
    SXT_TRY(const auto type, cursor.read<uint32_t>(what));
    json::Value value;
    if (static_cast<ValueType>(type) == ValueType::array) {
      SXT_TRY(const auto item_type, cursor.read<uint32_t>(what));
      SXT_TRY(const auto count, cursor.read<uint64_t>(what));
      const gguf::Array array{static_cast<ValueType>(item_type), count, cursor.offset()};
      SXT_CHECK(skip_values(cursor, array.type, count, what, 1));
      arrays_.emplace(key, array);
      if (count > max_json_items || array.type == ValueType::array) continue;
      SXT_TRY(value, read_values(Cursor(path(), file_.bytes(), array.offset, max_header_bytes), array, what, allocator));
    } else {
      SXT_TRY(value, read_scalar(cursor, static_cast<ValueType>(type), what, allocator));
    }
    json::Value name(key.data(), static_cast<rapidjson::SizeType>(key.size()), allocator);
    metadata_.AddMember(std::move(name), std::move(value), allocator);
  }
  SXT_TRY(tensors_, gguf::read_tensors(cursor, tensor_count, metadata_, file_.bytes()));
  for (size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
  return {};
}

const Tensor* GgufFile::find(std::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

Result<std::string> GgufFile::sha256() const {
  std::vector<const MappedFile*> files = {&file_};
  for (const auto& part : parts_) files.push_back(&part->file_);
  return weights_sha256(std::move(files));
}

void GgufFile::let_go() const {
  file_.let_go();
  for (const auto& part : parts_) part->file_.let_go();
}

Result<const gguf::Array*> GgufFile::array(std::string_view key) const {
  const auto it = arrays_.find(std::string(key));
  if (it != arrays_.end() && it->second.count <= max_array_items) return &it->second;
  return Error{Error::Kind::data, fmt::format("{}: metadata has no array {} of at most 16777216 items; convert the model anew",
                                              path(), shown(key))};
}

Result<std::vector<std::string_view>> GgufFile::string_array(std::string_view key) const {
  SXT_TRY(const gguf::Array* found, array(key));
  Cursor cursor(path(), file_.bytes(), found->offset, max_header_bytes);
  if (found->type != ValueType::string) return cursor.error(fmt::format("metadata key {} must hold strings", shown(key)));
  std::vector<std::string_view> items;
  items.reserve(found->count);
  for (uint64_t i = 0; i < found->count; ++i) {
    SXT_TRY(const auto item, cursor.string(key));
    items.push_back(item);
  }
  return items;
}

Result<std::vector<int64_t>> GgufFile::int_array(std::string_view key) const {
  SXT_TRY(const gguf::Array* found, array(key));
  Cursor cursor(path(), file_.bytes(), found->offset, max_header_bytes);
  std::vector<int64_t> items;
  json::Document holder;
  for (uint64_t i = 0; i < found->count; ++i) {
    SXT_TRY(const auto item, read_scalar(cursor, found->type, shown(key), holder.GetAllocator()));
    if (!item.IsInt64()) return cursor.error(fmt::format("metadata key {} must hold integers", shown(key)));
    items.push_back(item.GetInt64());
  }
  return items;
}

Result<std::vector<float>> GgufFile::float_array(std::string_view key) const {
  SXT_TRY(const gguf::Array* found, array(key));
  Cursor cursor(path(), file_.bytes(), found->offset, max_header_bytes);
  if (found->type != ValueType::float32)
    return cursor.error(fmt::format("metadata key {} must hold float32 numbers", shown(key)));
  std::vector<float> items(found->count);
  if (!items.empty()) std::memcpy(items.data(), file_.bytes().data() + found->offset, items.size() * sizeof(float));
  return items;
}

}  // namespace sextant::engine
