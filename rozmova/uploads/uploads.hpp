#pragma once

#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/store/store.hpp"
#include "rozmova/uploads/files.hpp"
#include "rozmova/uploads/links.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace rozmova::uploads {

struct UploadOptions {
  std::string folder;
  std::uint64_t bytes_max = 26'214'400;            ///< of one file
  std::int64_t bytes_per_day_max = 1'073'741'824;  ///< of one user, in any 24 hours; 0: unlimited
  std::int64_t keep_unsent_ms = 24 * 3'600'000LL;  ///< then what was never sent is removed
  std::int64_t link_ms = 300'000;                  ///< how long a signed address opens a file
  std::size_t at_once_max = 64;                    ///< under way, of all users
  std::size_t at_once_per_user_max = 4;
  std::size_t waiting_bytes_max = 262'144;  ///< of one upload, not yet on the disk; then its client waits
  std::int64_t round_ms = 60'000;           ///< between two rounds of tidying up
  int unsent_rows_per_round = 200;
  std::int64_t stray_file_ms = 3'600'000;  ///< a file without a row is removed when it is this old
};

/// What is known of a file before its bytes.
struct NewUpload {
  ChatKey chat;
  std::string file_name;      ///< as the client calls it
  std::string declared_type;  ///< may be empty
  std::uint64_t announced_bytes = 0;
};

/// A file that may be read by who asked.
struct OpenUpload {
  store::Upload upload;
  std::shared_ptr<const int> fd;
};

/// Files: taken in, given out, removed. Rights are those of the chat (Deed::upload, Deed::download), asked before the
/// bytes and again in the transaction that keeps them. Owned by main, above the chat; methods on any shard's thread;
/// every `done` is called once, that of begin() on the shard that asked, others on a thread of their own choosing.
class Uploads {
 public:
  template <class T>
  using Then = chat::Deeds::Then<T>;

  /// One upload under way; lives on the shard that began it. Let go before its end: nothing is left of it.
  class Intake {
   public:
    /// Room for the next piece, or something is wrong (then finish() says what); on the shard.
    using Ready = std::function<void()>;
    virtual ~Intake() = default;
    /// False: wait for `ready` before the next one.
    virtual bool write(std::string bytes) = 0;
    /// Takes no more; `done` gets the row that is stored.
    virtual void finish(Then<store::Upload> done) = 0;
    /// Something has gone wrong with the disk already.
    virtual bool has_failed() const = 0;
  };

  Uploads(chat::House& house, UploadOptions options, std::string_view secret);
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;
  ~Uploads();

  const UploadOptions& options() const { return options_; }
  const Links& links() const { return links_; }

  void begin(const chat::Caller& who, NewUpload wanted, Intake::Ready ready,
             Then<std::shared_ptr<Intake>> done);
  void open(const chat::Caller& who, const Uuid& id, Then<OpenUpload> done);
  void make_link(const chat::Caller& who, const Uuid& id, WallMs now, Then<Links::Link> done);

 private:
  class Draughtsman;
  struct Rounds;

  std::optional<Refusal> may_keep(store::Store& store, const chat::Caller& who, const ChatKey& chat,
                                  std::uint64_t bytes, WallMs now) const;
  Result<store::Upload> look(store::Store& store, const chat::Caller& who, const Uuid& id);
  void keep(const chat::Caller& who, store::Upload upload, Then<store::Upload> done);
  void tidy_up(unsigned round);

  chat::House& house_;
  const UploadOptions options_;
  const Links links_;
  // Shared with uploads under way: those of connections that are still open at the end outlive this object.
  const std::shared_ptr<Files> files_;
  struct Places;
  const std::shared_ptr<Places> places_;
  std::unique_ptr<Rounds> rounds_;
};

}  // namespace rozmova::uploads
