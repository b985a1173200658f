-- Whose access may have changed. Triggers write it, so that whoever changes these tables, with whatever program, needs
-- to know nothing of it; the server reads what is new several times a second and looks again at who may still hear
-- what. Rows that were read are deleted; the numbers are never given twice.
--
-- A row that is replaced (INSERT OR REPLACE) fires no trigger of DELETE, so BEFORE INSERT looks whether it was there.

CREATE TABLE access_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('order', 'dispute', 'user', 'revocation')),
    subject_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER orders_parties_changed AFTER UPDATE OF id, client_id, performer_id ON orders
WHEN OLD.id <> NEW.id OR OLD.client_id <> NEW.client_id OR OLD.performer_id <> NEW.performer_id BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('order', OLD.id);
END;
CREATE TRIGGER orders_replaced BEFORE INSERT ON orders
WHEN EXISTS (SELECT 1 FROM orders WHERE id = NEW.id) BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('order', NEW.id);
END;
CREATE TRIGGER orders_gone AFTER DELETE ON orders BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('order', OLD.id);
END;

-- A moderator reads the chat of an order while it has a dispute that is not closed.
CREATE TRIGGER disputes_changed AFTER UPDATE OF id, order_id, status ON disputes
WHEN OLD.id <> NEW.id OR OLD.order_id <> NEW.order_id OR OLD.status <> NEW.status BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('dispute', OLD.id), ('order', OLD.order_id);
END;
CREATE TRIGGER disputes_replaced BEFORE INSERT ON disputes
WHEN EXISTS (SELECT 1 FROM disputes WHERE id = NEW.id) BEGIN
    INSERT INTO access_changes (subject_kind, subject_id)
        SELECT 'dispute', id FROM disputes WHERE id = NEW.id
        UNION ALL SELECT 'order', order_id FROM disputes WHERE id = NEW.id;
END;
CREATE TRIGGER disputes_gone AFTER DELETE ON disputes BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('dispute', OLD.id), ('order', OLD.order_id);
END;

CREATE TRIGGER users_role_changed AFTER UPDATE OF id, role ON users
WHEN OLD.id <> NEW.id OR OLD.role <> NEW.role BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('user', OLD.id);
END;
CREATE TRIGGER users_replaced BEFORE INSERT ON users
WHEN EXISTS (SELECT 1 FROM users WHERE id = NEW.id) BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('user', NEW.id);
END;
CREATE TRIGGER users_gone AFTER DELETE ON users BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('user', OLD.id);
END;

CREATE TRIGGER revocations_added AFTER INSERT ON revocations BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('revocation', NEW.id);
END;
CREATE TRIGGER revocations_changed AFTER UPDATE ON revocations BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('revocation', NEW.id);
END;
CREATE TRIGGER revocations_gone AFTER DELETE ON revocations BEGIN
    INSERT INTO access_changes (subject_kind, subject_id) VALUES ('revocation', OLD.id);
END;
