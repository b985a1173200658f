-- What is said. The first columns of `messages`, `dispute_messages` and `websocket_connections` are a promise
-- to the outside: other programs read them. Columns after the line of dashes are additions.
--
-- Writing a message touches the end of the table, the end of its id index (version 7 ids ascend), and one
-- page of each per-chat index. Therefore no further index on these tables: each would cost every message a
-- page.

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) ||
        substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    sender_id TEXT NOT NULL REFERENCES users (id),
    receiver_id TEXT REFERENCES users (id),
    content TEXT NOT NULL,
    type TEXT NOT NULL DEFAULT 'text' CHECK (length(type) <= 20),
    file_url TEXT CHECK (length(file_url) <= 255),
    file_name TEXT CHECK (length(file_name) <= 255),
    read_at TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    -- ----------------------------------------------------------------
    seq INTEGER NOT NULL CHECK (seq > 0),
    client_message_id TEXT CHECK (length(client_message_id) <= 255),
    reply_to TEXT,
    edited_at TEXT,
    deleted_at TEXT,
    attachment_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX messages_in_order ON messages (order_id, seq);
CREATE UNIQUE INDEX messages_once ON messages (order_id, sender_id, client_message_id)
    WHERE client_message_id IS NOT NULL;

CREATE TABLE dispute_messages (
    id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) ||
        substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    dispute_id TEXT NOT NULL REFERENCES disputes (id) ON DELETE CASCADE,
    sender_id TEXT NOT NULL REFERENCES users (id),
    content TEXT NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    -- ----------------------------------------------------------------
    seq INTEGER NOT NULL CHECK (seq > 0),
    type TEXT NOT NULL DEFAULT 'text' CHECK (length(type) <= 20),
    client_message_id TEXT CHECK (length(client_message_id) <= 255),
    reply_to TEXT,
    edited_at TEXT,
    deleted_at TEXT,
    attachment_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX dispute_messages_in_order ON dispute_messages (dispute_id, seq);
CREATE UNIQUE INDEX dispute_messages_once ON dispute_messages (dispute_id, sender_id, client_message_id)
    WHERE client_message_id IS NOT NULL;

-- A file belongs to one message of an order or of a dispute; to none while it is uploaded and not yet sent.
CREATE TABLE attachments (
    id TEXT PRIMARY KEY NOT NULL,
    order_message_id TEXT REFERENCES messages (id) ON DELETE CASCADE,
    dispute_message_id TEXT REFERENCES dispute_messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    uploaded_by TEXT REFERENCES users (id),
    file_url TEXT NOT NULL,
    file_name TEXT NOT NULL,
    size_bytes INTEGER,
    mime_type TEXT NOT NULL DEFAULT '',
    width INTEGER,
    height INTEGER,
    sha256 TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    CHECK (order_message_id IS NULL OR dispute_message_id IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachments_of_message ON attachments (order_message_id, position)
    WHERE order_message_id IS NOT NULL;
CREATE INDEX attachments_of_dispute_message ON attachments (dispute_message_id, position)
    WHERE dispute_message_id IS NOT NULL;

-- How far each person has read each chat.
CREATE TABLE chat_reads (
    chat_kind TEXT NOT NULL CHECK (chat_kind IN ('order', 'dispute')),
    chat_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    read_at TEXT NOT NULL,
    PRIMARY KEY (chat_kind, chat_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_forget_reads AFTER DELETE ON orders BEGIN
    DELETE FROM chat_reads WHERE chat_kind = 'order' AND chat_id = OLD.id;
END;
CREATE TRIGGER disputes_forget_reads AFTER DELETE ON disputes BEGIN
    DELETE FROM chat_reads WHERE chat_kind = 'dispute' AND chat_id = OLD.id;
END;

-- What a message said before it was edited or deleted; for moderators and admins.
CREATE TABLE message_revisions (
    id INTEGER PRIMARY KEY,
    chat_kind TEXT NOT NULL CHECK (chat_kind IN ('order', 'dispute')),
    chat_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    content TEXT NOT NULL,
    replaced_by TEXT NOT NULL REFERENCES users (id),
    replaced_at TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('edit', 'delete'))
) STRICT;

CREATE INDEX message_revisions_of ON message_revisions (message_id, id);
