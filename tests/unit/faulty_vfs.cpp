#include "tests/unit/faulty_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace rozmova::store::testing {
namespace {

std::mutex mutex;
bool armed = false;
bool failed = false;
Fault fault = Fault::write_error;
int left = 0;
std::map<std::string, std::vector<char>> durable;  // by path: content at the last sync

/// Our part of a file; SQLite gives the memory (szOsFile), the system's part follows.
struct File {
  sqlite3_file base;
  const char* path;
  sqlite3_file* system() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* system_of(sqlite3_file* file) { return ours(file)->system(); }
const sqlite3_io_methods* methods_of(sqlite3_file* file) { return system_of(file)->pMethods; }

bool fails(bool is_sync) {
  const std::lock_guard lock(mutex);
  if (!armed || is_sync != (fault == Fault::sync_error)) return false;
  if (left > 1) {
    --left;
    return false;
  }
  failed = true;
  return true;
}

void remember(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (ours(file)->path == nullptr || methods_of(file)->xFileSize(system_of(file), &size) != SQLITE_OK) return;
  std::vector<char> content(static_cast<std::size_t>(size));
  if (size > 0 &&
      methods_of(file)->xRead(system_of(file), content.data(), static_cast<int>(size), 0) != SQLITE_OK)
    return;
  const std::lock_guard lock(mutex);
  durable[ours(file)->path] = std::move(content);
}

int close_file(sqlite3_file* file) { return methods_of(file)->xClose(system_of(file)); }
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return methods_of(file)->xRead(system_of(file), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (fails(false)) return fault == Fault::disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  return methods_of(file)->xWrite(system_of(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return methods_of(file)->xTruncate(system_of(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  if (fails(true)) return SQLITE_IOERR_FSYNC;
  const int code = methods_of(file)->xSync(system_of(file), flags);
  if (code == SQLITE_OK) remember(file);
  return code;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return methods_of(file)->xFileSize(system_of(file), size);
}
int lock_file(sqlite3_file* file, int lock) { return methods_of(file)->xLock(system_of(file), lock); }
int unlock_file(sqlite3_file* file, int lock) { return methods_of(file)->xUnlock(system_of(file), lock); }
int check_lock(sqlite3_file* file, int* out) {
  return methods_of(file)->xCheckReservedLock(system_of(file), out);
}
int control(sqlite3_file* file, int op, void* arg) {
  return methods_of(file)->xFileControl(system_of(file), op, arg);
}
int sector_size(sqlite3_file* file) { return methods_of(file)->xSectorSize(system_of(file)); }
int characteristics(sqlite3_file* file) { return methods_of(file)->xDeviceCharacteristics(system_of(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return methods_of(file)->xShmMap(system_of(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return methods_of(file)->xShmLock(system_of(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { methods_of(file)->xShmBarrier(system_of(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return methods_of(file)->xShmUnmap(system_of(file), remove); }

const sqlite3_io_methods io_methods = {2,           close_file,  read_file,       write_file,  truncate_file,
                                       sync_file,   file_size,   lock_file,       unlock_file, check_lock,
                                       control,     sector_size, characteristics, shm_map,     shm_lock,
                                       shm_barrier, shm_unmap,   nullptr,         nullptr};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* system_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
  auto* made = new (file) File{{nullptr}, path};
  const int code = system_vfs->xOpen(system_vfs, path, made->system(), flags, out_flags);
  if (code == SQLITE_OK) made->base.pMethods = &io_methods;
  return code;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  auto* system_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
  const int code = system_vfs->xDelete(system_vfs, path, sync_directory);
  if (code == SQLITE_OK) {
    const std::lock_guard lock(mutex);
    durable.erase(path);
  }
  return code;
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs* system_vfs = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *system_vfs;
  vfs.pNext = nullptr;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + system_vfs->szOsFile;
  vfs.zName = "rozmova-faulty";
  vfs.pAppData = system_vfs;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  return vfs;
}

}  // namespace

const char* FaultyVfs::name() {
  static sqlite3_vfs vfs = make_vfs();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : "";
}

void FaultyVfs::reset() {
  const std::lock_guard lock(mutex);
  armed = failed = false;
  durable.clear();
}

void FaultyVfs::fail_from(Fault what, int nth) {
  const std::lock_guard lock(mutex);
  armed = true;
  failed = false;
  fault = what;
  left = nth;
}

void FaultyVfs::heal() {
  const std::lock_guard lock(mutex);
  armed = false;
}

bool FaultyVfs::has_failed() {
  const std::lock_guard lock(mutex);
  return failed;
}

void FaultyVfs::power_failure(const std::filesystem::path& directory) {
  const std::lock_guard lock(mutex);
  for (const auto& [path, content] : durable) {
    std::ofstream out(directory / std::filesystem::path(path).filename(), std::ios::binary);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

}  // namespace rozmova::store::testing
