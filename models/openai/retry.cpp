#include "retry.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <curl/curl.h>

namespace sextant::openai {

Verdict verdict_of_status(long status) {
  if (status >= 200 && status < 300) return Verdict::answered;
  if (status == 429 || status == 529) return Verdict::busy;  // 529: Anthropic's "overloaded"
  if (status == 502 || status == 503 || status == 504) return Verdict::gone;
  if (status >= 500 || status == 408 || status == 409 || status == 425) return Verdict::failed;
  return Verdict::refused;
}

Verdict verdict_of_code(int curl_code) {
  switch (curl_code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return Verdict::untrusted;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR: return Verdict::gone;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return Verdict::refused;
    default: return Verdict::failed;  // reset, cut short, too late, too much
  }
}

int64_t backoff_ms(int64_t base_ms, uint32_t tries, uint64_t random) {
  constexpr int64_t most = 60'000;
  const double whole = std::min<double>(most, static_cast<double>(base_ms) * std::pow(2.0, std::min(tries, 32u) - 1.0));
  const double drawn = static_cast<double>(random >> 11) / 9007199254740992.0;  // 2^53: in [0, 1)
  return std::max<int64_t>(1, static_cast<int64_t>(whole * (0.5 + 0.5 * drawn)));
}

int64_t retry_after_ms(std::string_view value, bool in_milliseconds, int64_t now_s) {
  constexpr int64_t most = 600'000;
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  double number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  double wait = 0;
  if (failed == std::errc() && (end == value.data() + value.size() || *end == ' ')) {
    wait = in_milliseconds ? number : number * 1000;
  } else {
    const time_t at = curl_getdate(std::string(value).c_str(), nullptr);
    if (at < 0) return 0;
    wait = (static_cast<double>(at) - static_cast<double>(now_s)) * 1000;
  }
  if (!(wait > 0)) return 0;
  return static_cast<int64_t>(std::min<double>(wait, most));
}

}  // namespace sextant::openai
