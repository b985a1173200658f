-- The marketplace's own part: who there is, what they agreed on, what they argue about.
-- How PostgreSQL's types are mirrored, here and in all files after this one:
--   UUID                      TEXT, lower-case with hyphens
--   TIMESTAMP WITH TIME ZONE  TEXT, 2026-03-01T09:30:00.000Z: always UTC and 24 characters, so that it sorts
--   as time VARCHAR(n)                TEXT with CHECK (length(…) <= n)
--   BOOLEAN                   INTEGER 0 or 1
--   uuid_generate_v4(), NOW() the expressions below; the server itself always gives ids (version 7) and times

CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'client' CHECK (role IN ('client', 'performer', 'moderator', 'admin')),
    locale TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;

CREATE INDEX users_by_age ON users (created_at, id);

CREATE TABLE orders (
    id TEXT PRIMARY KEY NOT NULL,
    number INTEGER NOT NULL UNIQUE,
    title TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'created' CHECK (status IN
        ('created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed')),
    amount_minor INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT '' CHECK (length(currency) IN (0, 3)),
    client_id TEXT NOT NULL REFERENCES users (id),
    performer_id TEXT NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    deadline_at TEXT,
    CHECK (client_id <> performer_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_by_client ON orders (client_id, updated_at);
CREATE INDEX orders_by_performer ON orders (performer_id, updated_at);

CREATE TABLE disputes (
    id TEXT PRIMARY KEY NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    opened_by TEXT NOT NULL REFERENCES users (id),
    moderator_id TEXT REFERENCES users (id),
    reason TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN
        ('open', 'under_review', 'resolved', 'rejected', 'closed')),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT, WITHOUT ROWID;

CREATE INDEX disputes_by_order ON disputes (order_id, status);
CREATE INDEX disputes_by_status ON disputes (status, updated_at);
CREATE INDEX disputes_by_moderator ON disputes (moderator_id, updated_at) WHERE moderator_id IS NOT NULL;
