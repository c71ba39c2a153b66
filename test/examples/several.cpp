/* Two senders, each from a configuration file, on one pool of threads, in C++; many threads submit, and nothing is cut
 * short.
 *
 *     c++ -std=c++17 several.cpp $(pkg-config --cflags --libs poolsend) -pthread -o several
 *     ./several pages.json orders.json
 *
 * Each sender has four threads that submit and one that fetches what became of the messages, many events at a time. At
 * the end the senders are closed: they take up no more, and when the last message has settled the fetching threads
 * are told so. What a thread throws comes out of its future; what goes on then is cancelled. */
#include <poolsend.h>

#include <exception>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

template <auto Free> struct Freed {
  template <typename Handle> void operator()(Handle *handle) const noexcept { Free(handle); }
};
using Pool = std::unique_ptr<poolsend_pool, Freed<poolsend_pool_free>>;
using File = std::unique_ptr<poolsend_file, Freed<poolsend_file_free>>;
using Sender = std::unique_ptr<poolsend_sender, Freed<poolsend_free>>;
using Event = std::unique_ptr<poolsend_event, Freed<poolsend_event_free>>;

static void check(int result, const std::string &path, const char *text = "")
{
  if (result != 0)
    throw std::runtime_error(path + ": " + (*text ? text : poolsend_strerror(result)));
}

static Pool make_pool(unsigned threads)
{
  poolsend_pool *pool;
  check(poolsend_pool_new(&pool, threads, 0), "pool");
  return Pool(pool);
}

static Sender make_sender(const std::string &path, poolsend_pool &pool)
{
  std::ifstream stream(path);
  if (!stream)
    throw std::runtime_error(path + ": cannot be opened");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  poolsend_error error;
  poolsend_file *parsed;
  check(poolsend_file_parse(&parsed, text.data(), text.size(), &error), path, error.text);
  const File file(parsed);
  file->config->pool = &pool;
  poolsend_sender *sender;
  check(poolsend_new(&sender, file->config, &error), path, error.text);
  return Sender(sender);
}

struct Tally {
  unsigned delivered = 0, twice = 0, undelivered = 0;

  void count(const poolsend_event &settled)
  {
    delivered += settled.delivered_count > 0;
    twice += settled.delivered_count > 1;
    undelivered += settled.delivered_count == 0;
  }
};

class Route {
public:
  Route(const char *config, poolsend_pool &pool) : path(config), sender(make_sender(path, pool)) {}

  // A future waits for its thread, and the threads for the sender.
  ~Route() { poolsend_close(sender.get(), 0); }

  void start()
  {
    fetcher = std::async(std::launch::async, [this] { return fetch(); });
    for (int i = 0; i < 4; i++)
      submitters.push_back(std::async(std::launch::async, [this] { submit(); }));
  }

  // Whether everything was delivered.
  bool finish()
  {
    for (auto &submitter : submitters)
      submitter.get();
    poolsend_close(sender.get(), POOLSEND_NEVER);
    const Tally tally = fetcher.get();
    std::cout << path << ": " << tally.delivered << " delivered, " << tally.twice << " of them more than once; "
              << tally.undelivered << " undelivered" << std::endl;
    return tally.undelivered == 0;
  }

private:
  const std::string path;
  const Sender sender;
  std::future<Tally> fetcher;
  std::vector<std::future<void>> submitters;

  // While the sender has its hands full, this waits.
  void submit() const
  {
    poolsend_message message;
    poolsend_message_init(&message);
    message.json = true;
    for (int i = 0; i < 25; i++) {
      const std::string body = "{\"number\": " + std::to_string(i) + "}";
      poolsend_message_text(&message, body.c_str());
      poolsend_error error;
      check(poolsend_submit(sender.get(), &message, POOLSEND_NEVER, &error), path, error.text);
    }
  }

  Tally fetch() const
  {
    Tally tally;
    poolsend_event *events[32];
    size_t count;
    while (poolsend_take(sender.get(), POOLSEND_NEVER, events, 32, &count) == 0)
      for (size_t i = 0; i < count; i++) {
        const Event event(events[i]);
        if (event->kind == POOLSEND_EVENT_SETTLED)
          tally.count(*event);
      }
    return tally;
  }
};

int main(int argc, char **argv)
try {
  const Pool pool = make_pool(64);
  Route pages(argc > 1 ? argv[1] : "pages.json", *pool);
  Route orders(argc > 2 ? argv[2] : "orders.json", *pool);
  pages.start();
  orders.start();
  const bool pages_delivered = pages.finish();
  return orders.finish() && pages_delivered ? 0 : 1;
} catch (const std::exception &problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
