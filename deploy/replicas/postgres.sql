-- The role and the database of the Slipway servers. Once, as PostgreSQL's superuser: psql -v ON_ERROR_STOP=1 -f postgres.sql
-- The role gets its password afterwards, by \password, which sends no plain text.
create role slipway login;
create database slipway owner slipway template template0 encoding 'UTF8' locale 'C';
revoke all on database slipway from public;

-- What a client was told is stored has to outlive a crash of PostgreSQL. `off`, which a cluster may have by default, would lose the last half second: pushes
-- that were answered with 201, promotions that hosts have followed already.
alter database slipway set synchronous_commit = on;

\connect slipway
-- Before PostgreSQL 15 everybody might make tables here.
revoke all on schema public from public;
grant all on schema public to slipway;
