-- Money in, and credit granted.
create table top_ups (
    account_id {text} not null,
    trans_id {text} not null,           -- the caller's: the same id again is the same top-up
    account_type bigint not null,       -- the balance that gets it: 1 cash, 5 bonus, 7 deposit
    amount bigint not null,             -- cents
    repaid bigint not null,             -- cents of it that paid debts; the rest went to the balance
    balance_after bigint not null,      -- cents of the balance right after it
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
    expired_at bigint,                  -- when what was left at its end was taken back; null: not yet
    expired_amount bigint not null,     -- cents taken back then, and of what came back to it later
    primary key (account_id, id)
);
create index credit_lines_by_end on credit_lines (expires_at, account_id, id)
    where expired_at is null and expires_at is not null;
