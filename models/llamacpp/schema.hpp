// The configuration of the backend "llamacpp". docs/models.md explains the keys.
#pragma once

namespace sextant::llamacpp {

inline constexpr char schema[] = R"json({"type":"object","additionalProperties":false,"properties":{
"path":{"type":"string","minLength":1,"x-affects-results":false,"description":"the model, a .gguf file; of one in several files the first"},
"weights":{"enum":[null,"description"],"x-affects-results":false,"description":"null, description: only the vocabulary and the chat template are read"},
"chat_template":{"type":"string","default":"auto","description":"auto (the model's own), none, or a .jinja file"},
"max_seq_len":{"type":"integer","minimum":0,"maximum":16777216,"default":0,"description":"tokens of a sequence; 0: the model's own, at most 8192"},
"batch_size":{"x-identifies-model":true,"type":"integer","minimum":1,"maximum":64,"default":8,"description":"sequences that are computed together; which ones changes the last bits"},
"kv_tokens":{"type":"integer","minimum":0,"maximum":1073741824,"default":0,"x-affects-results":false,"description":"tokens that the KV cache holds, of all sequences together; 0: as many as one sequence may have, at least 8192"},
"kv_type":{"x-identifies-model":true,"enum":["f32","f16"],"default":"f32","description":"the numbers of the KV cache; f16 is half as large and llama.cpp's own default"},
"flash_attention":{"x-identifies-model":true,"enum":["off","auto"],"default":"off","description":"auto: where libllama likes it; faster on a GPU, 1e-3 in a log-probability"},
"threads":{"type":"integer","minimum":0,"maximum":1024,"default":0,"x-affects-results":false,"description":"0: one for each processor that this process may use"},
"gpu_layers":{"x-identifies-model":true,"type":"integer","minimum":-1,"maximum":10000,"default":-1,"description":"layers on the GPU, where libllama has one; -1: all"}
}})json";

}  // namespace sextant::llamacpp
