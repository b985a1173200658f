-- News are told, not only written: who listens (LISTEN rozmova_news) need not wait for his next look. A notice takes a
-- lock of the whole database for the end of its transaction, so it is sent for these rare rows and never for messages.

CREATE FUNCTION rozmova_tell_news() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rozmova_news', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE TRIGGER access_changes_told AFTER INSERT ON access_changes
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_tell_news('access');
CREATE TRIGGER rozmova_outbox_told AFTER INSERT ON rozmova_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_tell_news('outbox');

-- TRUNCATE fires no trigger for a row; here the rows are still there.
CREATE FUNCTION rozmova_all_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE format('INSERT INTO access_changes (subject_kind, subject_id) SELECT %L, id FROM %I.%I',
        TG_ARGV[0], TG_TABLE_SCHEMA, TG_TABLE_NAME);
    RETURN NULL;
END $$;

CREATE TRIGGER orders_all_gone BEFORE TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_all_gone('order');
CREATE TRIGGER disputes_all_gone BEFORE TRUNCATE ON disputes
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_all_gone('dispute');
CREATE TRIGGER users_all_gone BEFORE TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_all_gone('user');
CREATE TRIGGER revocations_all_gone BEFORE TRUNCATE ON revocations
    FOR EACH STATEMENT EXECUTE FUNCTION rozmova_all_gone('revocation');
