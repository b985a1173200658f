-- Files that were uploaded here are rows of `attachments` from the start: without a message until they are sent with
-- one. The chat stands in the row because it says who may see the file before that.
ALTER TABLE attachments ADD COLUMN upload_chat_kind VARCHAR(10) CHECK (upload_chat_kind IN ('order', 'dispute'));
ALTER TABLE attachments ADD COLUMN upload_chat_id UUID;

CREATE INDEX attachments_by_uploader ON attachments (uploaded_by, created_at)
    WHERE upload_chat_id IS NOT NULL;
CREATE INDEX attachments_not_sent ON attachments (created_at)
    WHERE upload_chat_id IS NOT NULL AND order_message_id IS NULL AND dispute_message_id IS NULL;
