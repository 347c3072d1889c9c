-- Orders and their lines. Amounts are cents; list prices are fixed when the order is placed, and what is payable when
-- it is paid.
create table orders (
    account_id {text} not null,         -- the customer
    id {text} not null,
    order_type bigint not null,         -- rules.md 1.8
    status bigint not null,
    source_type bigint not null,
    service_type_code {text} not null,  -- of the first line
    service_type_folded {text} not null, -- the same in lower case: filters ignore case
    enterprise_projects {text} not null, -- JSON: list of those of its lines, each once
    partner_id {text},                  -- the customer's own partner when the order was placed
    payer_id {text} not null,           -- who pays: the customer, or the enterprise master
    official_amount bigint not null,
    payable_amount bigint not null,     -- after discounts, coupons and cards; what balances pay
    modifiers {text} not null,          -- JSON: what reduced the list price, summed over the lines
    tax_amount bigint not null,         -- contained in payable_amount; zero until it is paid
    tax_rate {text},                    -- at which it was paid; null: no tax applies
    currency {text} not null,
    user_name {text} not null,          -- who placed it
    auto_pay smallint not null,
    auto_renew smallint not null,
    combined_id {text},                 -- sub-orders of one combined order share it; it is an order id without a row
    begin_at bigint,                    -- the effective time that the customer asked for
    handed_over_at bigint,              -- when a unified accounting member paid by hand and left it to its master
    base_order_id {text},               -- the order that a fee adjustment (15) is of
    gives_back smallint not null,       -- it gives money back: unsubscription, downgrade, change to pay-per-use
    fee_amount bigint not null,         -- handling fee kept by a refund order
    consumed_amount bigint not null,    -- what was used up of what a refund order gives back of
    is_invoiced smallint not null,      -- an invoice was issued for it
    reason {text},                      -- why, as whoever asked for it wrote: unsubscriptions, adjustments
    reason_type bigint,                 -- of an unsubscription (004 8.4.3)
    created_at bigint not null,
    paid_at bigint,
    pay_before bigint,                  -- null once it no longer waits for payment
    open_lines bigint not null,         -- lines that are neither done nor failed
    primary key (account_id, id)
);
create unique index orders_by_id on orders (id);
create index orders_by_account_time on orders (account_id, created_at, id);
create index orders_by_account_service on orders (account_id, service_type_folded, created_at, id);
-- Most orders are completed (5) purchases (1), and the index above finds those soon. So these hold the few others:
-- a payment takes its order out of one of them and moves it in none.
create index orders_by_account_status on orders (account_id, status, created_at, id) where status <> 5;
create index orders_by_account_type on orders (account_id, order_type, created_at, id) where order_type <> 1;
-- The same for partners; orders of customers without one cost nothing here.
create index orders_by_partner_time on orders (partner_id, created_at, id) where partner_id is not null;
create index orders_by_partner_service on orders (partner_id, service_type_folded, created_at, id)
    where partner_id is not null;
create index orders_by_partner_status on orders (partner_id, status, created_at, id)
    where partner_id is not null and status <> 5;
create index orders_by_partner_type on orders (partner_id, order_type, created_at, id)
    where partner_id is not null and order_type <> 1;
-- Orders that somebody else pays, which are few.
create index orders_by_payer_time on orders (payer_id, created_at, id) where payer_id <> account_id;
create index orders_by_combined on orders (combined_id, id) where combined_id is not null;
create index orders_by_deadline on orders (pay_before, account_id, id) where pay_before is not null;

-- How many orders there are, so that a list of a million need not be counted to show ten of them. One row for each
-- customer and partner: two customers of one partner do not wait for each other.
create table order_counters (
    account_id {text} not null,
    partner_id {text} not null,         -- empty: none
    orders bigint not null,
    primary key (account_id, partner_id)
);
create index order_counters_by_partner on order_counters (partner_id, account_id);

create table order_lines (
    account_id {text} not null,
    order_id {text} not null,
    line_no bigint not null,            -- from 1
    attached_to bigint,                 -- line_no of the primary line
    product_id {text} not null,
    service_type_code {text} not null,
    resource_type_code {text} not null,
    resource_spec_code {text} not null,
    region_code {text} not null,
    available_zone {text},
    resource_size bigint,
    size_measure_id bigint,
    period_type bigint not null,
    period_num bigint not null,
    subscription_num bigint not null,
    resource_name {text},
    project_id {text},
    enterprise_project_id {text},
    product_spec_desc {text} not null,  -- JSON: text by language, as the catalogue had it
    category_code {text},
    official_amount bigint not null,
    payable_amount bigint not null,
    modifiers {text} not null,          -- JSON: what reduced the list price
    priced_in bigint not null,          -- unit in which the term was priced: months for the year of some products
    price_version {text} not null,      -- catalogue version and valid_from of the price that was used
    state {text} not null,              -- waiting, provisioning, done, failed
    effective_at bigint,
    expires_at bigint,
    resource_key {text},                -- the resource that it is about; null: it buys new ones
    base_product {text},                -- JSON: what a change begins from
    fee_amount bigint not null,         -- of a refund order
    consumed_amount bigint not null,    -- of a refund order
    adjusted_amount bigint not null,    -- what the operator took off its list price (609)
    primary key (account_id, order_id, line_no)
);
-- Whether a service was bought before: the service of an order is that of its first line, and most orders have no other.
create index order_lines_beside on order_lines (account_id, service_type_code, order_id) where line_no > 1;

-- What a refund order gave back of what was collected for a resource, and what it kept: the rows of 004 8.3.5.
create table order_returns (
    account_id {text} not null,
    order_id {text} not null,           -- the refund order
    row_no bigint not null,             -- from 1
    line_no bigint not null,            -- its line
    resource_key {text} not null,
    charge_no bigint not null,          -- which charge of the resource
    base_order_id {text} not null,      -- the order that had collected the money
    kind {text} not null,               -- refund: paid less consumed, below zero; fee: above zero
    amount bigint not null,             -- cents, with the sign of the wire
    consumed_amount bigint not null,    -- of a refund: what was used up, above zero
    list_amount bigint not null,        -- of a refund: the part of the list price that goes back, above zero
    benefits {text} not null,           -- JSON: what coupons and cards get back, above zero
    primary key (account_id, order_id, row_no)
);
create index order_returns_by_charge on order_returns (account_id, resource_key, charge_no);
