#include "safetensors.hpp"
#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>
#include <fmt/format.h>
#include "dequantize.hpp"
#include "git_lfs.hpp"
#include "messages.hpp"

namespace sextant::engine {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors are little endian, and so are the machines that we know");

constexpr uint64_t max_header_bytes = 100'000'000;  // the reference's own limit
constexpr rapidjson::SizeType max_dimensions = 8;

class Reader {
 public:
  explicit Reader(const MappedFile& file) : path_(file.path()), bytes_(file.bytes()) {}

  Result<std::vector<Tensor>> read() {
    SXT_TRY(const std::string_view header, header_text());
    data_ = bytes_.subspan(8 + header.size());
    const auto parsed = json::parse(header, "header");
    if (!parsed) return error("the header is not JSON (" + parsed.error().message + ")");
    if (!parsed->IsObject()) return error("the header is not a JSON object");
    std::vector<Tensor> tensors;
    std::unordered_set<std::string_view> names;
    for (const auto& member : parsed->GetObject()) {
      const std::string_view name = json::text(member.name);
      if (!names.insert(name).second) return error(fmt::format("{} occurs twice in the header", shown(name)));
      if (name == "__metadata__") continue;
      if (name.empty() || name.size() > 1'024) return error("a tensor has a name that is empty or longer than 1024 bytes");
      SXT_TRY(Tensor tensor, read_entry(std::string(name), member.value));
      tensors.push_back(std::move(tensor));
    }
    SXT_CHECK(check_layout(tensors));
    std::erase_if(tensors, [](const Tensor& tensor) { return is_numbering(tensor.name); });
    return tensors;
  }

 private:
  // PyTorch saved BERT's list 0, 1, 2, .. of positions with its weights until transformers 4.31. It says nothing.
  static bool is_numbering(std::string_view name) { return name == "position_ids" || name.ends_with(".position_ids"); }

  Result<std::string_view> header_text() const {
    SXT_CHECK(refuse_git_lfs_pointer(path_, bytes_));
    uint64_t size = 0;
    if (bytes_.size() < sizeof size) return error("is too short for a safetensors file");
    std::memcpy(&size, bytes_.data(), sizeof size);
    if (size > max_header_bytes) {
      return error(fmt::format("is not a safetensors file (its header would have {} bytes, and none has more than {})", size,
                               max_header_bytes));
    }
    if (size > bytes_.size() - sizeof size) {
      return error(
          fmt::format("the header has {} bytes, and only {} are in the file (cut short?)", size, bytes_.size() - sizeof size));
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + sizeof size, static_cast<size_t>(size));
    // RapidJSON would take a NUL for the end of the text
    if (!text.starts_with('{') || text.find('\0') != text.npos) return error("the header is not a JSON object");
    return text;
  }

  Result<Tensor> read_entry(std::string name, const json::Value& entry) const {
    const std::string what = "tensor " + shown(name);
    const auto dtype = json::find_string(entry, "dtype");
    const json::Value* const shape = json::find(entry, "shape");
    const json::Value* const offsets = json::find(entry, "data_offsets");
    if (!dtype || !shape || !shape->IsArray() || !offsets || !offsets->IsArray() || offsets->Size() != 2)
      return error(what + " lacks \"dtype\", \"shape\" or two \"data_offsets\"");
    const bool numbering = is_numbering(name) && *dtype == "I64";
    const auto type = numbering ? TensorType::f32 : tensor_type(*dtype);
    if (!type) {
      return Error{Error::Kind::data,
                   fmt::format("{}: {} has type {}, which cannot be read; take a checkpoint of F32, F16 or BF16 "
                               "tensors, or a GGUF file of the model",
                               path_, what, shown(*dtype))};
    }
    if (shape->Size() > max_dimensions)
      return error(fmt::format("{} has {} dimensions, and none has more than {}", what, shape->Size(), max_dimensions));
    std::vector<uint64_t> extents;
    uint64_t elements = 1;
    for (const json::Value& extent : shape->GetArray()) {
      // 2^56 numbers of up to 8 bytes: no product can overflow
      if (!extent.IsUint64() || (elements > 0 && extent.GetUint64() > (uint64_t{1} << 56) / elements))
        return error(what + " has a \"shape\" that is not a list of whole numbers, or absurdly large");
      extents.push_back(extent.GetUint64());
      elements *= extents.back();
    }
    const json::Value &begin = (*offsets)[0], &end = (*offsets)[1];
    if (!begin.IsUint64() || !end.IsUint64() || begin.GetUint64() > end.GetUint64() || end.GetUint64() > data_.size()) {
      return error(fmt::format("{} lies at {}, and {} bytes of data are in the file (cut short?)", what,
                               json::write(*offsets).substr(0, 80), data_.size()));
    }
    const uint64_t size = end.GetUint64() - begin.GetUint64(), needed = elements * (numbering ? 8 : block_format(*type).bytes);
    if (size != needed) return error(fmt::format("{} has {} bytes, and its type and shape ask for {}", what, size, needed));
    return Tensor{std::move(name), *type, std::move(extents), data_.subspan(begin.GetUint64(), size)};
  }

  static std::optional<TensorType> tensor_type(std::string_view dtype) {
    if (dtype == "F32") return TensorType::f32;
    if (dtype == "F16") return TensorType::f16;
    if (dtype == "BF16") return TensorType::bf16;
    return std::nullopt;
  }

  // Every byte of the data belongs to exactly one tensor: so says the format, and a hash of the file is one of its weights.
  Result<void> check_layout(const std::vector<Tensor>& tensors) const {
    std::vector<const Tensor*> order;
    for (const Tensor& tensor : tensors) order.push_back(&tensor);
    const auto begin = [](const Tensor* t) { return t->bytes.data(); };
    const auto end = [](const Tensor* t) { return t->bytes.data() + t->bytes.size(); };
    std::sort(order.begin(), order.end(),
              [&](auto* a, auto* b) { return std::pair(begin(a), end(a)) < std::pair(begin(b), end(b)); });
    const std::byte* expected = data_.data();
    const Tensor* before = nullptr;
    for (const Tensor* tensor : order) {
      if (begin(tensor) < expected)
        return error(fmt::format("tensors {} and {} overlap", shown(before->name), shown(tensor->name)));
      if (begin(tensor) > expected)
        return error(
            fmt::format("{} bytes before tensor {} belong to no tensor", begin(tensor) - expected, shown(tensor->name)));
      expected = end(tensor);
      before = tensor;
    }
    const std::ptrdiff_t left = data_.data() + data_.size() - expected;
    if (left > 0) return error(fmt::format("{} bytes behind the last tensor belong to no tensor", left));
    return {};
  }

  Error error(std::string_view what) const {
    return {Error::Kind::data, fmt::format("{}: {}; fetch the file again", path_, what)};
  }

  const std::string& path_;
  std::span<const std::byte> bytes_, data_;
};

}  // namespace

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  SXT_TRY(MappedFile file, MappedFile::open(path));
  SXT_TRY(std::vector<Tensor> tensors, Reader(file).read());
  return SafetensorsFile(std::move(file), std::move(tensors));
}

}  // namespace sextant::engine
