//! Guards where no handler answers: not found, and mounted services. A handler's guards are resolved in its own call,
//! because its parameters share their values.

use std::sync::Arc;

use http::Request;

use super::found::{Found, Inputs};
use super::state::DispatchState;
use crate::app::Assembled;
use crate::body::Body;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::inject::{Dependencies, admit};
use crate::panic::{catch_panic, panic_message};
use crate::response::Response;
use crate::scope::Scope;

/// Has the request answered by what was found.
type AnswerFn = fn(&Arc<Assembled>, &Arc<Exchange>, &mut Inputs, Found) -> DispatchState;

/// Resolves the guards of the request's part, then has the request answered, or says by which failure it is refused.
pub(super) async fn guarded(
    app: Arc<Assembled>,
    exchange: Arc<Exchange>,
    mut inputs: Inputs,
    found: Found,
    answer: AnswerFn,
) -> Response {
    // The guards get a copy of the head and no body: the service takes the request.
    let request = Request::from_parts(inputs.head.clone(), Body::empty());
    let scope = Scope::new(request, Arc::clone(&exchange));
    let dependencies = Dependencies::of(&scope);
    let admitted = catch_panic(admit(&scope, &dependencies)).await;
    let answers = exchange.settings().answers();
    match admitted {
        Ok(Ok(())) => {}
        Ok(Err(rejection)) => return answers.answer(Error::from(rejection), &inputs.head, exchange.id()),
        Err(panic) => {
            tracing::error!(panic = panic_message(&*panic), "a guard panicked");
            return answers.panicked(Some(&inputs.head), exchange.id());
        }
    }
    let answering = answer(&app, &exchange, &mut inputs, found);
    answering.wait(exchange).await
}
