// The way of a file, and on whose thread:
//
//   begin()   home of the user: rate -> a place -> reader: rights, quota -> Intake
//   write()   shard -> files: sniffed, hashed, written -> shard: room for more
//   finish()  shard -> files: synced, renamed -> lane: rights and quota again, the row -> done
//
// What goes wrong on the way takes the file with it; what a crash leaves is found by tidy_up().

#include "rozmova/uploads/uploads.hpp"

#include "rozmova/uploads/file_name.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace rozmova::uploads {

namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t place_retry_ms = 1'000;
constexpr std::int64_t quota_retry_ms = 3'600'000;
constexpr std::string_view event = "upload";

Refusal no_such_upload() { return {ErrorCode::not_found, "there is no such upload"}; }

}  // namespace

/// Who has how many uploads under way.
struct Uploads::Places {
  std::optional<Refusal> take(const Uuid& user, const UploadOptions& options);
  void leave(const Uuid& user);

  std::mutex mutex;
  std::size_t taken = 0;
  std::unordered_map<Uuid, std::size_t> of_user;
};

std::optional<Refusal> Uploads::Places::take(const Uuid& user, const UploadOptions& options) {
  const std::lock_guard lock(mutex);
  if (taken >= options.at_once_max)
    return Refusal{ErrorCode::unavailable, "too many uploads are under way; try again", place_retry_ms};
  std::size_t& own = of_user[user];
  if (own >= options.at_once_per_user_max)
    return Refusal{ErrorCode::rate_limited, "too many uploads of yours are under way", place_retry_ms};
  ++own;
  ++taken;
  return std::nullopt;
}

void Uploads::Places::leave(const Uuid& user) {
  const std::lock_guard lock(mutex);
  --taken;
  const auto own = of_user.find(user);
  if (--own->second == 0) of_user.erase(own);
}

/// An Intake: shares its draft with the thread of the files. Nothing of it is touched by two threads at once: the draft
/// and what went wrong with it belong to that thread, the rest to the shard.
class Uploads::Draughtsman final : public Intake, public std::enable_shared_from_this<Draughtsman> {
 public:
  struct Work {
    Work(const std::filesystem::path& folder, const Uuid& id, const std::string& name,
         const std::string& type)
        : draft(folder, id, name, type) {}
    Draft draft;
    std::optional<Refusal> failure;
  };

  Draughtsman(Uploads& uploads, const chat::Caller& who, const NewUpload& wanted, Ready ready, WallMs now)
      : uploads_(uploads),
        files_(uploads.files_),
        places_(uploads.places_),
        who_(who),
        ready_(std::move(ready)),
        shard_(uploads.house_.here().index) {
    upload_.id = Uuid::v7(now);
    upload_.user_id = who.user;
    upload_.chat = wanted.chat;
    upload_.file_name = safe_file_name(wanted.file_name);
    upload_.created_at = now;
    work_ =
        std::make_shared<Work>(uploads.files_->folder(), upload_.id, upload_.file_name, wanted.declared_type);
  }
  ~Draughtsman() override {
    places_->leave(who_.user);
    files_->post([work = std::move(work_)] {});  // an unfinished draft ends where it was written
  }

  bool write(std::string bytes) override {
    waiting_bytes_ += bytes.size();
    files_->post([self = weak_from_this(), &house = uploads_.house_, shard = shard_, work = work_,
                  bytes = std::move(bytes)] {
      if (!work->failure) work->failure = work->draft.write(bytes);
      house.at(shard, [self, failed = work->failure.has_value(), size = bytes.size()](chat::House::Part&) {
        if (const auto here = self.lock()) here->written(size, failed);
      });
    });
    return waiting_bytes_ < uploads_.options_.waiting_bytes_max;
  }

  void finish(Then<store::Upload> done) override {
    files_->post([self = shared_from_this(), work = work_, done = std::move(done)] {
      if (work->failure) return done(*work->failure);
      auto stored = work->draft.finish();
      if (!stored) return done(stored.refusal());
      store::Upload upload = self->upload_;
      upload.bytes = static_cast<std::int64_t>(stored->bytes);
      upload.mime_type = stored->mime_type;
      upload.sha256 = stored->sha256;
      if (stored->image) {
        upload.width = stored->image->width;
        upload.height = stored->image->height;
      }
      self->uploads_.keep(self->who_, std::move(upload), done);
    });
  }

  bool has_failed() const override { return failed_; }

 private:
  void written(std::size_t size, bool failed) {
    const bool was_full = waiting_bytes_ >= uploads_.options_.waiting_bytes_max;
    waiting_bytes_ -= size;
    failed_ = failed_ || failed;
    const bool room = was_full && waiting_bytes_ < uploads_.options_.waiting_bytes_max;
    if (room || failed) ready_();
  }

  Uploads& uploads_;
  const std::shared_ptr<Files> files_;
  const std::shared_ptr<Places> places_;
  const chat::Caller who_;
  const Ready ready_;
  const unsigned shard_;
  store::Upload upload_;
  std::shared_ptr<Work> work_;
  std::size_t waiting_bytes_ = 0;
  bool failed_ = false;
};

/// Rounds of tidying up, one after the other, by the clock of shard 0.
struct Uploads::Rounds final : sioxx::loop::Timer {
  Rounds(Uploads& u, sioxx::loop::Shard& s) : uploads(u), shard(s) {}
  void arm() { shard.timers().arm(*this, shard.now() + uploads.options_.round_ms); }
  void on_timer(sioxx::loop::TimeMs) override {
    uploads.tidy_up(round++);
    arm();
  }
  Uploads& uploads;
  sioxx::loop::Shard& shard;
  unsigned round = 0;
};

Uploads::Uploads(chat::House& house, UploadOptions options, std::string_view secret)
    : house_(house),
      options_(std::move(options)),
      links_(secret, options_.link_ms),
      files_(std::make_shared<Files>(options_.folder)),
      places_(std::make_shared<Places>()),
      rounds_(std::make_unique<Rounds>(*this, house.server().shard(0))) {
  rounds_->shard.post([rounds = rounds_.get()] { rounds->arm(); });
}

Uploads::~Uploads() { files_->end(); }

std::optional<Refusal> Uploads::may_keep(store::Store& store, const chat::Caller& who, const ChatKey& chat,
                                         std::uint64_t bytes, WallMs now) const {
  const auto facts = store.facts(chat);
  if (!facts) return chat::no_such_chat(chat.kind);
  if (auto no = chat::may(store, who, Deed::upload, *facts)) return no;
  if (options_.bytes_per_day_max == 0) return std::nullopt;
  const std::int64_t before = store.uploaded_bytes(who.user, now - day_ms);
  if (before + static_cast<std::int64_t>(bytes) <= options_.bytes_per_day_max) return std::nullopt;
  return Refusal{ErrorCode::rate_limited, "you have uploaded as much as may be in one day", quota_retry_ms};
}

void Uploads::begin(const chat::Caller& who, NewUpload wanted, Intake::Ready ready,
                    Then<std::shared_ptr<Intake>> done) {
  const unsigned shard = house_.here().index;
  house_.at_home(who.user, [this, who, shard, wanted = std::move(wanted), ready = std::move(ready),
                            done = std::move(done)](chat::House::Part& home) {
    auto over = house_.over_rate(home, who, chat::Rates::Kind::upload, event);
    house_.at(shard, [this, who, wanted, ready, done, over = std::move(over)](chat::House::Part& here) {
      if (over) return done(*over);
      const WallMs now = here.shard.wall();
      if (auto no = places_->take(who.user, options_)) return done(std::move(*no));
      // Made before it is known whether it may be: it holds the place, and nothing is on the disk until it is written to.
      const std::shared_ptr<Intake> intake = std::make_shared<Draughtsman>(*this, who, wanted, ready, now);
      const bool accepted = house_.database().read(
          [this, who, wanted, intake, done, now, shard = here.index](store::Store& store) {
            auto no = may_keep(store, who, wanted.chat, wanted.announced_bytes, now);
            house_.at(shard, [intake, done, no = std::move(no)](chat::House::Part&) {
              if (no) return done(*no);
              done(std::shared_ptr<Intake>(intake));
            });
          },
          [this, intake, done, shard = here.index](const Refusal& no) {
            house_.at(shard, [intake, done, no](chat::House::Part&) { done(no); });
          });
      if (!accepted) done(chat::busy());
    });
  });
}

/// On the thread of the files: the file is in its place, the row is not.
void Uploads::keep(const chat::Caller& who, store::Upload upload, Then<store::Upload> done) {
  const auto outcome = std::make_shared<Result<store::Upload>>(upload);
  const bool accepted = house_.database().write(
      upload.chat,
      [this, who, upload, outcome](store::Store& store) {
        const auto bytes = static_cast<std::uint64_t>(upload.bytes);
        if (auto no = may_keep(store, who, upload.chat, bytes, upload.created_at)) {
          *outcome = std::move(*no);
        } else if (auto added = store.add_upload(upload); !added) {
          *outcome = added.refusal();
        } else {
          *outcome = upload;
        }
      },
      [this, who, id = upload.id, outcome, done](Result<Done> stored) {
        if (!stored) *outcome = stored.refusal();
        if (*outcome) {
          const store::Upload& kept = **outcome;
          house_.log().event("upload", {{"chat", room_of(kept.chat)},
                                        {"user", who.user},
                                        {"upload", kept.id},
                                        {"bytes", kept.bytes},
                                        {"type", kept.mime_type},
                                        {"duration_us", who.elapsed_us()}});
        } else {
          files_->post([this, id] { files_->remove({&id, 1}); });
        }
        done(std::move(*outcome));
      });
  if (accepted) return;
  files_->remove({&upload.id, 1});
  done(chat::busy());
}

Result<store::Upload> Uploads::look(store::Store& store, const chat::Caller& who, const Uuid& id) {
  auto upload = store.upload(id);
  if (!upload) return no_such_upload();
  const auto facts = store.facts(upload->chat);
  if (!facts) return no_such_upload();
  if (auto no = chat::may(store, who, Deed::download, *facts)) return std::move(*no);
  // What was deleted stays for those who decide, like its text.
  if (upload->is_deleted && chat::may(store, who, Deed::see_revisions, *facts)) return no_such_upload();
  house_.note_entry(who, *facts, "file");
  return *std::move(upload);
}

void Uploads::open(const chat::Caller& who, const Uuid& id, Then<OpenUpload> done) {
  const auto shared = std::make_shared<Then<OpenUpload>>(std::move(done));
  const bool accepted = house_.database().read(
      [this, who, id, shared](store::Store& store) {
        auto upload = look(store, who, id);
        if (!upload) return (*shared)(upload.refusal());
        OpenUpload found{std::move(*upload), nullptr};
        found.fd = files_->open(id, static_cast<std::uint64_t>(found.upload.bytes));
        if (found.fd == nullptr) {
          house_.log().error("upload_file_missing", {{"upload", id}});
          return (*shared)(no_such_upload());
        }
        (*shared)(std::move(found));
      },
      [shared](const Refusal& refusal) { (*shared)(refusal); });
  if (!accepted) (*shared)(chat::busy());
}

void Uploads::make_link(const chat::Caller& who, const Uuid& id, WallMs now, Then<Links::Link> done) {
  const auto shared = std::make_shared<Then<Links::Link>>(std::move(done));
  const bool accepted = house_.database().read(
      [this, who, id, now, shared](store::Store& store) {
        const auto upload = look(store, who, id);
        if (!upload) return (*shared)(upload.refusal());
        (*shared)(links_.make(id, who.user, who.role, now));
      },
      [shared](const Refusal& refusal) { (*shared)(refusal); });
  if (!accepted) (*shared)(chat::busy());
}

/// What was never sent; and of one subfolder, files that no row knows any more (their order was deleted, or a crash
/// came between file and row).
void Uploads::tidy_up(unsigned round) {
  const auto gone = std::make_shared<std::vector<Uuid>>();
  const WallMs before = house_.server().shard(0).wall() - options_.keep_unsent_ms;
  static_cast<void>(house_.database().write(
      {},
      [gone, before, rows = options_.unsent_rows_per_round](store::Store& store) {
        *gone = store.forget_unsent_uploads(before, rows);
      },
      [this, gone](Result<Done> done) {
        if (!done || gone->empty()) return;
        house_.log().event("uploads_removed", {{"files", gone->size()}, {"reason", "never sent"}});
        files_->post([this, gone] { files_->remove(*gone); });
      }));
  files_->post([this, subfolder = round % 256] {
    auto old = files_->old_files(subfolder, options_.stray_file_ms);
    if (old.empty()) return;
    static_cast<void>(house_.database().read(
        [this, old = std::move(old)](store::Store& store) {
          std::vector<Uuid> stray;
          std::copy_if(old.begin(), old.end(), std::back_inserter(stray),
                       [&](const Uuid& id) { return !store.upload(id); });
          if (stray.empty()) return;
          house_.log().event("uploads_removed", {{"files", stray.size()}, {"reason", "no row"}});
          files_->post([this, stray = std::move(stray)] { files_->remove(stray); });
        },
        {}));
  });
}

}  // namespace rozmova::uploads
