// A .safetensors file, mapped and checked whole before anything is used: after open() every tensor has the bytes that its type
// and shape ask for, they lie inside the file, and every byte of it belongs to one tensor. Nothing is copied.
// Format: [u64 N, little endian][N bytes of JSON][data]; the JSON is {"name": {"dtype", "shape", "data_offsets": [begin,
// end]}}, offsets from the start of the data, and "__metadata__", which says nothing about tensors and is passed over. Data may
// begin at any address: read it through dequantize(). Source: the format's README and src/tensor.rs of safetensors 0.6.
// Ownership: views live as long as the SafetensorsFile; moving it keeps them. Threads: const members are [any].
#pragma once
#include <string>
#include <vector>
#include "checkpoint.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {

class SafetensorsFile {
 public:
  /// Tensors of F32, F16 and BF16 can be read; an error names the first that is of another type. A list of positions that old
  /// checkpoints carry (`position_ids`, whole numbers) is checked like the others, and left out.
  static Result<SafetensorsFile> open(const std::string& path);

  const MappedFile& file() const { return file_; }
  MappedFile take_file() && { return std::move(file_); }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // in the order of the header

 private:
  SafetensorsFile(MappedFile file, std::vector<Tensor> tensors) : file_(std::move(file)), tensors_(std::move(tensors)) {}
  MappedFile file_;
  std::vector<Tensor> tensors_;
};

}  // namespace sextant::engine
