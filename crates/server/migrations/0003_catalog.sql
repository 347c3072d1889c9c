-- The catalogue is one document; every import is kept, the newest is in force.
create table catalogs (
    version bigint not null primary key,
    document {text} not null,
    imported_by {text} not null,
    imported_at bigint not null
);
