-- Ways into tables that grow, for what was found by reading them from end to end.
CREATE INDEX orders_by_change ON orders (updated_at, id);
CREATE INDEX disputes_by_change ON disputes (updated_at, id);
CREATE INDEX rozmova_outbox_done ON rozmova_outbox (processed_at) WHERE processed_at IS NOT NULL AND error IS NULL;
CREATE INDEX revocations_by_end ON revocations (expires_at) WHERE expires_at IS NOT NULL;
