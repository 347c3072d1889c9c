-- Money in, and credit granted.
create table top_ups (
    account_id {text} not null,
    trans_id {text} not null,           -- the caller's: the same id again is the same top-up
    amount bigint not null,             -- cents
    journal_id {text} not null,
    created_at bigint not null,
    primary key (account_id, trans_id)
);

create table credit_lines (
    account_id {text} not null,
    id {text} not null,                 -- also the piece of its ledger account
    amount bigint not null,             -- cents granted
    journal_id {text} not null,         -- the journal that granted it
    expires_at bigint,                  -- null: until withdrawn
    created_at bigint not null,
    primary key (account_id, id)
);
