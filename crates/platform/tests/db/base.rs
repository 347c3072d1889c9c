//! A fresh database for one test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use platform::db::{Db, Engine, Migration, PgOptions, SqliteOptions, Sync};
use platform::params;

/// Any instant: the tests have no clock.
pub const NOW: i64 = 1_767_225_600_000;

const TABLES: &str = "
create table counter (id bigint primary key, total bigint not null);
insert into counter (id, total) values (1, 0), (2, 0);
create table item (id bigint primary key, name {text}, flag smallint, content {bytes});
create table part (id bigint primary key, item bigint not null references item (id));
create index item_by_name on item (name, id);
";

pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "tables", sqlite: TABLES, postgres: TABLES }];

/// A database with the tables above, gone when the test ends.
pub struct Base {
    pub db: Db,
    /// The SQLite file, or the PostgreSQL address.
    pub place: String,
    directory: Option<PathBuf>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn unique_name() -> String {
    format!("openbss_db_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

impl Base {
    pub async fn sqlite() -> Self {
        let base = Self::bare_sqlite().await;
        base.db.migrate(MIGRATIONS, NOW).await.unwrap();
        base
    }

    pub async fn postgres() -> Self {
        let base = Self::bare_postgres().await;
        base.db.migrate(MIGRATIONS, NOW).await.unwrap();
        base
    }

    pub async fn bare_sqlite() -> Self {
        let directory = std::env::temp_dir().join(unique_name());
        std::fs::create_dir(&directory).unwrap();
        let place = directory.join("openbss.db").to_str().unwrap().to_owned();
        Self { db: open(Engine::Sqlite, &place).await, place, directory: Some(directory) }
    }

    pub async fn bare_postgres() -> Self {
        let admin = std::env::var("OPENBSS_TEST_POSTGRES").expect(
            "OPENBSS_TEST_POSTGRES is not set: run the tests through `cargo xtask test`, which starts PostgreSQL",
        );
        let name = unique_name();
        administer(&admin, &format!("create database {name} encoding 'UTF8' template template0")).await;
        let (server, _) = admin.rsplit_once('/').expect("an address like postgres://user@host:port/database");
        let place = format!("{server}/{name}");
        Self { db: open(Engine::Postgres, &place).await, place, directory: None }
    }

    /// Opens the same database once more, as another process would.
    pub async fn open_again(&self) -> Db {
        open(self.db.engine(), &self.place).await
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let mut tx = self.db.begin_read().await.unwrap();
        tx.one(sql, params![]).await.unwrap().int(0)
    }

    /// The ids in `item`, in order.
    pub async fn items(&self) -> Vec<i64> {
        let mut tx = self.db.begin_read().await.unwrap();
        let rows = tx.all("select id from item order by id", params![]).await.unwrap();
        rows.iter().map(|row| row.int(0)).collect()
    }
}

async fn administer(admin: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(admin, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

async fn open(engine: Engine, place: &str) -> Db {
    match engine {
        Engine::Sqlite => {
            Db::open_sqlite(place, SqliteOptions { readers: 3, sync: Sync::Full }).await.unwrap()
        }
        Engine::Postgres => {
            Db::open_postgres(place, PgOptions { pool_size: 8, root_certificate: None }).await.unwrap()
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            std::fs::remove_dir_all(directory).unwrap();
        }
        if self.db.engine() == Engine::Postgres {
            let admin = std::env::var("OPENBSS_TEST_POSTGRES").unwrap();
            let (_, name) = self.place.rsplit_once('/').unwrap();
            let sql = format!("drop database {name} with (force)");
            // A test may be unwinding here, inside its runtime: a thread with one of its own waits for the server.
            let dropping = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(administer(&admin, &sql));
            });
            dropping.join().unwrap();
        }
    }
}

/// Runs each of the functions as a test on both engines.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    super::$name(crate::base::Base::sqlite().await).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    super::$name(crate::base::Base::postgres().await).await;
                }
            )*
        }
    };
}
pub(crate) use on_both_engines;
