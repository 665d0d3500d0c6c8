//! Makes tables, and changes them when a new release needs it.

use std::error::Error;
use std::fmt;

use sqlx::{AssertSqlSafe, PgConnection, PgPool};

/// The lock under which tables are changed: "stario" in ASCII.
const LOCK: i64 = 0x0073_7461_7269_6f00;

/// Runs the steps that this database has not had, in their order, in one transaction. The table `stario_migrations` has the count of steps for
/// each component. Several processes may call this at the same time. A schema that is not there is made. Returns the schema in which the
/// table is that they make.
///
/// Where nothing is to be done, nothing but reading is needed of the database's user.
pub(crate) async fn migrate(
    database: &PgPool,
    schema: Option<&str>,
    component: &'static str,
    table: &'static str,
    steps: &'static [&'static str],
) -> Result<String, MigrationError> {
    let failed = |step| move |cause| MigrationError { component, problem: Problem::Failed { step, cause } };
    // Whatever the database's default is: after the wait for the lock, what others have done must be seen.
    let mut transaction =
        database.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(failed(0))?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(failed(0))?;
    if let Some(schema) = schema {
        enter(&mut transaction, schema).await.map_err(failed(0))?;
    }
    let done = steps_done(&mut transaction, component).await.map_err(failed(0))?;
    if done > steps.len() {
        return Err(MigrationError { component, problem: Problem::Newer { done, known: steps.len() } });
    }
    for (position, step) in steps.iter().enumerate().skip(done) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(failed(position + 1))?;
    }
    if done < steps.len() {
        let note = "INSERT INTO stario_migrations (component, steps) VALUES ($1, $2) \
                    ON CONFLICT (component) DO UPDATE SET steps = excluded.steps";
        sqlx::query(note)
            .bind(component)
            .bind(i64::try_from(steps.len()).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed(0))?;
    }
    let schema = "SELECT n.nspname::text FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE c.oid = to_regclass($1)";
    let schema =
        sqlx::query_scalar(schema).bind(table).fetch_one(&mut *transaction).await.map_err(failed(0))?;
    transaction.commit().await.map_err(failed(0))?;
    Ok(schema)
}

/// Makes this schema the one of the transaction's statements.
async fn enter(transaction: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let is_there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_there {
        let statement = format!("CREATE SCHEMA {}", quoted(schema));
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    sqlx::query("SELECT set_config('search_path', $1, true)")
        .bind(quoted(schema))
        .execute(transaction)
        .await?;
    Ok(())
}

async fn steps_done(transaction: &mut PgConnection, component: &str) -> Result<usize, sqlx::Error> {
    let has_table: bool = sqlx::query_scalar("SELECT to_regclass('stario_migrations') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await?;
    if !has_table {
        let table = "CREATE TABLE stario_migrations (component TEXT PRIMARY KEY, steps BIGINT NOT NULL)";
        sqlx::query(table).execute(&mut *transaction).await?;
    }
    let done: Option<i64> = sqlx::query_scalar("SELECT steps FROM stario_migrations WHERE component = $1")
        .bind(component)
        .fetch_optional(transaction)
        .await?;
    Ok(usize::try_from(done.unwrap_or_default()).unwrap_or_default())
}

/// A name as SQL has it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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
