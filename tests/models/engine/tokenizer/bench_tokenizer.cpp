// How fast a tokenizer encodes, on one thread: bench_tokenizer VOCABULARY TEXTFILE... prints MB/s for each file, the text given
// line by line as samples are, once with an empty word cache and then as a run goes on.
#include <cstdio>
#include <ctime>
#include <fstream>
#include <tokenizer/open_vocabulary.hpp>

using namespace sextant;

namespace {

struct Lines {
  std::vector<std::string> lines;
  size_t bytes = 0;
};

Lines read(const char* path) {
  Lines text;
  std::ifstream in(path, std::ios::binary);
  for (std::string line; std::getline(in, line); text.lines.push_back(std::move(line))) text.bytes += line.size();
  return text;
}

double mb_per_s(const engine::Tokenizer& tokenizer, const Lines& text, size_t& ret_tokens) {
  const std::clock_t begin = std::clock();  // of the processor, so that what runs beside it does not count
  ret_tokens = 0;
  for (const std::string& line : text.lines) ret_tokens += tokenizer.encode(line, {}).ids.size();
  return static_cast<double>(text.bytes) / 1e6 / (static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: bench_tokenizer VOCABULARY TEXTFILE...\n"), 64;
  for (int i = 2; i < argc; ++i) {
    const auto vocabulary = engine::open_vocabulary(argv[1]);
    if (!vocabulary) return std::fprintf(stderr, "%s\n", vocabulary.error().message.c_str()), 65;
    const Lines text = read(argv[i]);
    if (text.bytes == 0) return std::fprintf(stderr, "%s: no text\n", argv[i]), 65;
    size_t tokens = 0;
    const double first = mb_per_s(*vocabulary->tokenizer, text, tokens);
    double best = 0;
    for (int round = 0; round < 5; ++round) best = std::max(best, mb_per_s(*vocabulary->tokenizer, text, tokens));
    std::printf("%8.2f MB, %7.2f bytes a token, first %6.1f MB/s, then %6.1f MB/s  %s\n", static_cast<double>(text.bytes) / 1e6,
                static_cast<double>(text.bytes) / static_cast<double>(tokens), first, best, argv[i]);
  }
  return 0;
}
