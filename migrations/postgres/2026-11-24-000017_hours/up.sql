-- When a team works: what is due is counted in these hours. A team without a row works always.
CREATE TABLE team_hours (
    team_id    UUID PRIMARY KEY REFERENCES teams (id),
    zone       TEXT NOT NULL,
    week       JSONB NOT NULL,
    holidays   JSONB NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Minutes until what was asked of a person should be done with: three days, or eight hours.
ALTER TABLE agents ADD COLUMN normal_resolution_minutes BIGINT NOT NULL DEFAULT 4320;
ALTER TABLE agents ADD COLUMN urgent_resolution_minutes BIGINT NOT NULL DEFAULT 480;
ALTER TABLE deployments ADD COLUMN normal_resolution_minutes BIGINT NOT NULL DEFAULT 4320;
ALTER TABLE deployments ADD COLUMN urgent_resolution_minutes BIGINT NOT NULL DEFAULT 480;
