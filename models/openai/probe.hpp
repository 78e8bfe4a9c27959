// What a server is and can, asked before anything is evaluated. Threads: [owner].
#pragma once
#include <string>
#include <vector>
#include "settings.hpp"
#include "transfers.hpp"

namespace sextant::openai {

enum class Kind { unknown, vllm, sglang, llama_server, ollama };

struct Served {
  Kind kind = Kind::unknown;
  std::vector<std::string> models;
  std::string model;               // that is asked
  uint32_t context = 0;            // tokens; 0: it does not say
  uint32_t slots = 0;              // a llama-server's; 0: it does not say
  bool tokenizes = false;
  Scoring scoring = Scoring::none;
  std::string cannot_score;        // why not
  std::vector<std::string> notes;  // what a person should know
};
std::string_view kind_name(Kind kind);

/// One exchange, waited for. An empty body: GET.
std::unique_ptr<Exchange> ask(Transfers& transfers, std::string url, std::string body = {});

/// Throws PluginError: nobody is there, the key is wrong, it is another kind of server, it has no such model.
Served probe(const Settings& settings);
/// What is said of a server that is not asked.
Served unasked(const Settings& settings);

}  // namespace sextant::openai
