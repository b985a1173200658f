// The walls of the house, read off the #include lines (docs/architecture.md): who may know whom, what stays pure, where
// locks may be, how long a file may get.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { describe, test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');

// ---- the plan ----------------------------------------------------------------------------------------------------------

/** Room of sioxx -> rooms that it may include, besides itself. `server` are the files directly in sioxx/. */
const sioxxArrows = {
  loop: [],
  engine: ['loop'],
  socket: ['engine', 'loop'],
  net: ['engine', 'loop'],
  redis: ['loop'],
  cluster: ['redis', 'socket', 'net', 'engine', 'loop'],
  server: ['cluster', 'redis', 'socket', 'net', 'engine', 'loop'],
};

/** Room of rozmova -> rooms that it may include. `ground`: root files that rooms use; `roof`: root files that none uses. */
const rozmovaArrows = {
  ground: [],
  store: ['ground'],
  chat: ['store', 'ground'],
  uploads: ['chat', 'store', 'ground'],
  bridge: ['chat', 'store', 'ground'],
  api: ['uploads', 'chat', 'store', 'ground'],
  roof: ['api', 'bridge', 'uploads', 'chat', 'store', 'ground'],
};

/** Files of the application that may look into sioxx beyond its face, and at what. */
const besidesTheFace = { 'rozmova/main.cpp': ['sioxx/cluster/redis.hpp'] };

/** No OS, no thread, no lock, no clock in these; of loop/ they see these two headers alone. */
const pure = /^(sioxx\/(engine|socket)\/|rozmova\/(model|access|workflow|system_text|chat\/(events|events_workflow|payload|rate|sequence|spending))\.)/;
const pureLoopHeaders = ['sioxx/loop/timers.hpp', 'sioxx/loop/time.hpp'];
const impureHeaders =
  /^(sys\/|net\/|netinet\/|arpa\/|linux\/|boost\/(asio|beast)|(unistd|fcntl|poll|signal|pthread|time|netdb|dirent|dlfcn)\.h$|c(time|signal)$|(atomic|barrier|condition_variable|filesystem|fstream|future|iostream|latch|mutex|random|semaphore|shared_mutex|stop_token|thread)$)/;
const impureWords = /\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|std::time\(|std::rand\()/;

/** The only places with a lock or an atomic: what threads share is a short list. */
const locksAllowed = [
  'sioxx/loop/mailbox', // the door between shards
  'sioxx/cluster/directory', // room -> shards
  'sioxx/cluster/shards', // the next offset of what sessions may recover
  'sioxx/net/admission', 'sioxx/net/listener', // connection counts
  'rozmova/store/database', 'rozmova/store/lane', 'rozmova/store/readers', 'rozmova/store/caretaker', 'rozmova/store/watcher', // the threads of the store
  'rozmova/store/postgres/notices', 'rozmova/store/postgres/nodes', // theirs: what is to be said, the end
  'rozmova/chat/ledger', // rows of connections, from the shards to the database
  'rozmova/metrics',
  'rozmova/auth', 'rozmova/jwks_source', // the issuer's keys, replaced while tokens are checked
  'rozmova/uploads/files', 'rozmova/uploads/uploads', // its thread's tasks; how many are under way
  'rozmova/http_client', // requests given to its thread
  'rozmova/main.cpp', // whether it is being taken down
];
const lockWords = /\bstd::(mutex|shared_mutex|recursive_mutex|atomic|atomic_\w+|condition_variable\w*|counting_semaphore|binary_semaphore|latch|barrier)\b|\bpthread_mutex/;

const linesMax = 500;
/** One file of tests a room, and tests are many. */
const linesOfTestsMax = 800;

// ---- the tree ----------------------------------------------------------------------------------------------------------

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!['node_modules', 'dist', 'build', '.git'].includes(entry.name)) yield* filesUnder(path);
    } else {
      yield path;
    }
  }
}

const stripComments = (code) => code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));

/** All C++ files by their path from the root: {path, text, code, includes}; includes are root paths or system names. */
function readTree(folders) {
  const files = new Map();
  for (const folder of folders) {
    for (const full of filesUnder(join(root, folder))) {
      if (!/\.(cpp|hpp)$/.test(full)) continue;
      const path = relative(root, full);
      const text = readFileSync(full, 'utf8');
      files.set(path, { path, text, code: stripComments(text) });
    }
  }
  for (const file of files.values()) {
    file.includes = [...file.text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map(([, name]) => {
      const beside = posix.normalize(posix.join(dirname(file.path), name));
      return existsSync(join(root, name)) ? name : existsSync(join(root, beside)) ? beside : name;
    });
  }
  return files;
}

const files = readTree(['sioxx', 'rozmova', 'examples', 'bench', 'tests']);
const inside = (prefix) => [...files.values()].filter((f) => f.path.startsWith(prefix));
const isHeader = (path) => path.endsWith('.hpp');

function sioxxRoom(path) {
  const [top, room, rest] = path.split('/');
  if (top !== 'sioxx') return undefined;
  return rest === undefined ? 'server' : room;
}

/** Root files of rozmova that its rooms use, directly or through one another. */
function groundFiles() {
  const ground = new Set();
  const add = (path) => {
    if (!/^rozmova\/[^/]+$/.test(path) || ground.has(path)) return;
    ground.add(path);
    for (const half of [path, path.replace(/\.hpp$/, '.cpp')]) files.get(half)?.includes.forEach(add);
    ground.add(path.replace(/\.hpp$/, '.cpp'));
  };
  for (const { path, includes } of inside('rozmova/')) if (path.split('/').length > 2) includes.forEach(add);
  return ground;
}
const ground = groundFiles();

function rozmovaRoom(path) {
  const [top, room, rest] = path.split('/');
  if (top !== 'rozmova') return undefined;
  return rest !== undefined ? room : ground.has(path) ? 'ground' : 'roof';
}

/** Every include that breaks a rule, as text; none must be left. */
function offences(among, rule) {
  return among.flatMap((file) => file.includes.filter((name) => !rule(file, name)).map((name) => `${file.path} includes ${name}`));
}

// ---- the rules ---------------------------------------------------------------------------------------------------------

describe('walls', () => {
  test('there is a house to look at', () => {
    for (const room of ['sioxx/loop/', 'sioxx/engine/', 'sioxx/socket/', 'sioxx/net/', 'rozmova/store/', 'rozmova/chat/', 'rozmova/api/']) {
      assert.ok(inside(room).length > 0, `${room} is empty`);
    }
  });

  for (const [name, arrows, roomOf, prefix] of [
    ['sioxx', sioxxArrows, sioxxRoom, 'sioxx/'],
    ['rozmova', rozmovaArrows, rozmovaRoom, 'rozmova/'],
  ]) {
    test(`${name}: every file is in a room of the plan`, () => {
      assert.deepEqual(inside(prefix).filter((f) => !(roomOf(f.path) in arrows)).map((f) => f.path), []);
    });

    test(`${name}: arrows go downward only`, () => {
      assert.deepEqual(offences(inside(prefix), (file, include) => {
        const [from, to] = [roomOf(file.path), roomOf(include)];
        return to === undefined || to === from || (arrows[from] ?? []).includes(to);
      }), []);
    });
  }

  test('the library does not know the application', () => {
    assert.deepEqual(offences(inside('sioxx/'), (_, include) => !include.startsWith('rozmova/')), []);
  });

  test('the application sees the face of the library alone: sioxx/server.hpp and what that shows', () => {
    const face = ['sioxx/server.hpp', ...(files.get('sioxx/server.hpp')?.includes ?? [])];
    assert.deepEqual(offences([...inside('rozmova/'), ...inside('examples/')], (file, include) =>
      !include.startsWith('sioxx/') || face.includes(include) || (besidesTheFace[file.path] ?? []).includes(include)), []);
  });

  test('headers do not include each other in a circle', () => {
    const done = new Set();
    const visit = (path, way) => {
      assert.ok(!way.includes(path), `a circle: ${[...way, path].join(' -> ')}`);
      if (done.has(path)) return;
      for (const next of files.get(path)?.includes ?? []) if (files.has(next)) visit(next, [...way, path]);
      done.add(path);
    };
    for (const path of files.keys()) visit(path, []);
  });

  test('the pure rooms include no system, no thread, no lock, no clock', () => {
    const among = [...files.values()].filter((f) => pure.test(f.path));
    assert.ok(among.length > 10);
    assert.deepEqual(offences(among, (_, include) =>
      !impureHeaders.test(include) && (!include.startsWith('sioxx/loop/') || pureLoopHeaders.includes(include))), []);
    assert.deepEqual(among.filter((f) => impureWords.test(f.code)).map((f) => f.path), []);
  });

  test('what the pure rooms see of loop/ is pure itself', () => {
    assert.deepEqual(offences(pureLoopHeaders.map((path) => files.get(path)), (_, include) =>
      !impureHeaders.test(include) && (!include.startsWith('sioxx/') || pureLoopHeaders.includes(include))), []);
  });

  test('nothing includes Beast or Asio', () => {
    assert.deepEqual(offences([...files.values()], (_, include) => !/^boost\/(asio|beast)/.test(include)), []);
  });

  test('locks and atomics are in the named places only', () => {
    const among = [...inside('sioxx/'), ...inside('rozmova/')].filter((f) => !f.path.includes('/bench/'));
    const found = among.filter((f) => lockWords.test(f.code)).map((f) => f.path);
    assert.deepEqual(found.filter((path) => !locksAllowed.some((place) => path.startsWith(place))), []);
  });

  test('headers are guarded by #pragma once and hold no using namespace', () => {
    const headers = [...files.values()].filter((f) => isHeader(f.path));
    assert.deepEqual(headers.filter((f) => !/^#pragma once$/m.test(f.text)).map((f) => f.path), []);
    assert.deepEqual(headers.filter((f) => /^\s*using namespace\b/m.test(f.code)).map((f) => f.path), []);
  });

  test(`no file is longer than ${linesMax} lines (${linesOfTestsMax} of unit tests)`, () => {
    const long = [];
    for (const folder of ['sioxx', 'rozmova', 'examples', 'bench', 'tests', 'web', 'scripts']) {
      for (const full of filesUnder(join(root, folder))) {
        const path = relative(root, full);
        if (!/\.(cpp|hpp|mjs|js|ts|tsx|css|sh)$/.test(path)) continue;
        const lines = readFileSync(full, 'utf8').split('\n').length - 1;
        if (lines > (path.startsWith('tests/unit/') ? linesOfTestsMax : linesMax)) long.push(`${path}: ${lines}`);
      }
    }
    assert.deepEqual(long, []);
  });
});
