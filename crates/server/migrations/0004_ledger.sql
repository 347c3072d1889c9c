-- Double entry, append only. Nothing here is updated but the running balance of a customer's account.
-- Accounts of the house (ids that begin with house:) have no row: they are the sum of their postings.
create table ledger_accounts (
    id {text} not null primary key,     -- owner:kind[:piece]
    owner_id {text} not null,           -- account id
    kind {text} not null,
    piece {text},                       -- a credit line, for example
    currency {text} not null,
    balance bigint not null,            -- cents
    floor bigint not null,              -- the balance may not go below
    last_seq bigint not null,           -- account_seq of its newest posting; 0: it has none
    created_at bigint not null
);
-- By kind: an owner may have thousands of coupons, and few of everything else.
create index ledger_accounts_by_owner on ledger_accounts (owner_id, kind, id);

create table journals (
    id {text} not null primary key,
    kind {text} not null,
    cause {text} not null unique,       -- kind/subject/period: the same cause twice is the same journal
    currency {text} not null,
    posted_at bigint not null,
    gives_back {text}                   -- the journal whose money this one returns, in whole or in part
);
create index journals_by_kind on journals (kind, id);
-- Refunds, which are few.
create index journals_by_gives_back on journals (gives_back, id) where gives_back is not null;

create table postings (
    journal_id {text} not null,
    seq bigint not null,                -- from 1
    ledger_account_id {text} not null,
    amount bigint not null,             -- cents; the postings of a journal sum to zero
    account_seq bigint,                 -- from 1 on each customer's account, without gaps; null on the house's
    balance_after bigint,               -- null on accounts of the house
    primary key (journal_id, seq)
);
-- Unique, so that two writers who both read the same balance cannot both post on it.
create unique index postings_by_account on postings (ledger_account_id, account_seq);

-- What the accounts of one kind of an owner hold together, where its changes are shown as those of one account.
create table ledger_totals (
    id {text} not null primary key,     -- owner:kind
    balance bigint not null,            -- cents
    last_seq bigint not null            -- seq of its newest change; 0: it has none
);

-- The postings on such accounts in the order of their making.
create table total_changes (
    total_id {text} not null,           -- ledger_totals.id
    seq bigint not null,                -- from 1, without gaps
    journal_id {text} not null,
    posting_seq bigint not null,        -- postings.seq
    balance_after bigint not null,      -- cents, of all accounts together
    primary key (total_id, seq)
);
create unique index total_changes_by_posting on total_changes (journal_id, posting_seq);
