//! Guards where no handler answers: not found, and mounted services. A handler's guards are resolved in its own call,
//! because its parameters share their values.

use std::sync::Arc;

use super::found::Found;
use super::state::AnswerFn;
use crate::app::Assembled;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::inject::{Dependencies, admit};
use crate::panic::{catch_panic, panic_message};
use crate::response::Response;
use crate::scope::Scope;

/// Resolves the guards of the request's part. Calls `answer` if all pass; else answers with the refusal of the first that fails.
pub(super) async fn guarded(
    app: Arc<Assembled>,
    exchange: Arc<Exchange>,
    scope: Arc<Scope>,
    found: Found,
    answer: AnswerFn,
) -> Response {
    // The guards get a copy of the head and no body: the service takes the request.
    let guarded = Scope::new(scope.head().clone(), None, Arc::clone(&exchange));
    let dependencies = Dependencies::of(&guarded);
    let admitted = catch_panic(admit(&guarded, &dependencies)).await;
    let answers = exchange.settings().answers();
    match admitted {
        Ok(Ok(())) => {}
        Ok(Err(rejection)) => return answers.answer(Error::from(rejection), scope.head(), exchange.id()),
        Err(panic) => {
            tracing::error!(panic = panic_message(&*panic), "a guard panicked");
            return answers.panicked(Some(scope.head()), exchange.id());
        }
    }
    let answering = answer(&app, &exchange, scope, found);
    answering.wait(exchange).await
}
