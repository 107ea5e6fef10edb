-- An item may be about an interaction that nobody reported: it was drawn at random.
ALTER TABLE review_items ADD COLUMN interaction_id uuid REFERENCES interactions (id);

-- What waits need not be something that somebody said.
ALTER TABLE queue ALTER COLUMN feedback_id DROP NOT NULL;
ALTER TABLE queue ALTER COLUMN verdict DROP NOT NULL;

-- A week's draw in one deployment, and how far its interactions are counted.
CREATE TABLE audit_draws (
    id            uuid PRIMARY KEY,
    deployment_id uuid NOT NULL REFERENCES deployments (id),
    week_at       timestamptz NOT NULL,
    size          bigint NOT NULL,
    after         uuid REFERENCES interactions (id),
    counted       bigint NOT NULL,
    flagged       bigint NOT NULL,
    is_drawn      boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    UNIQUE (deployment_id, week_at)
);

-- What was drawn. Those with the smallest ranks are; a rank follows from the interaction.
CREATE TABLE audit_picks (
    draw_id        uuid NOT NULL REFERENCES audit_draws (id),
    interaction_id uuid NOT NULL REFERENCES interactions (id),
    rank           bytea NOT NULL,
    is_flagged     boolean NOT NULL,
    item_id        uuid REFERENCES review_items (id),
    PRIMARY KEY (draw_id, interaction_id)
);
