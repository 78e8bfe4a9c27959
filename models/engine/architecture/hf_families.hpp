// The families of Hugging Face folders: from config.json, as transformers 4 and 5 write it, to the table of flags. Private to
// read_architecture.
#pragma once
#include "keys.hpp"
#include "architecture.hpp"

namespace sextant::engine {

/// The table alone; the tensors are checked by find_tensors. Errors name the key; a value that would change what is computed in
/// a way that the table does not describe is one.
Result<Architecture> read_hf_architecture(const Checkpoint& checkpoint);

/// The ropes of config.json: one, or a second that belongs to the layers with a window. Both styles: rope_theta and
/// rope_scaling of transformers 4, rope_parameters of 5; what they say differently is a warning. Formulas: transformers'
/// modeling_rope_utils.py.
Result<std::vector<Rope>> read_hf_ropes(const Keys& keys, const Architecture& architecture, double default_theta,
                                        std::vector<std::string>& ret_warnings);

}  // namespace sextant::engine
