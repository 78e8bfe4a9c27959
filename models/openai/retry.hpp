// What an exchange with the server came to, and when it is worth another try. Pure. [any] thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sextant::openai {

enum class Verdict {
  answered,    // 200: whether it is an answer, its body says
  refused,     // the server has understood and will not: asking again changes nothing
  busy,        // too many requests: later, and fewer at once
  failed,      // the server failed at this request (500, an answer that is none, no answer in time)
  gone,        // nobody is there, or only a proxy is
  untrusted,   // its certificate is not one that is trusted
};

/// Of a complete HTTP exchange.
Verdict verdict_of_status(long status);
/// Of one that was not; `curl_code` is libcurl's.
Verdict verdict_of_code(int curl_code);

/// How long to wait before try number `tries` + 1 (tries >= 1): the first time `base_ms`, then twice as long each time, at most
/// a minute; half of it is drawn with `random`, so that those that failed together do not come again together.
int64_t backoff_ms(int64_t base_ms, uint32_t tries, uint64_t random);

/// Retry-After: seconds, or an HTTP date; "retry-after-ms" is milliseconds. 0 where it says nothing. Not more than ten minutes.
int64_t retry_after_ms(std::string_view value, bool in_milliseconds, int64_t now_s);

}  // namespace sextant::openai
