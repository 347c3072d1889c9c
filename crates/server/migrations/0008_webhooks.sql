-- Who is told of events, and what waits to be sent: rows are written in the transaction of the event.
create table webhooks (
    account_id {text} not null,
    id {text} not null,
    audience {text} not null,           -- whose events: an account id, or operator for all
    url {text} not null,
    secret {bytes} not null,            -- signs what is sent; sealed
    events {text} not null,             -- comma-separated; * is all
    created_at bigint not null,
    primary key (account_id, id)
);
create index webhooks_by_audience on webhooks (audience, id);

create table outbox (
    id {text} not null primary key,
    channel {text} not null,            -- webhook, mail, sms
    recipient {text} not null,          -- URL, address or number
    webhook_id {text},
    account_id {text} not null,
    subject {text} not null,
    body {text} not null,
    state {text} not null,              -- waiting, sent, failed, captured
    attempts bigint not null,
    not_before bigint not null,         -- machine time
    created_at bigint not null
);
create index outbox_waiting on outbox (state, not_before, id);
-- What was sent or given up, for its deletion.
create index outbox_ended on outbox (created_at, id) where state <> 'waiting' and state <> 'captured';
create index outbox_by_time on outbox (created_at, id);
