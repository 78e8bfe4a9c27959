// A fuzz target: any bytes as a GGUF file, through everything that the engine reads of one.
#include <cstdlib>
#include <vector>
#include <architecture/tensors.hpp>
#include <checkpoint/dequantize.hpp>
#include <checkpoint/gguf.hpp>
#include <tokenizer/formats/gguf_tokenizer.hpp>
#include "memory_file.hpp"

using namespace sextant::engine;

namespace {

void use(const GgufFile& file) {
  for (const Tensor& tensor : file.tensors()) {
    const BlockFormat& format = block_format(tensor.type);
    std::vector<float> block(format.elements);
    if (tensor.bytes.size() % format.bytes != 0 || tensor.bytes.size() < format.bytes) std::abort();
    dequantize(tensor.type, tensor.bytes.data(), block.data(), block.size());
    dequantize(tensor.type, tensor.bytes.data() + tensor.bytes.size() - format.bytes, block.data(), block.size());
  }
  if (const auto architecture = read_architecture(file); architecture && !find_tensors(file, *architecture)) std::abort();
  const auto tokenizer = make_tokenizer(file);
  if (!tokenizer) return;
  const std::string_view text = "ab <|im_end|> 12\xE4\xB8\xAD\xFF\n";
  for (const bool flag : {false, true}) {
    const Encoding e = (*tokenizer)->encode(text, {flag, flag});
    if (e.ids.size() != e.end.size() || (!e.end.empty() && e.end.back() > text.size())) std::abort();
    (*tokenizer)->decode(e.ids, flag);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto file = GgufFile::open(sextant::fuzz::memory_file(data, size))) use(**file);
  return 0;
}
