-- Accounts (domains), their users, groups, projects, access keys and tokens.
create table accounts (
    id {text} not null primary key,
    name {text} not null,
    name_folded {text} not null unique,     -- account names are unique without regard to case
    kind {text} not null,                   -- operator, customer, distributor, reseller, solution_provider
    partner_id {text},                      -- the partner a customer or reseller belongs to
    association_type bigint,                -- customers of partners: 1 referral, 3 reseller model
    has_direct_customers smallint not null, -- distributors that may have customers of their own
    master_id {text},                       -- enterprise master of a member
    accounting {text},                      -- members: independent or unified
    currency {text} not null,
    frozen bigint not null,                 -- 0 no, 1 account, 2 account and resources
    country {text},                         -- ISO 3166-1 alpha-2; null: no tax applies
    tier {text} not null,                   -- V0 to V5: how long what expired is kept on the China site
    email {text},                           -- where notices go; null: nowhere
    created_at bigint not null
);
create index accounts_by_kind on accounts (kind, name_folded);
create index accounts_by_partner on accounts (partner_id, id);
create index accounts_by_master on accounts (master_id, id);

create table users (
    account_id {text} not null,
    id {text} not null,
    name {text} not null,
    password_hash {text},                   -- null: no password was ever told to anyone
    rights bigint not null,                 -- bits: 1 read, 2 operate, 4 pay
    actions {text},                         -- partner permission items, comma-separated; null: all
    is_owner smallint not null,             -- the account's first user: has its keys unless told otherwise
    is_enabled smallint not null,
    created_at bigint not null,
    primary key (account_id, id),
    unique (account_id, name)
);
create index users_by_id on users (id, account_id);

create table user_groups (
    account_id {text} not null,
    id {text} not null,
    name {text} not null,
    rights bigint not null,
    primary key (account_id, id),
    unique (account_id, name)
);

create table user_group_members (
    account_id {text} not null,
    group_id {text} not null,
    user_id {text} not null,
    primary key (account_id, user_id, group_id)
);

create table projects (
    account_id {text} not null,
    id {text} not null,
    name {text} not null,                   -- a region's code
    primary key (account_id, id),
    unique (account_id, name)
);

create table access_keys (
    access_key {text} not null primary key,
    account_id {text} not null,
    user_id {text} not null,
    secret {bytes} not null,                -- sealed with the server's key
    is_active smallint not null,
    created_at bigint not null
);
create index access_keys_by_account on access_keys (account_id, access_key);

create table tokens (
    token_hash {text} not null primary key, -- the token itself is never stored
    account_id {text} not null,
    user_id {text} not null,
    project_id {text},                      -- project scope; null: domain scope
    methods {text} not null,
    issued_at bigint not null,
    expires_at bigint not null
);
create index tokens_by_expiry on tokens (expires_at, token_hash);
create index tokens_by_user on tokens (account_id, user_id);
