-- Which server holds a connection. One server works on a file, so this says something on PostgreSQL alone.
ALTER TABLE websocket_connections ADD COLUMN node TEXT CHECK (length(node) <= 64);
