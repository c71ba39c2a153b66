/* curl's options, of all versions up to 8.17, without those that the table of options has too. */
#include "options/curl.h"

#include <stdbool.h>
#include <string.h>

#define HTTP_ALONE  "only http and https are spoken"
#define NO_COOKIES  "no cookies are kept; -H 'Cookie: NAME=VALUE' sends some"
#define NO_FILES    "-o FILE is the only place where a response can go"
#define NO_TLS      "the TLS library's own settings hold"
#define NO_MULTIPLE "every API gets the same request; settings of single ones are for --config FILE"
#define NO_LOGIN    "-u and --oauth2-bearer are the ways to authenticate"
#define NO_SIDE     "a connection leaves as the system routes it"
#define NO_MEMORY   "nothing is remembered from one run to the next"
#define NO_RANGE    "a request sends a message; what it fetches is always fetched whole"
#define NO_TRACE    "-v shows the conversations, on standard error"
#define NO_CURLRC   "no file of curl's is read; settings are for --config FILE, as JSON"
#define NO_METER    "no progress is shown"
#define NO_NETRC    "no .netrc is read; use -u, or user in --config FILE"
#define NO_NAMES    "names are looked up as the system does; --resolve and --connect-to say otherwise"
#define NO_SSH      "http and https know no such keys"
#define PEM_ALONE   "certificates and keys are PEM files"
#define PROXY_URL   "write it into the proxy's URL: -x http://USER:PASSWORD@HOST:PORT"
#define PROXY_SOCKS "write -x with socks4://, socks4a://, socks5:// or socks5h:// before the proxy's host"
#define PROXY_TLS   "a proxy's TLS cannot be set up apart from the API's"
#define HTTP_1_1    "HTTP/1.1 is spoken, and HTTP/2 with --http2"
#define RETRY       "--retry goes to the APIs that failed transiently, a refused connection included"
#define SLOW        "--attempt-timeout bounds an attempt, however slow it is"
#define SENT_WHOLE  "a body is sent as it is, and as fast as it goes"
#define EVENTS      "--format json tells statuses, sizes and times; see poolsend-events(5)"

static const struct {
  const char *name;
  char letter; /* 0: none */
  const char *words;
} options[] = {
    {"abstract-unix-socket", 0, "--unix-socket connects through a socket that has a path"},
    {"alpn", 0, "HTTP/2 is offered only with --http2"},
    {"alt-svc", 0, NO_MEMORY},
    {"anyauth", 0, NO_LOGIN},
    {"append", 'a', HTTP_ALONE},
    {"aws-sigv4", 0, "requests are not signed"},
    {"basic", 0, "-u does that, and there is no other way for it to authenticate"},
    {"buffer", 'N', "events are written as they happen"},
    {"ca-native", 0, NO_TLS},
    {"cert-status", 0, NO_TLS},
    {"cert-type", 0, PEM_ALONE},
    {"ciphers", 0, NO_TLS},
    {"clobber", 0, "-o FILE replaces the file, once an API has accepted the message"},
    {"compressed-ssh", 0, HTTP_ALONE},
    {"continue-at", 'C', NO_RANGE},
    {"cookie", 'b', NO_COOKIES},
    {"cookie-jar", 'c', NO_COOKIES},
    {"create-dirs", 0, NO_FILES},
    {"create-file-mode", 0, NO_FILES},
    {"crlf", 0, SENT_WHOLE},
    {"crlfile", 0, NO_TLS},
    {"curves", 0, NO_TLS},
    {"data-ascii", 0, "it is another name of -d"},
    {"delegation", 0, NO_LOGIN},
    {"digest", 0, NO_LOGIN},
    {"disable", 'q', "no .curlrc is read anyway"},
    {"disable-eprt", 0, HTTP_ALONE},
    {"disable-epsv", 0, HTTP_ALONE},
    {"disallow-username-in-url", 0, "a URL may have a user's name and password, which are never shown"},
    {"dns-interface", 0, NO_NAMES},
    {"dns-ipv4-addr", 0, NO_NAMES},
    {"dns-ipv6-addr", 0, NO_NAMES},
    {"dns-servers", 0, NO_NAMES},
    {"doh-cert-status", 0, NO_NAMES},
    {"doh-insecure", 0, NO_NAMES},
    {"doh-url", 0, NO_NAMES},
    {"dump-ca-embed", 0, NO_TLS},
    {"dump-header", 'D', "-v shows the headers of every answer"},
    {"ech", 0, NO_TLS},
    {"egd-file", 0, NO_TLS},
    {"engine", 0, NO_TLS},
    {"etag-compare", 0, "-H 'If-None-Match: TAG' sends a tag"},
    {"etag-save", 0, NO_MEMORY},
    {"expect100-timeout", 0, "no Expect is sent, unless by -H"},
    {"fail", 'f', "an answer that is no success never counts; see --success"},
    {"fail-early", 0, "the next API is tried after a failure; see --fatal-status"},
    {"fail-with-body", 0, "an answer that is no success never counts; --format json shows its body"},
    {"false-start", 0, NO_TLS},
    {"follow", 0, "-L follows redirects"},
    {"form", 'F', "no multipart body is made; send one by --data-binary @FILE and -H 'Content-Type: ...'"},
    {"form-escape", 0, "no multipart body is made"},
    {"form-string", 0, "no multipart body is made; --data-urlencode makes a form"},
    {"ftp-account", 0, HTTP_ALONE},
    {"ftp-alternative-to-user", 0, HTTP_ALONE},
    {"ftp-create-dirs", 0, HTTP_ALONE},
    {"ftp-method", 0, HTTP_ALONE},
    {"ftp-pasv", 0, HTTP_ALONE},
    {"ftp-port", 'P', HTTP_ALONE},
    {"ftp-pret", 0, HTTP_ALONE},
    {"ftp-skip-pasv-ip", 0, HTTP_ALONE},
    {"ftp-ssl", 0, HTTP_ALONE},
    {"ftp-ssl-ccc", 0, HTTP_ALONE},
    {"ftp-ssl-ccc-mode", 0, HTTP_ALONE},
    {"ftp-ssl-control", 0, HTTP_ALONE},
    {"ftp-ssl-reqd", 0, HTTP_ALONE},
    {"get", 'G', "a body is sent as a body; write a query into the URL"},
    {"globoff", 'g', "nothing in a URL is expanded anyway"},
    {"happy-eyeballs-timeout-ms", 0, "addresses are tried in turn, each for two seconds at most; -4 and -6 choose"},
    {"haproxy-clientip", 0, NO_SIDE},
    {"haproxy-protocol", 0, NO_SIDE},
    {"head", 'I', "use -X HEAD; -v shows the headers of the answer"},
    {"hostpubmd5", 0, HTTP_ALONE},
    {"hostpubsha256", 0, HTTP_ALONE},
    {"hsts", 0, NO_MEMORY},
    {"http0.9", 0, "an answer without a status counts for nothing"},
    {"http1.0", '0', HTTP_1_1},
    {"http1.1", 0, "it is spoken anyway, unless --http2 is given"},
    {"http2-prior-knowledge", 0, "--http2 offers HTTP/2 over https"},
    {"http3", 0, HTTP_1_1},
    {"http3-only", 0, HTTP_1_1},
    {"ignore-content-length", 0, "an answer that is shorter than it says is incomplete"},
    {"include", 'i', "-v shows the headers of every answer"},
    {"interface", 0, NO_SIDE},
    {"ip-tos", 0, NO_SIDE},
    {"ipfs-gateway", 0, HTTP_ALONE},
    {"junk-session-cookies", 'j', NO_COOKIES},
    {"keepalive", 0, "--attempt-timeout ends an attempt whose peer is gone"},
    {"keepalive-cnt", 0, "--attempt-timeout ends an attempt whose peer is gone"},
    {"keepalive-time", 0, "--attempt-timeout ends an attempt whose peer is gone"},
    {"key-type", 0, PEM_ALONE},
    {"knownhosts", 0, HTTP_ALONE},
    {"krb", 0, HTTP_ALONE},
    {"krb4", 0, HTTP_ALONE},
    {"libcurl", 0, "--dry-run shows the requests that would be made"},
    {"limit-rate", 0, "--rate bounds the messages of a stream; a transfer goes as fast as it can"},
    {"list-only", 'l', HTTP_ALONE},
    {"local-port", 0, NO_SIDE},
    {"location-trusted", 0, "-L follows redirects, but never takes credentials to another host"},
    {"login-options", 0, HTTP_ALONE},
    {"mail-auth", 0, HTTP_ALONE},
    {"mail-from", 0, HTTP_ALONE},
    {"mail-rcpt", 0, HTTP_ALONE},
    {"mail-rcpt-allowfails", 0, HTTP_ALONE},
    {"manual", 'M', "the manual is poolsend(1): man poolsend"},
    {"max-filesize", 0, "--max-response bounds what is shown of a response"},
    {"max-redirs", 0, "-L follows 30 redirects at most"},
    {"metalink", 0, HTTP_ALONE},
    {"mptcp", 0, NO_SIDE},
    {"negotiate", 0, NO_LOGIN},
    {"netrc", 'n', NO_NETRC},
    {"netrc-file", 0, NO_NETRC},
    {"netrc-optional", 0, NO_NETRC},
    {"next", ':', NO_MULTIPLE},
    {"npn", 0, "HTTP/2 is offered only with --http2"},
    {"ntlm", 0, NO_LOGIN},
    {"ntlm-wb", 0, NO_LOGIN},
    {"out-null", 0, NO_FILES},
    {"output-dir", 0, NO_FILES},
    {"parallel", 'Z', "the APIs are tried one after the other; a short --hedge-delay lets them overlap"},
    {"parallel-immediate", 0, "--workers says how many requests are in flight"},
    {"parallel-max", 0, "--workers says how many requests are in flight"},
    {"parallel-max-host", 0, "max_in_flight in --config FILE bounds the requests to one API"},
    {"pass", 0, "write -E FILE:PASSWORD, or key_password in --config FILE"},
    {"path-as-is", 0, "steps of . and .. in a path are taken before it is sent"},
    {"pinnedpubkey", 0, "--cacert FILE with a certificate of your own trusts nothing else"},
    {"post301", 0, "a POST is not followed over a 301 or 302, which would lose its body or send it twice"},
    {"post302", 0, "a POST is not followed over a 301 or 302, which would lose its body or send it twice"},
    {"post303", 0, "a 303 is followed with GET"},
    {"preproxy", 0, "there is one proxy, -x"},
    {"progress-bar", '#', NO_METER},
    {"progress-meter", 0, NO_METER},
    {"proto", 0, HTTP_ALONE},
    {"proto-default", 0, "a URL begins with http:// or https://"},
    {"proto-redir", 0, HTTP_ALONE},
    {"proxy-anyauth", 0, PROXY_URL},
    {"proxy-basic", 0, PROXY_URL},
    {"proxy-ca-native", 0, PROXY_TLS},
    {"proxy-cacert", 0, PROXY_TLS},
    {"proxy-capath", 0, PROXY_TLS},
    {"proxy-cert", 0, PROXY_TLS},
    {"proxy-cert-type", 0, PROXY_TLS},
    {"proxy-ciphers", 0, PROXY_TLS},
    {"proxy-crlfile", 0, PROXY_TLS},
    {"proxy-digest", 0, PROXY_URL},
    {"proxy-header", 0, "headers are for the APIs alone"},
    {"proxy-http2", 0, PROXY_TLS},
    {"proxy-http3", 0, PROXY_TLS},
    {"proxy-insecure", 0, PROXY_TLS},
    {"proxy-key", 0, PROXY_TLS},
    {"proxy-key-type", 0, PROXY_TLS},
    {"proxy-negotiate", 0, PROXY_URL},
    {"proxy-ntlm", 0, PROXY_URL},
    {"proxy-pass", 0, PROXY_TLS},
    {"proxy-pinnedpubkey", 0, PROXY_TLS},
    {"proxy-service-name", 0, PROXY_URL},
    {"proxy-ssl-allow-beast", 0, PROXY_TLS},
    {"proxy-ssl-auto-client-cert", 0, PROXY_TLS},
    {"proxy-tls13-ciphers", 0, PROXY_TLS},
    {"proxy-tlsauthtype", 0, PROXY_TLS},
    {"proxy-tlspassword", 0, PROXY_TLS},
    {"proxy-tlsuser", 0, PROXY_TLS},
    {"proxy-tlsv1", 0, PROXY_TLS},
    {"proxy-user", 'U', PROXY_URL},
    {"proxy1.0", 0, "-x takes a proxy that speaks HTTP/1.1"},
    {"proxytunnel", 'p', "https goes through a tunnel anyway, and http without one"},
    {"pubkey", 0, NO_SSH},
    {"quote", 'Q', HTTP_ALONE},
    {"random-file", 0, NO_TLS},
    {"range", 'r', NO_RANGE},
    {"raw", 0, "a response is always decoded"},
    {"referer", 'e', "-H 'Referer: URL' sends it"},
    {"remote-header-name", 'J', NO_FILES},
    {"remote-name", 'O', NO_FILES},
    {"remote-name-all", 0, NO_FILES},
    {"remote-time", 'R', NO_FILES},
    {"remove-on-error", 0, "-o FILE is written only once an API has accepted the message"},
    {"request-target", 0, "the URL's path and query are what is asked for"},
    {"retry-all-errors", 0, RETRY},
    {"retry-connrefused", 0, RETRY},
    {"sasl-authzid", 0, HTTP_ALONE},
    {"sasl-ir", 0, HTTP_ALONE},
    {"service-name", 0, NO_LOGIN},
    {"sessionid", 0, NO_TLS},
    {"sigalgs", 0, NO_TLS},
    {"show-headers", 0, "-v shows the headers of every answer"},
    {"skip-existing", 0, NO_FILES},
    {"socks4", 0, PROXY_SOCKS},
    {"socks4a", 0, PROXY_SOCKS},
    {"socks5", 0, PROXY_SOCKS},
    {"socks5-basic", 0, PROXY_SOCKS},
    {"socks5-gssapi", 0, PROXY_SOCKS},
    {"socks5-gssapi-nec", 0, PROXY_SOCKS},
    {"socks5-gssapi-service", 0, PROXY_SOCKS},
    {"socks5-hostname", 0, PROXY_SOCKS},
    {"speed-limit", 'Y', SLOW},
    {"speed-time", 'y', SLOW},
    {"ssl", 0, "write https://, which never falls back to http"},
    {"ssl-allow-beast", 0, NO_TLS},
    {"ssl-auto-client-cert", 0, NO_TLS},
    {"ssl-no-revoke", 0, NO_TLS},
    {"ssl-reqd", 0, "write https://, which never falls back to http"},
    {"ssl-revoke-best-effort", 0, NO_TLS},
    {"ssl-sessions", 0, NO_MEMORY},
    {"sslv2", '2', NO_TLS},
    {"sslv3", '3', NO_TLS},
    {"stderr", 0, "write 2>FILE"},
    {"styled-output", 0, "there are no colours in the output"},
    {"suppress-connect-headers", 0, "a proxy's answers are told apart from an API's anyway"},
    {"tcp-fastopen", 0, NO_SIDE},
    {"tcp-nodelay", 0, "it is set anyway"},
    {"telnet-option", 't', HTTP_ALONE},
    {"tftp-blksize", 0, HTTP_ALONE},
    {"tftp-no-options", 0, HTTP_ALONE},
    {"time-cond", 'z', NO_RANGE},
    {"tls-earlydata", 0, "what is sent early may be sent twice"},
    {"tls-max", 0, NO_TLS},
    {"tls13-ciphers", 0, NO_TLS},
    {"tlsauthtype", 0, NO_LOGIN},
    {"tlspassword", 0, NO_LOGIN},
    {"tlsuser", 0, NO_LOGIN},
    {"tlsv1", '1', NO_TLS},
    {"tlsv1.0", 0, NO_TLS},
    {"tlsv1.1", 0, NO_TLS},
    {"tlsv1.2", 0, NO_TLS},
    {"tlsv1.3", 0, NO_TLS},
    {"tr-encoding", 0, "--compressed asks for a compressed answer"},
    {"trace", 0, NO_TRACE},
    {"trace-ascii", 0, NO_TRACE},
    {"trace-config", 0, NO_TRACE},
    {"trace-ids", 0, NO_TRACE},
    {"trace-time", 0, NO_TRACE},
    {"upload-file", 'T', "--data-binary @FILE with -X PUT does that"},
    {"upload-flags", 0, HTTP_ALONE},
    {"url-query", 0, "write it into the URL"},
    {"use-ascii", 'B', HTTP_ALONE},
    {"variable", 0, "use a variable of the shell"},
    {"vlan-priority", 0, NO_SIDE},
    {"write-out", 'w', EVENTS},
    {"xattr", 0, NO_FILES},
};

/* Letters of options that the table has without one. */
static const struct {
  char letter;
  const char *words;
} letters[] = {{'K', NO_CURLRC}};

static const char *find(const char *name, size_t size)
{
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0)
      return options[i].words;
  return NULL;
}

static bool begins(const char *name, size_t size, const char *with)
{
  return size > strlen(with) && memcmp(name, with, strlen(with)) == 0;
}

/* An option with a variable in its value is --expand-X. */
const char *ps_curl_option(const char *name, size_t size)
{
  if (begins(name, size, "expand-"))
    return find("variable", strlen("variable"));
  const char *words = find(name, size);
  return words || !begins(name, size, "no-") ? words : find(name + strlen("no-"), size - strlen("no-"));
}

const char *ps_curl_letter(char letter)
{
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (options[i].letter && options[i].letter == letter)
      return options[i].words;
  for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
    if (letters[i].letter == letter)
      return letters[i].words;
  return NULL;
}
