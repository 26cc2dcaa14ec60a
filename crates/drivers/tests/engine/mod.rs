//! The engines that persistence is tested on, and a database of its own for each test.
//!
//! PostgreSQL is named by PORTCULLIS_TEST_POSTGRES_URL: a database to connect to, and a role that may create databases
//! and roles there. Its tests are ignored unless asked for, so that the offline gate needs no service.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_testkit::ids::UniqueIds;
use sea_orm::{ConnectionTrait, DbErr};
use tempfile::TempDir;
use url::Url;

const SERVER: &str = "PORTCULLIS_TEST_POSTGRES_URL";

#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database, gone when it is dropped.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    _home: Home,
}

enum Home {
    Folder { _folder: TempDir },
    Server { _server: Server },
}

struct Server {
    url: Url,
    name: String,
}

impl TestDatabase {
    pub(crate) async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}/portcullis.db", folder.path().display());
                Self { url, _home: Home::Folder { _folder: folder } }
            }
            Engine::Postgres => {
                let url = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} names no server"));
                let server = Server { url: Url::parse(&url).unwrap(), name: fresh_name() };
                server.run(&format!("CREATE DATABASE {}", server.name)).await.unwrap();
                let mut url = server.url.clone();
                url.set_path(&server.name);
                Self { url: url.into(), _home: Home::Server { _server: server } }
            }
        }
    }

    pub(crate) async fn open(&self, options: DatabaseOptions) -> Database {
        Database::open(&self.url, options).await.unwrap()
    }
}

impl Server {
    async fn run(&self, statement: &str) -> Result<(), DbErr> {
        let connection = sea_orm::Database::connect(self.url.as_str()).await?;
        connection.execute_unprepared(statement).await?;
        connection.close().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = in_a_thread(self.run(&drop));
        if !std::thread::panicking() {
            dropped.unwrap();
        }
    }
}

/// A test's runtime may be at its end when its database goes.
fn in_a_thread<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// Not used by another test, of this process or of another.
fn fresh_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ulid = portcullis_schemas::runtime::IdSource::next_ulid(&UniqueIds::new());
    format!("pcl_test_{}_{}", ulid.to_string().to_ascii_lowercase(), since.subsec_nanos())
}
