-- Messages that change after they were sent, and notifications that take each other's place.

-- The place of a message's last change in its chat's own count of changes, so that a reader who was away can ask
-- what has changed since. Nothing for a message that is as it was sent: sending touches neither index.
ALTER TABLE messages ADD COLUMN change_seq BIGINT;
ALTER TABLE dispute_messages ADD COLUMN change_seq BIGINT;
CREATE UNIQUE INDEX messages_changed ON messages (order_id, change_seq) WHERE change_seq IS NOT NULL;
CREATE UNIQUE INDEX dispute_messages_changed ON dispute_messages (dispute_id, change_seq)
    WHERE change_seq IS NOT NULL;

-- Of one topic ("order:<id>") a user has one unread notification at most: a later one is written over it.
-- `position` is the seq that it tells of: whoever has read the chat up to there has read the notification.
ALTER TABLE notifications ADD COLUMN topic VARCHAR(100);
ALTER TABLE notifications ADD COLUMN position BIGINT;
CREATE UNIQUE INDEX notifications_of_topic ON notifications (user_id, topic)
    WHERE topic IS NOT NULL AND read_at IS NULL;

-- Sorted by when they were last written, which the id does not know.
CREATE INDEX notifications_of ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread ON notifications (user_id, created_at, id) WHERE read_at IS NULL;
