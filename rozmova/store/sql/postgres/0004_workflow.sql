-- What happened to orders and disputes. The words of a change stand in its system message; here is what programs
-- read of it. (A decision's way back, an answer that got lost, and a client's own language need it.)

CREATE TABLE chat_changes (
    chat_kind VARCHAR(10) NOT NULL CHECK (chat_kind IN ('order', 'dispute')),
    chat_id UUID NOT NULL,
    seq BIGINT NOT NULL,  -- of the system message
    what VARCHAR(10) NOT NULL CHECK (what IN ('status', 'moderator')),
    value TEXT,
    previous TEXT,
    changed_by UUID,  -- NULL: the marketplace's backend
    note TEXT NOT NULL DEFAULT '',
    dispute_id UUID,  -- of a change of an order: the dispute that made it so
    order_status TEXT,  -- of the decision of a dispute: what it made of the order
    PRIMARY KEY (chat_kind, chat_id, seq)
);

CREATE FUNCTION rozmova_forget_changes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM chat_changes WHERE chat_kind = TG_ARGV[0] AND chat_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_forget_changes AFTER DELETE ON orders
    FOR EACH ROW EXECUTE FUNCTION rozmova_forget_changes('order');
CREATE TRIGGER disputes_forget_changes AFTER DELETE ON disputes
    FOR EACH ROW EXECUTE FUNCTION rozmova_forget_changes('dispute');

-- What moderators say among themselves. Not in dispute_messages: its `seq` would leave a gap that parties see.
CREATE TABLE dispute_notes (
    id UUID PRIMARY KEY,
    dispute_id UUID NOT NULL REFERENCES disputes (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL CHECK (seq > 0),
    author_id UUID NOT NULL REFERENCES users (id),
    content TEXT NOT NULL,
    client_message_id VARCHAR(255),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL
);

CREATE UNIQUE INDEX dispute_notes_in_dispute ON dispute_notes (dispute_id, seq);
CREATE UNIQUE INDEX dispute_notes_once ON dispute_notes (dispute_id, author_id, client_message_id)
    WHERE client_message_id IS NOT NULL;
