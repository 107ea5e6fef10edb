-- What a second reviewer decided, the newest first: how much reviewers agree is looked up there.
CREATE INDEX reviews_second ON reviews (id) WHERE slot > 0;
