-- What other people's servers are told, and what they tell us. Both are rows that are written in the transaction of
-- their cause: nothing is told that did not happen, nothing that happened is forgotten.

-- Who wants to know what; the server writes it from its settings at each start. `events` is '*' or ',one,two,'.
CREATE TABLE webhook_endpoints (
    url TEXT PRIMARY KEY NOT NULL,
    events TEXT NOT NULL
) STRICT;

-- A row is one event for one endpoint; it names its subject and holds none of its text. `lane` is what keeps its order
-- ("order:…", "dispute:…", "user:…"): only its first waiting row has a `next_attempt_at`.
CREATE TABLE webhook_queue (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) ||
        substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    endpoint TEXT NOT NULL,
    lane TEXT NOT NULL,
    type TEXT NOT NULL,
    chat_kind TEXT,
    chat_id TEXT,
    seq INTEGER,  -- of the message, in its chat
    notification_id TEXT,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    last_error TEXT
) STRICT;

CREATE INDEX webhook_lanes ON webhook_queue (endpoint, lane, position) WHERE state = 'waiting';
CREATE INDEX webhook_due ON webhook_queue (endpoint, next_attempt_at, position) WHERE state = 'waiting' AND next_attempt_at IS NOT NULL;
CREATE INDEX webhook_dead ON webhook_queue (created_at) WHERE state = 'dead';

CREATE TRIGGER webhook_queued AFTER INSERT ON webhook_queue
WHEN NOT EXISTS (SELECT 1 FROM webhook_queue WHERE endpoint = NEW.endpoint AND lane = NEW.lane AND state = 'waiting'
    AND position < NEW.position) BEGIN
    UPDATE webhook_queue SET next_attempt_at = created_at WHERE position = NEW.position;
END;
-- Delivered, dead, or its endpoint is gone: the next of its lane may go.
CREATE TRIGGER webhook_left AFTER DELETE ON webhook_queue WHEN OLD.state = 'waiting' BEGIN
    UPDATE webhook_queue SET next_attempt_at = created_at WHERE next_attempt_at IS NULL AND position =
        (SELECT min(position) FROM webhook_queue WHERE endpoint = OLD.endpoint AND lane = OLD.lane AND state = 'waiting');
END;
CREATE TRIGGER webhook_given_up AFTER UPDATE OF state ON webhook_queue WHEN OLD.state = 'waiting' AND NEW.state = 'dead' BEGIN
    UPDATE webhook_queue SET next_attempt_at = created_at WHERE next_attempt_at IS NULL AND position =
        (SELECT min(position) FROM webhook_queue WHERE endpoint = OLD.endpoint AND lane = OLD.lane AND state = 'waiting');
END;

-- The causes.
CREATE TRIGGER messages_to_webhooks AFTER INSERT ON messages
WHEN NEW.type <> 'system' AND EXISTS (SELECT 1 FROM webhook_endpoints) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'order:' || NEW.order_id, 'message.created', 'order', NEW.order_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, ',message.created,') > 0;
END;
CREATE TRIGGER dispute_messages_to_webhooks AFTER INSERT ON dispute_messages
WHEN NEW.type <> 'system' AND EXISTS (SELECT 1 FROM webhook_endpoints) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'dispute:' || NEW.dispute_id, 'message.created', 'dispute', NEW.dispute_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, ',message.created,') > 0;
END;
CREATE TRIGGER message_edits_to_webhooks AFTER UPDATE OF edited_at, deleted_at ON messages
WHEN (NEW.edited_at IS NOT OLD.edited_at OR NEW.deleted_at IS NOT OLD.deleted_at)
    AND EXISTS (SELECT 1 FROM webhook_endpoints) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'order:' || NEW.order_id, iif(NEW.deleted_at IS NULL, 'message.edited', 'message.deleted'), 'order',
        NEW.order_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, iif(NEW.deleted_at IS NULL, ',message.edited,', ',message.deleted,')) > 0;
END;
CREATE TRIGGER dispute_message_edits_to_webhooks AFTER UPDATE OF edited_at, deleted_at ON dispute_messages
WHEN (NEW.edited_at IS NOT OLD.edited_at OR NEW.deleted_at IS NOT OLD.deleted_at)
    AND EXISTS (SELECT 1 FROM webhook_endpoints) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, 'dispute:' || NEW.dispute_id, iif(NEW.deleted_at IS NULL, 'message.edited', 'message.deleted'), 'dispute',
        NEW.dispute_id, NEW.seq FROM webhook_endpoints
    WHERE events = '*' OR instr(events, iif(NEW.deleted_at IS NULL, ',message.edited,', ',message.deleted,')) > 0;
END;
CREATE TRIGGER changes_to_webhooks AFTER INSERT ON chat_changes WHEN EXISTS (SELECT 1 FROM webhook_endpoints) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, chat_kind, chat_id, seq)
    SELECT url, NEW.chat_kind || ':' || NEW.chat_id, type, NEW.chat_kind, NEW.chat_id, NEW.seq
    FROM webhook_endpoints, (SELECT CASE
        WHEN NEW.what = 'moderator' THEN 'dispute.assigned'
        WHEN NEW.chat_kind = 'order' THEN 'order.status_changed'
        WHEN NEW.previous IS NULL THEN 'dispute.opened'
        WHEN NEW.value IN ('resolved', 'rejected') THEN 'dispute.decided'
        ELSE 'dispute.status_changed' END AS type)
    WHERE events = '*' OR instr(events, ',' || type || ',') > 0;
END;
-- For who is not here to be told: a marketplace sends e-mail or push. A notification that is written over while it is
-- unread is no news.
CREATE TRIGGER notifications_to_webhooks AFTER INSERT ON notifications
WHEN EXISTS (SELECT 1 FROM webhook_endpoints)
    AND NOT EXISTS (SELECT 1 FROM websocket_connections WHERE user_id = NEW.user_id AND is_active = 1) BEGIN
    INSERT INTO webhook_queue (endpoint, lane, type, notification_id)
    SELECT url, 'user:' || NEW.user_id, 'notification.offline', NEW.id FROM webhook_endpoints
    WHERE events = '*' OR instr(events, ',notification.offline,') > 0;
END;
CREATE INDEX websocket_connections_of_active ON websocket_connections (user_id) WHERE is_active = 1;

-- What a marketplace's own transaction wants said: a row that is committed becomes an event once. Anybody may insert
-- (kind, payload); the rest is ours. Not STRICT, so that no client library stumbles over a type.
CREATE TABLE rozmova_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    processed_at TEXT,
    error TEXT
);
CREATE INDEX rozmova_outbox_waiting ON rozmova_outbox (id) WHERE processed_at IS NULL;
CREATE INDEX rozmova_outbox_bad ON rozmova_outbox (id) WHERE error IS NOT NULL;
