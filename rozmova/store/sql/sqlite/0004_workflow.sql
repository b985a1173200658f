-- What happened to orders and disputes. The words of a change stand in its system message; here is what programs
-- read of it. (A decision's way back, an answer that got lost, and a client's own language need it.)

CREATE TABLE chat_changes (
    chat_kind TEXT NOT NULL CHECK (chat_kind IN ('order', 'dispute')),
    chat_id TEXT NOT NULL,
    seq INTEGER NOT NULL,  -- of the system message
    what TEXT NOT NULL CHECK (what IN ('status', 'moderator')),
    value TEXT,
    previous TEXT,
    changed_by TEXT,  -- NULL: the marketplace's backend
    note TEXT NOT NULL DEFAULT '',
    dispute_id TEXT,  -- of a change of an order: the dispute that made it so
    order_status TEXT,  -- of the decision of a dispute: what it made of the order
    PRIMARY KEY (chat_kind, chat_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_forget_changes AFTER DELETE ON orders BEGIN
    DELETE FROM chat_changes WHERE chat_kind = 'order' AND chat_id = OLD.id;
END;
CREATE TRIGGER disputes_forget_changes AFTER DELETE ON disputes BEGIN
    DELETE FROM chat_changes WHERE chat_kind = 'dispute' AND chat_id = OLD.id;
END;

-- What moderators say among themselves. Not in dispute_messages: its `seq` would leave a gap that parties see.
CREATE TABLE dispute_notes (
    id TEXT PRIMARY KEY NOT NULL,
    dispute_id TEXT NOT NULL REFERENCES disputes (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq > 0),
    author_id TEXT NOT NULL REFERENCES users (id),
    content TEXT NOT NULL,
    client_message_id TEXT CHECK (length(client_message_id) <= 255),
    created_at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX dispute_notes_in_dispute ON dispute_notes (dispute_id, seq);
CREATE UNIQUE INDEX dispute_notes_once ON dispute_notes (dispute_id, author_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
