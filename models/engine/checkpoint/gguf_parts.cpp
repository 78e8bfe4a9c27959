// A GGUF model in several files. Source: gguf-split of llama.cpp: the parts are called PREFIX-%05d-of-%05d.gguf, counted from
// 1; each has "split.no" (from 0) and "split.count", and the first has all other metadata.
#include <filesystem>
#include "gguf_cursor.hpp"

namespace sextant::engine {
namespace {

std::string suffix_of(int64_t number, int64_t count) { return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count); }

}  // namespace

Result<std::unique_ptr<GgufFile>> GgufFile::open_parts(std::unique_ptr<GgufFile> named) {
  const int64_t count = *named->integer("split.count"), number = named->integer("split.no").value_or(-1);
  if (count > 99'999 || number < 0 || number >= count)
    return refused(
        named->path(),
        fmt::format("claims to be part {} of {} (metadata keys \"split.no\", \"split.count\"); fetch it again", number, count));
  std::string prefix(named->path());
  const std::string suffix = suffix_of(number, count);
  if (!prefix.ends_with(suffix))
    return refused(
        prefix,
        fmt::format("is part {} of {}, and its name does not end in {}; give the parts the names that they were made with",
                    number + 1, count, suffix));
  prefix.resize(prefix.size() - suffix.size());

  std::unique_ptr<GgufFile> model;
  for (int64_t i = 0; i < count; ++i) {
    const std::string path = prefix + suffix_of(i, count);
    std::error_code failed;
    if (!std::filesystem::exists(path, failed))
      return refused(path, fmt::format("this part of the model is missing; fetch it ({} parts in all)", count));
    std::unique_ptr<GgufFile> part;
    if (i == number) part = std::move(named);
    else { SXT_TRY(part, open_one(path)); }
    if (part->integer("split.no") != i || part->integer("split.count") != count)
      return refused(path,
                     fmt::format("does not say that it is part {} of {}; fetch all parts again, from one place", i + 1, count));
    if (model) model->parts_.push_back(std::move(part));
    else model = std::move(part);
  }

  model->index_.clear();  // its names move
  for (const auto& part : model->parts_)
    model->tensors_.insert(model->tensors_.end(), part->tensors_.begin(), part->tensors_.end());
  for (size_t i = 0; i < model->tensors_.size(); ++i) {
    const std::string& name = model->tensors_[i].name;
    if (!model->index_.emplace(name, i).second)
      return refused(model->path(),
                     fmt::format("tensor {} is in two of its parts; fetch them again, from one place", shown(name)));
  }
  const auto claimed = model->integer("split.tensors.count");
  if (claimed && *claimed != static_cast<int64_t>(model->tensors_.size()))
    return refused(model->path(), fmt::format("its parts hold {} tensors, and it claims {}; fetch them again, from one place",
                                              model->tensors_.size(), *claimed));
  return model;
}

}  // namespace sextant::engine
