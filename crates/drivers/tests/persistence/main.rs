//! Persistence on both engines: the invariants of the stores, the durable trail, several replicas on one database, and
//! what is PostgreSQL's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Makes a test of each function here on SQLite, and one on PostgreSQL.
macro_rules! on_both_engines {
    ($($(#[$test:meta])+ $name:ident;)+) => {
        mod sqlite {
            $($(#[$test])+
            async fn $name() {
                super::$name(crate::engine::Engine::Sqlite).await;
            })+
        }

        mod postgres {
            $($(#[$test])+
            #[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
            async fn $name() {
                super::$name(crate::engine::Engine::Postgres).await;
            })+
        }
    };
}

#[path = "../engine/mod.rs"]
mod engine;
mod invariants;
mod ledger;
mod postgres;
mod replicas;
mod scene;
