//! Makes tables, and changes them when a new release needs it.

use std::error::Error;
use std::fmt;

use sqlx::SqlitePool;

use crate::open::begin;

/// Brings the tables of one component up to date: runs the steps that this database has not had, in their order, in one transaction.
///
/// A step is SQL, one or more statements. Never change one that was released: add another. The table `stario_migrations` has the count of
/// steps for each component. Several processes may call this at the same time.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// const STEPS: &[&str] = &[
///     "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
///     "ALTER TABLE items ADD COLUMN done INTEGER NOT NULL DEFAULT 0",
/// ];
///
/// let database = stario_sqlite::open(":memory:").await?;
/// stario_sqlite::migrate(&database, "shop", STEPS).await?;
/// # stario_sqlite::migrate(&database, "shop", STEPS).await?;
/// # stario_sqlite::sqlx::query("SELECT done FROM items").fetch_all(&database).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When a step fails: then nothing is changed. When the database has had more steps than there are, because a newer release of the
/// program has used it.
pub async fn migrate(
    database: &SqlitePool,
    component: &'static str,
    steps: &'static [&'static str],
) -> Result<(), MigrationError> {
    let failed = |step| move |cause| MigrationError { component, problem: Problem::Failed { step, cause } };
    let mut transaction = begin(database).await.map_err(failed(0))?;
    let table =
        "CREATE TABLE IF NOT EXISTS stario_migrations (component TEXT PRIMARY KEY, steps INTEGER NOT NULL)";
    sqlx::query(table).execute(&mut *transaction).await.map_err(failed(0))?;
    let done: i64 = sqlx::query_scalar("SELECT steps FROM stario_migrations WHERE component = ?")
        .bind(component)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed(0))?
        .unwrap_or_default();
    let done = usize::try_from(done).unwrap_or_default();
    if done > steps.len() {
        return Err(MigrationError { component, problem: Problem::Newer { done, known: steps.len() } });
    }
    for (position, step) in steps.iter().enumerate().skip(done) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(failed(position + 1))?;
    }
    if done < steps.len() {
        let note = "INSERT INTO stario_migrations (component, steps) VALUES (?, ?) \
                    ON CONFLICT (component) DO UPDATE SET steps = excluded.steps";
        sqlx::query(note)
            .bind(component)
            .bind(i64::try_from(steps.len()).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed(0))?;
    }
    transaction.commit().await.map_err(failed(0))
}

/// Tables that cannot be brought up to date.
#[derive(Debug)]
pub struct MigrationError {
    component: &'static str,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// 0 is what stands around the steps.
    Failed {
        step: usize,
        cause: sqlx::Error,
    },
    Newer {
        done: usize,
        known: usize,
    },
}

impl fmt::Display for MigrationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { component, problem } = self;
        match problem {
            Problem::Failed { step: 0, .. } => {
                write!(formatter, "the tables of {component:?} cannot be brought up to date")
            }
            Problem::Failed { step, .. } => {
                write!(formatter, "step {step} of the tables of {component:?} failed")
            }
            Problem::Newer { done, known } => write!(
                formatter,
                "the tables of {component:?} are of a newer release: they have had {done} steps, and this program has {known}"
            ),
        }
    }
}

impl Error for MigrationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Failed { cause, .. } => Some(cause),
            Problem::Newer { .. } => None,
        }
    }
}
