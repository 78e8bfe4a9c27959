#include "download.hpp"
#include <fmt/format.h>

#ifdef SXT_HAVE_CURL
#include <curl/curl.h>
#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <optional>
#include <type_traits>
#include <sextant/sha256.hpp>
#include "../base/file_parts.hpp"

namespace sextant::load {
namespace {

constexpr curl_off_t bytes_max = curl_off_t{64} << 30;   // no set that a card names is larger; a server may send without end
constexpr long connect_s = 30, silent_s = 60, redirects_max = 10;

// The library is loaded when something is fetched: linked, it and the forty that it needs would be loaded by every command.
struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;

  static Result<const Curl*> get() {
    static const Result<Curl> loaded = load();
    return loaded ? Result<const Curl*>(&*loaded) : loaded.error();
  }

 private:
  static Result<Curl> load() {
    void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    Curl out;
    const auto take = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(library ? ::dlsym(library, name) : nullptr);
      return function != nullptr;
    };
    if (!take(out.global_init, "curl_global_init") || !take(out.easy_init, "curl_easy_init") ||
        !take(out.easy_cleanup, "curl_easy_cleanup") || !take(out.easy_perform, "curl_easy_perform") ||
        !take(out.easy_strerror, "curl_easy_strerror") || !take(out.easy_setopt, "curl_easy_setopt"))
      return Error{Error::Kind::device, "the library libcurl (libcurl.so.4) is not installed, which fetching needs; install it "
                                        "(Debian: libcurl4), or put the files there yourself"};
    out.global_init(CURL_GLOBAL_DEFAULT);
    return out;
  }
};

struct Transfer {
  const std::filesystem::path* path = nullptr;
  std::optional<FileWriter> file;   // opened with the first bytes: what is refused leaves no folder
  Sha256 sum;
  uint64_t bytes = 0;
  Result<void> written;          // the first error of the disk
  const OnProgress* progress = nullptr;
  bool cancelled = false;

  static size_t on_body(char* data, size_t size, size_t n, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view part(data, size * n);
    transfer.bytes += part.size();
    if (transfer.bytes > static_cast<uint64_t>(bytes_max)) return 0;
    transfer.sum.add(part);
    transfer.written = transfer.keep(part);
    return transfer.written ? part.size() : 0;
  }
  Result<void> keep(std::string_view part) {
    if (!file) {
      SXT_TRY(FileWriter opened, FileWriter::open(*path));
      file.emplace(std::move(opened));
    }
    return file->write(part);
  }
  static int on_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.cancelled = !(*transfer.progress)(static_cast<uint64_t>(done), static_cast<uint64_t>(total));
    return transfer.cancelled ? 1 : 0;
  }
};

// What to do about it, where more can be said than to try again.
const char* remedy_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_RESOLVE_PROXY: case CURLE_COULDNT_CONNECT:
      return "check the network and https_proxy, or get the file another way and put it there yourself";
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CONNECT_ERROR:
      return "the server's certificate is not trusted here; SSL_CERT_FILE names a file of authorities";
    case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_URL_MALFORMAT: return "the card's address must be http or https";
    default: return "try again";
  }
}

}  // namespace

Result<uint64_t> download(const Download& what, const OnProgress& progress) {
  SXT_TRY(const Curl* curl, Curl::get());
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl->easy_init(), curl->easy_cleanup);
  if (!easy) return Error{Error::Kind::device, "out of memory for a connection"};
  Transfer transfer;
  transfer.path = &what.path;
  transfer.progress = &progress;
  char trouble[CURL_ERROR_SIZE] = {};
  const auto set = [&](CURLoption option, auto value) { curl->easy_setopt(easy.get(), option, value); };
  set(CURLOPT_URL, what.url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, redirects_max);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "sextant");
  set(CURLOPT_CONNECTTIMEOUT, connect_s);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, silent_s);
  set(CURLOPT_MAXFILESIZE_LARGE, bytes_max);
  set(CURLOPT_ERRORBUFFER, trouble);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
  if (const char* authorities = std::getenv("SSL_CERT_FILE"); authorities && *authorities) set(CURLOPT_CAINFO, authorities);

  const CURLcode code = curl->easy_perform(easy.get());
  if (transfer.cancelled) return Error{Error::Kind::cancelled, fmt::format("{}: interrupted; nothing was kept", what.url)};
  SXT_CHECK(transfer.written);
  if (code != CURLE_OK)
    return Error{Error::Kind::device, fmt::format("{} cannot be fetched: {}; {}", what.url,
                                                  trouble[0] ? trouble : curl->easy_strerror(code), remedy_of(code))};
  if (const std::string sum = transfer.sum.hex(); sum != what.sha256)
    return Error{Error::Kind::data,
                 fmt::format("{} is another file than the card means: its SHA-256 is {}, not {}; nothing was kept (the publisher "
                             "may have changed it; compare the two, and change the card if the new one is meant)",
                             what.url, sum, what.sha256)};
  SXT_CHECK(transfer.keep(""));   // of a file without a byte
  SXT_CHECK(transfer.file->commit());
  return transfer.bytes;
}

}  // namespace sextant::load

#else

namespace sextant::load {

Result<uint64_t> download(const Download& what, const OnProgress&) {
  return Error{Error::Kind::device,
               fmt::format("this build cannot fetch {}: it was built without libcurl; install libcurl4-openssl-dev and build it "
                           "again, or put the file at {} yourself",
                           what.url, what.path.string())};
}

}  // namespace sextant::load

#endif
