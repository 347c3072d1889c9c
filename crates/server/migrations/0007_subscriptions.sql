-- Yearly/monthly resources, and what the cloud still has to do for them.
create table resources (
    account_id {text} not null,
    id {text} not null,                 -- ours; also the resource id unless the cloud gives its own
    resource_id {text},                 -- as the cloud names it; null until provisioned
    order_id {text} not null,
    line_no bigint not null,
    seq bigint not null,                -- which of the line's subscriptions, from 0
    parent_id {text},                   -- id of the primary resource; null on primaries
    resource_name {text},
    region_code {text} not null,
    available_zone {text},
    service_type_code {text} not null,
    service_type_folded {text} not null, -- the same in lower case: filters ignore case
    resource_type_code {text} not null,
    resource_spec_code {text} not null,
    project_id {text},
    enterprise_project_id {text},
    product_id {text} not null,
    product_spec_desc {text} not null,  -- JSON: text by language
    spec_size bigint,
    spec_size_measure_id bigint,
    status bigint not null,             -- rules.md 1.2; 0 while it waits for the cloud, -1 if that failed
    expire_policy bigint not null,
    auto_renew smallint not null,
    renew_times bigint,                 -- automatic renewals that are left; null: any number
    renew_at bigint,                    -- the next attempt of automatic renewal; null: none is to come
    period_type bigint not null,        -- of the original purchase
    period_num bigint not null,
    renew_period_type bigint,           -- what automatic renewal is for; null: the term of the original purchase
    renew_period_num bigint,
    is_trial smallint not null,
    open_order_id {text},               -- the order that holds it: it waits for payment, approval or the cloud
    due_at bigint,                      -- when its life cycle goes on by itself; null: it does not
    grace_until bigint,                 -- set at its expiry
    retained_until bigint,              -- set at its expiry
    held_at bigint,                     -- since when it is frozen with its account
    secured_at bigint,                  -- since when it is frozen for security
    created_at bigint not null,
    effective_at bigint,
    expires_at bigint,
    updated_at bigint not null,
    primary key (account_id, id)
);
create unique index resources_by_id on resources (id);
create index resources_by_account_time on resources (account_id, created_at, id);
create index resources_by_order on resources (account_id, order_id, created_at, id);
-- The name first: the operator names a resource without its account.
create index resources_by_resource_id on resources (resource_id, account_id, id);
-- A name of the cloud is of one resource that is there.
create unique index resources_by_live_name on resources (account_id, resource_id) where status in (2, 4, 5);
create index resources_by_parent on resources (account_id, parent_id, id) where parent_id is not null;

-- How many resources of an account its customer sees (status 2, 4 or 5), so that a query without a filter need not
-- count them. Only an account's own payments and reports write its row.
create table resource_counters (
    account_id {text} not null primary key,
    visible bigint not null
);

create table provisioning_tasks (
    id {text} not null primary key,
    account_id {text} not null,
    resource_key {text} not null,       -- id of resources or on_demand_resources; of both, it is one thing
    order_id {text},                    -- waits for it, or bought the resource; null of pay-per-use ones
    action {text} not null,             -- create, freeze, unfreeze, delete, change
    state {text} not null,              -- waiting, done, failed
    region_code {text} not null,
    resource_spec_code {text} not null, -- what the resource is, or is to become
    spec_size bigint,
    spec_size_measure_id bigint,
    reason {text},                      -- why it failed, or could not be done so far, as the cloud said it
    refund_order_id {text},             -- gave the money of what failed back
    created_at bigint not null,
    finished_at bigint
);
create index provisioning_tasks_waiting on provisioning_tasks (state, created_at, id);
create index provisioning_tasks_changing on provisioning_tasks (region_code, resource_spec_code, account_id, id)
    where state = 'waiting' and action = 'change';
create index provisioning_tasks_by_resource on provisioning_tasks (account_id, resource_key, created_at, id);

create index resources_by_due on resources (due_at, account_id, id) where due_at is not null;
create index resources_by_renewal on resources (renew_at, account_id, id) where renew_at is not null;
-- The terms of an account that are renewed automatically, for a change of its deduction day.
create index resources_by_renewed_expiry on resources (account_id, expires_at, id) where renew_at is not null;
create index resources_by_open_order on resources (account_id, open_order_id, id) where open_order_id is not null;

-- What was collected for a resource, and the period that it pays.
create table resource_charges (
    account_id {text} not null,
    resource_key {text} not null,       -- resources.id
    charge_no bigint not null,          -- from 1, in the order of payment
    kind {text} not null,               -- purchase, renewal, upgrade, to_period, commercial
    order_id {text} not null,
    line_no bigint not null,
    period_type bigint not null,        -- the term that was bought, on which the handling fee depends
    period_num bigint not null,
    begins_at bigint not null,
    ends_at bigint not null,
    list_amount bigint not null,
    money bigint not null,              -- what balances paid
    benefits {text} not null,           -- JSON: what coupons and cards paid
    returned_money bigint not null,     -- what was given back, or kept as a fee, by refund orders
    returned_list bigint not null,
    promotion {text},                   -- the promotional discount that it was paid with
    primary key (account_id, resource_key, charge_no)
);

-- How an account's resources are renewed automatically (003 5.3).
create table renew_configs (
    account_id {text} not null primary key,
    deduction_days bigint not null,     -- days before the expiry of the first attempt
    expire_day bigint,                  -- day of the month on which renewed terms end; -1: the last; null: their own
    updated_at bigint not null
);

-- How many resources an account returned within five days for nothing in a calendar year (rule 2.2).
create table five_day_returns (
    account_id {text} not null,
    year bigint not null,
    used bigint not null,
    primary key (account_id, year)
);

-- The refund orders that counted there, so that one that is rejected does not count.
create table five_day_orders (
    account_id {text} not null,
    order_id {text} not null,
    year bigint not null,
    used bigint not null,               -- 1; 0 of bundles of which another refund order counts
    bundle_order_id {text},             -- of bundles, the order that bought them: they count once together
    primary key (account_id, order_id)
);

-- Pay-per-use resources.
create table on_demand_resources (
    account_id {text} not null,
    id {text} not null,                 -- ours
    resource_id {text} not null,        -- as the cloud names it
    origin {text},                      -- resources.id of the yearly/monthly resource that it was
    parent_id {text},                   -- ours, of the primary resource
    resource_name {text},
    region_code {text} not null,
    available_zone {text},
    service_type_code {text} not null,
    resource_type_code {text} not null,
    resource_spec_code {text} not null,
    project_id {text},
    enterprise_project_id {text},
    spec_size bigint,
    spec_size_measure_id bigint,
    status bigint not null,             -- 2 there, shown as 4 while it is held; 3 gone, or turned yearly/monthly
    open_order_id {text},               -- the order that turns it yearly/monthly and waits
    began_at bigint not null,           -- since when it is pay-per-use
    ended_at bigint,
    held_at bigint,                     -- since when it is frozen with its account
    due_at bigint,                      -- when that deletes it
    primary key (account_id, id)
);
create unique index on_demand_resources_by_id on on_demand_resources (id);
create index on_demand_resources_by_resource_id on on_demand_resources (resource_id, account_id, id);
create unique index on_demand_resources_by_live_name on on_demand_resources (account_id, resource_id) where status = 2;
create index on_demand_resources_by_account_time on on_demand_resources (account_id, status, began_at, id);
create index on_demand_resources_by_time on on_demand_resources (status, began_at, id);
create index on_demand_resources_by_due on on_demand_resources (due_at, account_id, id) where due_at is not null;
create index on_demand_resources_by_parent on on_demand_resources (account_id, parent_id, id)
    where parent_id is not null;
