-- What an account owes, what limits its spending, and which taxes its country levies.
create table settlement_terms (
    account_id {text} not null primary key,
    is_monthly smallint not null,       -- orders are paid by the month's debt, before any balance
    limit_amount bigint,                -- cents that may be owed in all; null: no limit
    due_day bigint not null,            -- day of the next month at whose end the debt is due (GMT+8)
    updated_at bigint not null
);

-- What a payment took from credit or monthly settlement, and how much of it is still owed.
create table debts (
    account_id {text} not null,         -- who owes
    id {text} not null,
    ledger_account_id {text} not null,  -- the credit piece or settlement month that it was taken from
    order_id {text} not null,
    amount bigint not null,             -- cents taken
    left_amount bigint not null,        -- cents still owed
    incurred_at bigint not null,
    due_at bigint,                      -- null: credit without a due date
    primary key (account_id, id)
);
create index debts_open on debts (account_id, incurred_at, id) where left_amount > 0;
create index debts_by_order on debts (account_id, order_id, incurred_at, id);
create index debts_by_fund on debts (account_id, ledger_account_id);
-- Debts of monthly settlement: before each payment it is asked which of them are overdue.
create index debts_due on debts (account_id, due_at) where left_amount > 0 and due_at is not null;
-- Everybody's: once they are due, cash repays them.
create index debts_by_due on debts (due_at, account_id) where left_amount > 0 and due_at is not null;

-- Everything that limits spending: kinds are documented in accounts/limits.
create table spending_limits (
    account_id {text} not null,
    kind {text} not null,               -- expenditure_quota, budget, organization, project, transactions, attempts
    subject {text} not null,            -- the enterprise project of kind project; else empty
    id {text} not null,                 -- what counted against a limit that was deleted is not given back to its successor
    amount bigint not null,             -- cents, or a number of transactions or attempts
    period {text} not null,             -- day, month, once
    cycle {text} not null,              -- the day or month that used counts for
    used bigint not null,               -- in that cycle
    used_before bigint not null,        -- in earlier cycles, where the limit is for once; else 0
    counts_from {text} not null,        -- for once: the first month that counts; else empty
    updated_at bigint not null,
    primary key (account_id, kind, subject)
);

-- What each payment counted against limits, so that a refund lowers the same ones by no more.
create table limit_uses (
    account_id {text} not null,         -- who paid
    order_id {text} not null,
    kind {text} not null,
    subject {text} not null,
    limit_id {text} not null,           -- spending_limits.id
    limit_account_id {text} not null,   -- the limit's account: the payer, or the customer it paid for
    cycle {text} not null,
    amount bigint not null,             -- cents
    left_amount bigint not null,        -- cents not given back yet
    primary key (account_id, order_id, kind, subject)
);

create table tax_rates (
    country {text} not null,            -- ISO 3166-1 alpha-2
    valid_from bigint not null,
    valid_to bigint,                    -- first instant it no longer holds; null: open
    rate {text} not null,               -- exact decimal digits: 0.19
    updated_at bigint not null,
    primary key (country, valid_from)
);
