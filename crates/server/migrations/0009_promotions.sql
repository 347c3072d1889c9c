-- What reduces orders: discounts, coupons, stored-value cards, and every change of a coupon.
create table discounts (
    account_id {text} not null,         -- whose orders it reduces
    id {text} not null,
    discount_type bigint not null,      -- 200, 605, 606, 607, 700 (004 table 8-9)
    mode {text} not null,               -- ratio, fixed_price, amount_off
    value {text} not null,              -- exact decimal digits
    name {text} not null,
    service_type_code {text},           -- null: any
    resource_type_code {text},
    product_id {text},
    region_code {text},
    period_type bigint,
    valid_from bigint not null,
    expires_at bigint,                  -- null: until withdrawn
    granted_by {text} not null,         -- account id
    withdrawn_at bigint,
    created_at bigint not null,
    primary key (account_id, id)
);
create unique index discounts_by_id on discounts (id);
create index discounts_in_force on discounts (account_id, id) where withdrawn_at is null;
-- Counts the changes of discounts, so that memory knows when it is outdated.
insert into versions (name, version) values ('discounts', 0);

create table coupons (
    account_id {text} not null,         -- who owns it
    id {text} not null,
    coupon_type bigint not null,        -- 1 cash, 2 discount, 4 flexi-purchase
    face_value bigint not null,         -- cents; zero on a discount coupon
    ratio {text},                       -- discount coupons: the share that the customer pays
    currency {text} not null,
    balance bigint not null,            -- cents; the same as its ledger account's
    status bigint not null,             -- 2 to be used, 3 used, 5 withdrawn; expired (4) follows from the time
    is_frozen smallint not null,
    lock_order_id {text},               -- the open order that holds it
    uses bigint not null,               -- how often it has paid
    order_ids {text} not null,          -- orders that used it, as 004 table 8-3 writes them
    valid_from bigint not null,
    expires_at bigint not null,
    used_at bigint,                     -- the last time
    promotion_plan_id {text} not null,
    plan_name {text} not null,
    plan_desc {text} not null,
    media_type bigint not null,
    fetch_method bigint not null,
    limits {text} not null,             -- JSON: [{limit_key, value1, value2}]
    source_id {text} not null,          -- who issued it
    distributor_id {text},              -- the distributor that owns it, or to whose reseller it belongs
    created_at bigint not null,
    primary key (account_id, id)
);
create unique index coupons_by_id on coupons (id);
create index coupons_by_account_time on coupons (account_id, created_at, id);
-- What can be spent, the earliest to expire first.
create index coupons_open on coupons (account_id, expires_at, id) where status = 2;
create index coupons_by_distributor on coupons (distributor_id, created_at, id) where distributor_id is not null;

create table coupon_changes (
    account_id {text} not null,
    id {text} not null,
    coupon_id {text} not null,          -- or the card
    benefit_type bigint not null,       -- 301, 302, 303; 300 discount coupon
    change {text} not null,             -- issued, used, returned, withdrawn
    order_id {text},                    -- the order that used it, or the refund order that returned it
    amount bigint not null,             -- cents; below zero where it was spent or taken back
    balance_after bigint not null,
    created_at bigint not null,
    primary key (account_id, id)
);
create index coupon_changes_by_time on coupon_changes (account_id, created_at, id);
create index coupon_changes_by_coupon on coupon_changes (account_id, coupon_id, created_at, id);

create table stored_value_cards (
    account_id {text} not null,
    id {text} not null,
    name {text} not null,
    face_value bigint not null,         -- cents
    balance bigint not null,            -- cents; the same as its ledger account's
    currency {text} not null,
    is_withdrawn smallint not null,
    valid_from bigint not null,
    expires_at bigint not null,
    created_at bigint not null,
    primary key (account_id, id)
);
create unique index stored_value_cards_by_id on stored_value_cards (id);
create index stored_value_cards_by_expiry on stored_value_cards (account_id, expires_at, id);
