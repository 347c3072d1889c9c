-- How many resources of a specification may be there in a region: of an account (quota), or of all (capacity).
create table resource_quotas (
    account_id {text} not null,         -- empty: capacity, which all accounts share
    region_code {text} not null,
    resource_spec_code {text} not null,
    quota bigint not null,
    updated_at bigint not null,
    primary key (account_id, region_code, resource_spec_code)
);
-- Resources that quotas and capacities count, of all accounts and of one.
create index resources_by_spec on resources (region_code, resource_spec_code, account_id, id)
    where status in (0, 2, 4, 5);
