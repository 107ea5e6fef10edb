//! Mail: everything that leaves the house goes through the outbox.
