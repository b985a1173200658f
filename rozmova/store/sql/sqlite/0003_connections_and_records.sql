-- Who is connected, what people were told, what was done and by whom, which tokens are not good any more.

CREATE TABLE websocket_connections (
    id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) ||
        substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    user_id TEXT NOT NULL REFERENCES users (id),
    socket_id TEXT NOT NULL CHECK (length(socket_id) <= 255),
    connected_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    last_seen TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    is_active INTEGER DEFAULT 1 CHECK (is_active IN (0, 1))
) STRICT;

CREATE INDEX websocket_connections_seen ON websocket_connections (user_id, last_seen);
CREATE INDEX websocket_connections_active ON websocket_connections (id) WHERE is_active = 1;

CREATE TABLE notifications (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (length(type) <= 50),
    content TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    read_at TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_of ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    actor_id TEXT,
    action TEXT NOT NULL CHECK (length(action) <= 50),
    subject_kind TEXT NOT NULL CHECK (length(subject_kind) <= 20),
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX audit_log_of ON audit_log (subject_kind, subject_id, id);

-- A token is refused when one row matches: its jti, or its user with issued_before later than its iat.
CREATE TABLE revocations (
    id INTEGER PRIMARY KEY,
    token_id TEXT,
    user_id TEXT,
    issued_before TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    expires_at TEXT,
    CHECK (token_id IS NOT NULL OR user_id IS NOT NULL)
) STRICT;

CREATE INDEX revocations_by_token ON revocations (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX revocations_by_user ON revocations (user_id) WHERE user_id IS NOT NULL;
