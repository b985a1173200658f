// Which function belongs to which stage of a message's life. The first row that knows a frame of the stack decides, so what
// a stage calls (malloc, memcpy, a lock) is counted with it, and the particular stands before the general.

const network = [
  ["kernel: send", /^(__send|__sys_sendto|__x64_sys_sendto|send)$/],
  ["kernel: receive", /^(__recv|__libc_recv|recv|__sys_recvfrom)$/],
  ["kernel: epoll", /^(epoll_pwait2?|epoll_wait|do_epoll_wait|__x64_sys_epoll)/],
];
const wire = [
  ["output: headers and copies into it", /WebSocket::(write|output|send_out|send_some)|Connections::(borrow|give_back)|engine::write_message/],
  ["frames in: unmask, UTF-8", /FrameReader|net::unmask|Utf8Checker|is_utf8/],
  ["JSON read", /JsonReader|socket::(decode|parse|check)$|json::basic_parser/],
  ["rooms: who gets it", /LocalNamespace::deliver|Rooms::|Shards::broadcast|Directory::|BroadcastOperator|Client::send$|Session::send$|Socket::(put|send)$|send_to$/],
  ["encoding: event and ack", /encode_event|encode_ack|Encoded::|Ack::send/],
];

const tables = {
  /** bench_sioxx: nothing is stored. */
  sioxx: [
    ...network,
    ...wire,
    ["the application's handler", /^message$|LocalNamespace::handle|random_uuid|iso_time/],
    ["dispatch: packet to handler", /Client::|LocalNamespace::|Event::|Session::|WebSocket::(read|feed|take)/],
    ["the turn itself", /Shard::|Mailbox::/],
  ],
  /** Rozmova on SQLite. */
  sqlite: [
    ...network,
    ["SQLite: folding the log back", /fold_log|Caretaker::/],
    ["SQLite: flush to the disk", /^(__|__x64_sys_)?fdatasync$/],
    ["SQLite: writing the log, reading pages", /^(__libc_)?p(write|read)64$|^__x64_sys_p(write|read)64$/],
    ["store: commit", /SqlStore::commit|Connection::committed/],
    ["store: insert the row", /SqlStore::insert/],
    ["store: facts and idempotency", /SqlStore::(facts|first_of|append|read_|role|user)|SqlStore::/],
    ["readers, watcher, notices", /Readers::|Watcher::|Notices::|Ledger::/],
    ...wire,
    ["rendering, telling", /append_message|Deeds::append.*|House::(encode|tell|broadcast)|ok_ack|Answer::/],
    ["lane: batch, queue", /Lane::/],
    ["the application's handler", /rozmova::chat::|parse_message/],
    ["dispatch: packet to handler", /Client::|LocalNamespace::|Event::|Session::|WebSocket::/],
    ["the turn itself", /Shard::|Mailbox::/],
  ],
};

export const stageNames = (table) => tables[table].map(([name]) => name);

export function stageOf(table, frames) {
  const stage = tables[table].find(([, names]) => frames.some((frame) => names.test(frame)));
  return stage ? stage[0] : "everything else";
}
