#include "rozmova/chat/facts_cache.hpp"

#include <utility>

namespace rozmova::chat {

FactsCache::Ask FactsCache::ask(const ChatKey& chat, std::int64_t now_ms, Then then) {
  if (entries_.size() >= chats_max_) sweep(now_ms);
  const auto [entry, is_new] = entries_.try_emplace(chat);
  Entry& known = entry->second;
  if (!is_new && known.loading) {
    known.waiting.push_back(std::move(then));
    return Ask::waiting;
  }
  if (!is_new && now_ms - known.read_at_ms < keep_ms_) {
    then(Result<ChatFacts>(ChatFacts(known.facts)));
    return Ask::answered;
  }
  known.loading = true;
  known.waiting.push_back(std::move(then));
  return Ask::read_it;
}

void FactsCache::loaded(const ChatKey& chat, std::int64_t now_ms, const Result<ChatFacts>& facts) {
  const auto entry = entries_.find(chat);
  if (entry == entries_.end()) return;
  const auto waiting = std::exchange(entry->second.waiting, {});
  if (facts && entries_.size() <= chats_max_ && !entry->second.outdated) {
    entry->second.facts = *facts;
    entry->second.read_at_ms = now_ms;
    entry->second.loading = false;
  } else {
    entries_.erase(entry);
  }
  for (const Then& then : waiting) then(facts);
}

void FactsCache::after_read(const ChatKey& chat, std::function<void()> task) {
  const auto entry = entries_.find(chat);
  if (entry == entries_.end() || !entry->second.loading) return task();
  entry->second.waiting.push_back([task = std::move(task)](const Result<ChatFacts>&) { task(); });
}

void FactsCache::after_reads(const std::function<void()>& task) {
  for (auto& [chat, entry] : entries_) {
    if (entry.loading) entry.waiting.push_back([task](const Result<ChatFacts>&) { task(); });
  }
}

void FactsCache::forget(const ChatKey& chat) {
  const auto entry = entries_.find(chat);
  if (entry == entries_.end()) return;
  if (entry->second.loading)
    entry->second.outdated = true;
  else
    entries_.erase(entry);
}

void FactsCache::sweep(std::int64_t now_ms) {
  std::erase_if(entries_, [&](const auto& entry) {
    return !entry.second.loading && now_ms - entry.second.read_at_ms >= keep_ms_;
  });
}

}  // namespace rozmova::chat
