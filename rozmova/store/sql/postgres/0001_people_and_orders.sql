-- The marketplace's own part: who there is, what they agreed on, what they argue about. Every file here has its twin
-- of the same number in ../sqlite; numbers from 501 are PostgreSQL's alone. Ids are made by PostgreSQL itself where
-- nobody gives one; the server always gives ids (version 7) and times.

CREATE TABLE users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT NOT NULL,
    role VARCHAR(20) NOT NULL DEFAULT 'client' CHECK (role IN ('client', 'performer', 'moderator', 'admin')),
    locale TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX users_by_age ON users (created_at, id);

CREATE TABLE orders (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    number BIGINT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'created' CHECK (status IN
        ('created', 'accepted', 'in_progress', 'delivered', 'completed', 'cancelled', 'disputed')),
    amount_minor BIGINT NOT NULL DEFAULT 0,
    currency VARCHAR(3) NOT NULL DEFAULT '' CHECK (length(currency) IN (0, 3)),
    client_id UUID NOT NULL REFERENCES users (id),
    performer_id UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    deadline_at TIMESTAMP WITH TIME ZONE,
    CHECK (client_id <> performer_id)
);

CREATE INDEX orders_by_client ON orders (client_id, updated_at);
CREATE INDEX orders_by_performer ON orders (performer_id, updated_at);

CREATE TABLE disputes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id UUID NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    opened_by UUID NOT NULL REFERENCES users (id),
    moderator_id UUID REFERENCES users (id),
    reason TEXT NOT NULL DEFAULT '',
    status VARCHAR(20) NOT NULL DEFAULT 'open' CHECK (status IN
        ('open', 'under_review', 'resolved', 'rejected', 'closed')),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX disputes_by_order ON disputes (order_id, status);
CREATE INDEX disputes_by_status ON disputes (status, updated_at);
CREATE INDEX disputes_by_moderator ON disputes (moderator_id, updated_at) WHERE moderator_id IS NOT NULL;
