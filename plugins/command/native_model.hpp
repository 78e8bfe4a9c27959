// A model plugin behind lines (--isolate): all that the ABI knows of requests and results, as REQUEST and RESPONSE of
// sextant/abi/inferencer.h. Programs of people speak the smaller form in command.cpp.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <sextant/sdk.hpp>
#include "program.hpp"

namespace sextant::command::native {

/// What hello said.
sxt_model_info info_from(const json::Value& about);
void run(Program& program, std::span<const sxt_request* const> requests, const sxt_result_sink& sink, const std::function<bool()>& cancelled);
std::string plan(Program& program, std::span<const sxt_request* const> requests);
void tokenize(Program& program, std::span<const sxt_str> texts, uint32_t flags, const Sink& ret_tokens);
void detokenize(Program& program, std::span<const sxt_ids> ids, uint32_t flags, const Sink& ret_text);
void render_chat(Program& program, std::span<const sxt_str> conversations, const Sink& ret_prompt);

}  // namespace sextant::command::native
