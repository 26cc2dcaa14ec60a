//! What is PostgreSQL's own: sessions, migrations, roles, and a server that hangs or goes away.

mod outages;
mod proxy;
mod roles;
mod schema;
mod sessions;
