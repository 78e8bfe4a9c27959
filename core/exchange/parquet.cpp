// The format: https://parquet.apache.org/docs/file-format, whose metadata are Thrift's compact protocol.
#include "parquet.hpp"
#include <bit>
#include <cstring>

namespace sextant::exchange {
namespace {

constexpr int64_t group_rows = 20'000;
constexpr size_t group_bytes = size_t{64} << 20;  // a page's size is an int32, and so is a text's
constexpr size_t text_bytes = size_t{1} << 30;

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in the memory");

template <class Number> void append(std::string& out, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

/// A struct of Thrift's compact protocol: members in the order of their ids.
class Struct {
 public:
  Struct& whole(int id, int64_t value, bool wide = false) {
    head(id, wide ? 6 : 5);
    number(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
    return *this;
  }
  Struct& text(int id, std::string_view value) {
    head(id, 8);
    plain_text(value);
    return *this;
  }
  Struct& member(int id, Struct value) {
    head(id, 12);
    out_ += value.done();
    return *this;
  }
  Struct& list(int id, std::vector<Struct> items) {
    list_head(id, items.size(), 12);
    for (Struct& item : items) out_ += item.done();
    return *this;
  }
  Struct& one_text(int id, std::string_view value) {
    list_head(id, 1, 8);
    plain_text(value);
    return *this;
  }
  Struct& two_numbers(int id, int first, int second) {
    list_head(id, 2, 5);
    number(static_cast<uint64_t>(first) << 1);
    number(static_cast<uint64_t>(second) << 1);
    return *this;
  }
  std::string done() { return out_ + '\0'; }

 private:
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void plain_text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void head(int id, int type) {
    out_ += static_cast<char>((id - last_) << 4 | type);
    last_ = id;
  }
  void list_head(int id, size_t size, int type) {
    head(id, 9);
    if (size < 15) out_ += static_cast<char>(size << 4 | static_cast<size_t>(type));
    else out_ += static_cast<char>(0xF0 | type), number(size);
  }
  std::string out_;
  int last_ = 0;
};

// parquet.thrift's numbers
constexpr int type_int64 = 2, type_double = 5, type_byte_array = 6, optional = 1, utf8 = 0, plain = 0, rle = 3, data_page = 0,
              uncompressed = 0;

int type_of(ParquetWriter::Kind kind) {
  return kind == ParquetWriter::Kind::whole ? type_int64 : kind == ParquetWriter::Kind::real ? type_double : type_byte_array;
}

// Which cells there are: a run of bits, eight to a byte.
std::string levels(const std::vector<bool>& given) {
  std::string run;
  for (uint64_t head = (given.size() + 7) / 8 << 1 | 1;; head >>= 7) {
    if (head < 0x80) {
      run += static_cast<char>(head);
      break;
    }
    run += static_cast<char>(head | 0x80);
  }
  for (size_t i = 0; i < given.size(); i += 8) {
    unsigned byte = 0;
    for (size_t bit = 0; bit < 8 && i + bit < given.size(); ++bit) byte |= static_cast<unsigned>(given[i + bit]) << bit;
    run += static_cast<char>(byte);
  }
  std::string out;
  append(out, static_cast<uint32_t>(run.size()));
  return out + run;
}

}  // namespace

Result<ParquetWriter> ParquetWriter::open(const std::filesystem::path& path, std::vector<Column> columns) {
  SXT_TRY(FileWriter file, FileWriter::open(path));
  ParquetWriter out(std::move(file), std::move(columns));
  SXT_CHECK(out.put("PAR1"));
  return out;
}

Result<void> ParquetWriter::put(std::string_view bytes) {
  at_ += static_cast<int64_t>(bytes.size());
  return file_.write(bytes);
}

Result<void> ParquetWriter::row(const std::vector<Cell>& cells) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Pending& to = pending_[i];
    const size_t before = to.values.size();
    if (columns_[i].kind == Kind::whole && std::holds_alternative<int64_t>(cells[i]))
      append(to.values, std::get<int64_t>(cells[i]));
    if (columns_[i].kind == Kind::real && std::holds_alternative<double>(cells[i]))
      append(to.values, std::get<double>(cells[i]));
    if (const std::string* text = std::get_if<std::string>(&cells[i]);
        text && columns_[i].kind == Kind::text && text->size() < text_bytes) {
      append(to.values, static_cast<uint32_t>(text->size()));
      to.values += *text;
    }
    to.given.push_back(to.values.size() > before);
    waiting_bytes_ += to.values.size() - before;
  }
  ++waiting_;
  return waiting_ >= group_rows || waiting_bytes_ >= group_bytes ? end_group() : Result<void>();
}

Result<void> ParquetWriter::end_group() {
  if (waiting_ == 0) return {};
  Group group{waiting_, 0, {}};
  for (Pending& column : pending_) {
    const std::string page = levels(column.given) + column.values;
    Struct about;
    about.whole(1, waiting_).whole(2, plain).whole(3, rle).whole(4, rle);
    const auto size = static_cast<int64_t>(page.size());
    const std::string head = Struct().whole(1, data_page).whole(2, size).whole(3, size).member(5, std::move(about)).done();
    group.chunks.push_back({at_, static_cast<int64_t>(head.size() + page.size())});
    group.bytes += group.chunks.back().bytes;
    SXT_CHECK(put(head));
    SXT_CHECK(put(page));
    column = {};
  }
  rows_ += waiting_;
  waiting_ = 0;
  waiting_bytes_ = 0;
  groups_.push_back(std::move(group));
  return {};
}

Result<void> ParquetWriter::commit() {
  SXT_CHECK(end_group());
  std::vector<Struct> schema, groups;
  schema.push_back(Struct().text(4, "schema").whole(5, static_cast<int64_t>(columns_.size())));
  for (const Column& column : columns_) {
    Struct one;
    one.whole(1, type_of(column.kind)).whole(3, optional).text(4, column.name);
    if (column.kind == Kind::text) one.whole(6, utf8);
    schema.push_back(std::move(one));
  }
  for (const Group& group : groups_) {
    std::vector<Struct> chunks;
    for (size_t i = 0; i < columns_.size(); ++i) {
      Struct about;
      about.whole(1, type_of(columns_[i].kind)).two_numbers(2, plain, rle).one_text(3, columns_[i].name).whole(4, uncompressed);
      about.whole(5, group.rows, true)
          .whole(6, group.chunks[i].bytes, true)
          .whole(7, group.chunks[i].bytes, true)
          .whole(9, group.chunks[i].offset, true);
      chunks.push_back(Struct().whole(2, group.chunks[i].offset, true).member(3, std::move(about)));
    }
    groups.push_back(Struct().list(1, std::move(chunks)).whole(2, group.bytes, true).whole(3, group.rows, true));
  }
  const std::string metadata = Struct()
                                   .whole(1, 1)
                                   .list(2, std::move(schema))
                                   .whole(3, rows_, true)
                                   .list(4, std::move(groups))
                                   .text(6, "sextant")
                                   .done();
  SXT_CHECK(put(metadata));
  std::string end;
  append(end, static_cast<uint32_t>(metadata.size()));
  SXT_CHECK(put(end + "PAR1"));
  return file_.commit();
}

}  // namespace sextant::exchange
