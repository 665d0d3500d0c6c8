//! Databases and sessions in a real file.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use session_store::{Cart, client, log_in_ada, shown};
use stario::Sessions;
use stario::prelude::*;
use stario_sqlite::{SqlitePool, SqliteSessions, begin, migrate, open, sqlx};
use tempfile::TempDir;

#[path = "../../stario/tests/support/session_store.rs"]
mod session_store;

stario::app!();

struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> SqlitePool {
        open(self.0.path().join("test.db").display().to_string()).await.unwrap()
    }

    /// The store of one process, which has a pool of its own.
    async fn sessions(&self) -> SqliteSessions {
        SqliteSessions::new(&self.open().await).await.unwrap()
    }
}

#[tokio::test]
async fn a_restart_keeps_sessions() {
    let file = File::new();
    let before = client(file.sessions().await);
    let cookie = log_in_ada(&before).await;
    before.post("/add/1").cookie("session", &cookie).await;
    drop(before);

    assert_eq!(shown(&client(file.sessions().await), &cookie).await, "ada: [1]");
}

#[tokio::test]
async fn the_file_does_not_hold_what_the_cookie_holds() {
    let file = File::new();
    let client = client(file.sessions().await);
    let cookie = log_in_ada(&client).await;
    client.post("/add/1").cookie("session", &cookie).await;
    assert_eq!(cookie.len(), 64);
    let raw: Vec<u8> =
        (0..64).step_by(2).map(|at| u8::from_str_radix(&cookie[at..at + 2], 16).unwrap()).collect();
    let id: Vec<u8> =
        sqlx::query_scalar("SELECT id FROM stario_sessions").fetch_one(&file.open().await).await.unwrap();
    // The database, and the log of what was written last.
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(file.0.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(&id), "the hash is in the file");
    assert!(!holds(&raw), "the bits of the cookie are not");
    assert!(!holds(cookie.as_bytes()) && !holds(cookie.to_uppercase().as_bytes()), "nor are they as text");
}

#[tokio::test]
async fn visitors_without_a_login_leave_a_bounded_number_of_rows() {
    let file = File::new();
    let store = file.sessions().await.anonymous_limit(20);
    let now = Arc::new(AtomicU64::new(1_000_000));
    let clock = Arc::clone(&now);
    let sessions = Sessions::new(store)
        .clock(move || UNIX_EPOCH + Duration::from_secs(clock.fetch_add(1, Ordering::Relaxed)));
    let client = TestClient::new(app::new().state::<Sessions<Cart>>(sessions));
    let ada = log_in_ada(&client).await;
    let visit = async || client.post("/add/1").await.cookie("session").unwrap().value().to_owned();
    let first = visit().await;
    for _ in 1..64 {
        visit().await;
    }
    let count = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM stario_sessions WHERE user IS NULL");
        count.fetch_one(&file.open().await).await.unwrap()
    };
    assert_eq!(count().await, 64);
    let last = visit().await;
    assert_eq!(count().await, 20, "the 65th makes the store look");
    let shown = [shown(&client, &first).await, shown(&client, &last).await, shown(&client, &ada).await];
    assert_eq!(shown, [": []", ": [1]", "ada: []"]);
}

#[tokio::test]
async fn sessions_expire_and_are_deleted() {
    let file = File::new();
    let client = session_store::a_session_that_is_not_used_expires(file.sessions().await).await;
    client.post("/login/bob").await;
    let users: Vec<String> =
        sqlx::query_scalar("SELECT user FROM stario_sessions").fetch_all(&file.open().await).await.unwrap();
    assert_eq!(users, ["bob"]);
}

#[tokio::test]
async fn all_sessions_of_a_user_are_revoked_and_no_others() {
    let file = File::new();
    let stores = [file.sessions().await, file.sessions().await];
    session_store::all_sessions_of_a_user_are_revoked_and_no_others(stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_lose_no_change() {
    let file = File::new();
    let stores = [file.sessions().await, file.sessions().await];
    session_store::concurrent_requests_lose_no_change(stores, file.sessions().await).await;
}

#[tokio::test]
async fn a_store_that_fails_is_a_500() {
    let file = File::new();
    let database = file.open().await;
    let client = client(SqliteSessions::new(&database).await.unwrap());
    let cookie = log_in_ada(&client).await;
    database.close().await;
    assert_eq!(client.get("/").await.status(), 200, "a visitor without a session needs no store");
    assert_eq!(client.get("/").cookie("session", &cookie).await.status(), 500);
    assert_eq!(client.post("/add/1").await.status(), 500);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none/shop.db").display().to_string();
    let error = stario::Error::from(open(&missing).await.unwrap_err()).to_string();
    assert!(error.starts_with(&format!("the database {missing:?} cannot be opened: ")), "{error}");

    let no_database = folder.path().join("text.db").display().to_string();
    std::fs::write(&no_database, "no database at all, but longer than a page header would be".repeat(10))
        .unwrap();
    assert!(open(&no_database).await.is_err());

    let error =
        stario::Error::from(open("postgres://ada:secret@localhost/shop").await.unwrap_err()).to_string();
    assert!(error.starts_with(r#"the database "postgres://…" cannot be opened: "#), "{error}");
    assert!(error.ends_with("expected a file's path or a URL that begins with `sqlite:`"), "{error}");
}

#[tokio::test]
async fn connections_have_the_settings_that_the_docs_promise() {
    let database = File::new();
    let pool = database.open().await;
    let text =
        async |pragma: &'static str| sqlx::query_scalar::<_, String>(pragma).fetch_one(&pool).await.unwrap();
    let number =
        async |pragma: &'static str| sqlx::query_scalar::<_, i64>(pragma).fetch_one(&pool).await.unwrap();
    assert_eq!(text("PRAGMA journal_mode").await, "wal");
    assert_eq!(number("PRAGMA busy_timeout").await, 5000);
    assert_eq!(number("PRAGMA foreign_keys").await, 1);
    assert_eq!(number("PRAGMA synchronous").await, 1);
}

#[tokio::test]
async fn a_second_writer_waits() {
    let file = File::new();
    let database = file.open().await;
    migrate(
        &database,
        "test",
        &["CREATE TABLE counts (count INTEGER NOT NULL)", "INSERT INTO counts VALUES (0)"],
    )
    .await
    .unwrap();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move {
                let mut transaction = begin(&database).await.unwrap();
                let count: i64 = sqlx::query_scalar("SELECT count FROM counts")
                    .fetch_one(&mut *transaction)
                    .await
                    .unwrap();
                sqlx::query("UPDATE counts SET count = ?")
                    .bind(count + 1)
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
                transaction.commit().await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let count: i64 = sqlx::query_scalar("SELECT count FROM counts").fetch_one(&database).await.unwrap();
    assert_eq!(count, 8);
}

#[tokio::test]
async fn a_step_that_fails_changes_nothing() {
    let file = File::new();
    let database = file.open().await;
    let error =
        migrate(&database, "shop", &["CREATE TABLE items (name TEXT)", "nonsense"]).await.unwrap_err();
    let text = stario::Error::from(error).to_string();
    assert!(text.starts_with(r#"step 2 of the tables of "shop" failed: "#), "{text}");
    migrate(&database, "shop", &["CREATE TABLE items (name TEXT)"]).await.unwrap();
    let error = migrate(&database, "shop", &[]).await.unwrap_err();
    assert!(error.to_string().contains("they have had 1 steps, and this program has 0"), "{error}");
}

#[tokio::test]
async fn records_are_kept_as_they_are() {
    let file = File::new();
    session_store::records_are_kept_as_they_are(file.sessions().await).await;
}

#[tokio::test]
async fn the_sessions_of_a_user_are_found_whatever_the_user_is_called() {
    let file = File::new();
    let store = file.sessions().await;
    session_store::the_sessions_of_a_user_are_found_whatever_the_user_is_called(store).await;
}
