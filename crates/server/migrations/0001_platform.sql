-- What every operation writes, and the versions that memory caches are checked against.
create table idempotency_keys (
    principal {text} not null,          -- account id / user id
    operation {text} not null,
    idempotency_key {text} not null,    -- as the client chose it
    input_hash {text} not null,         -- SHA-256 of path, query and body
    status bigint not null,             -- HTTP status of the stored answer
    content_type {text} not null,
    body {bytes} not null,              -- the stored answer
    created_at bigint not null,         -- forgotten a day later
    primary key (principal, operation, idempotency_key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at, principal, operation, idempotency_key);

create table audit_events (
    account_id {text} not null,         -- account of the caller
    id {text} not null,
    at bigint not null,
    operation {text} not null,
    resource_type {text} not null,
    event {text} not null,
    resource_id {text},
    resource_name {text},
    user_id {text} not null,
    user_name {text} not null,
    access_key {text},
    via_account {text},                 -- the partner that acted for this account
    source_ip {text} not null,
    request_id {text} not null,
    status bigint not null,
    error_code {text},
    request {text} not null,            -- first part of the body; empty where it bears secrets
    primary key (account_id, id)
);
create index audit_events_by_time on audit_events (account_id, at, id);
-- Refusals alone, which limits of attempts count; most rows are not in it.
create index audit_events_refused on audit_events (account_id, operation, at, id) where error_code is not null;

create table versions (
    name {text} not null primary key,   -- what is cached in memory: catalog, identity
    version bigint not null
);

create table settings (
    name {text} not null primary key,   -- site, clock and whatever else a data folder keeps
    value {text} not null
);

create table job_failures (
    job {text} not null,                -- name of the reconciler
    subject {text} not null,            -- the key that failed
    attempts bigint not null,
    not_before bigint not null,         -- machine time of the next attempt
    error {text} not null,
    failed_at bigint not null,          -- machine time
    primary key (job, subject)
);
