// `sextant worker sandbox`: the process that starts, watches and ends sandboxes. It holds no model and no data, so that its
// forks are cheap; as root it is an ordinary user before it does anything. It ends when its socket is closed, and its sandboxes
// with it.
#pragma once

namespace sextant::sandbox {

/// Reads jobs from the socket, one line each, and answers with verdicts. Its exit code.
int serve_sandboxes(int fd);

}  // namespace sextant::sandbox
