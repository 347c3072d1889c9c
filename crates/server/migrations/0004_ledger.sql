-- Double entry, append only. Nothing here is updated but the running balance of a customer's account.
create table ledger_accounts (
    id {text} not null primary key,     -- owner:kind[:piece]
    owner_id {text} not null,           -- account id, or house
    kind {text} not null,
    piece {text},                       -- a credit line, for example
    currency {text} not null,
    balance bigint not null,            -- cents; house accounts keep none and hold 0
    floor bigint not null,              -- the balance may not go below
    created_at bigint not null
);
create index ledger_accounts_by_owner on ledger_accounts (owner_id, kind, id);

create table journals (
    id {text} not null primary key,
    kind {text} not null,
    cause {text} not null unique,       -- kind/subject/period: the same cause twice is the same journal
    currency {text} not null,
    posted_at bigint not null,
    reverses {text}                     -- the journal this one takes back
);

create table postings (
    journal_id {text} not null,
    seq bigint not null,
    ledger_account_id {text} not null,
    amount bigint not null,             -- cents; the postings of a journal sum to zero
    balance_after bigint,               -- null on house accounts
    primary key (journal_id, seq)
);
create index postings_by_account on postings (ledger_account_id, journal_id, seq);
