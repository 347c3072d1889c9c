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
    period_type bigint not null,
    period_num bigint not null,
    created_at bigint not null,
    effective_at bigint,
    expires_at bigint,
    updated_at bigint not null,
    primary key (account_id, id)
);
create unique index resources_by_id on resources (id);
create index resources_by_account_time on resources (account_id, created_at, id);
create index resources_by_order on resources (account_id, order_id, created_at, id);
create index resources_by_resource_id on resources (account_id, resource_id);
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
    resource_key {text} not null,       -- resources.id
    order_id {text} not null,
    action {text} not null,             -- create, freeze, unfreeze, delete, change
    state {text} not null,              -- waiting, done, failed
    reason {text},                      -- why it failed, as the cloud said it
    refund_order_id {text},             -- gave the money of what failed back
    created_at bigint not null,
    finished_at bigint
);
create index provisioning_tasks_waiting on provisioning_tasks (state, created_at, id);
create index provisioning_tasks_by_resource on provisioning_tasks (account_id, resource_key, created_at, id);
