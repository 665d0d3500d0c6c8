//! `Resolve`: resolves all parameters of one call.

use crate::error::Rejection;
use std::any::type_name;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

/// The resolutions of some parameters: nested pairs of one and all that follow, `()` at the end. One type for
/// any number of them is what costs the compiler least in each handler.
pub trait Parameters {
    /// The values, in pairs of the same shape.
    type Values;

    /// Polls the parameters that need not wait for others. Ready when each is resolved or refused. The lowest bit of `waiting`
    /// says whether the first one waits, the next one is for the second.
    fn poll_early(self: Pin<&mut Self>, waiting: i64, ctx: &mut Context<'_>) -> Poll<()>;

    /// Polls the parameters that waited for the others, in their order. Ready at the first refusal, or with
    /// all values.
    fn poll_values(
        self: Pin<&mut Self>,
        waiting: i64,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<Self::Values, Rejection>>;

    /// Polls each parameter once, none of which waits for anything.
    fn values(self) -> Result<Self::Values, Rejection>;
}

impl Parameters for () {
    type Values = ();

    fn poll_early(self: Pin<&mut Self>, _: i64, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn poll_values(self: Pin<&mut Self>, _: i64, _: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        Poll::Ready(Ok(()))
    }

    fn values(self) -> Result<(), Rejection> {
        Ok(())
    }
}

pin_project_lite::pin_project! {
    /// One parameter, and those after it.
    ///
    /// The value has a type parameter of its own. With `F::Output`, rustc would look up the provider again when it checks that the handler's
    /// future is `Send`. That check erases lifetimes, so it would find no provider of `Arc<dyn Mailer + 'static>`.
    pub struct Pair<F, V, R> {
        #[pin]
        first: MaybeDone<F, V>,
        #[pin]
        rest: R,
    }
}

pin_project_lite::pin_project! {
    /// A future, then its output until that is taken.
    #[project = MaybeDoneProjected]
    #[project_replace = MaybeDoneReplaced]
    enum MaybeDone<F, V> {
        Pending { #[pin] future: F },
        Done { output: Result<V, Rejection> },
        Taken,
    }
}

impl<V, F: Future<Output = Result<V, Rejection>>> MaybeDone<F, V> {
    /// Ready once the output is there.
    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        if let MaybeDoneProjected::Pending { future } = self.as_mut().project() {
            let output = ready!(future.poll(ctx));
            self.set(MaybeDone::Done { output });
        }
        Poll::Ready(())
    }

    fn take_output(self: Pin<&mut Self>) -> Option<Result<V, Rejection>> {
        match self.project_replace(MaybeDone::Taken) {
            MaybeDoneReplaced::Done { output } => Some(output),
            _ => None,
        }
    }

    fn output(self: Pin<&mut Self>) -> Option<&mut Result<V, Rejection>> {
        match self.project() {
            MaybeDoneProjected::Done { output } => Some(output),
            _ => None,
        }
    }
}

/// Puts a parameter before others.
pub fn pair<V, F: Future<Output = Result<V, Rejection>>, R>(first: F, rest: R) -> Pair<F, V, R> {
    Pair { first: MaybeDone::Pending { future: first }, rest }
}

impl<V, F: Future<Output = Result<V, Rejection>>, R: Parameters> Parameters for Pair<F, V, R> {
    type Values = (V, R::Values);

    fn poll_early(self: Pin<&mut Self>, waiting: i64, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let first = if waiting & 1 == 1 { Poll::Ready(()) } else { this.first.poll(ctx) };
        let rest = this.rest.poll_early(waiting >> 1, ctx);
        if first.is_ready() { rest } else { Poll::Pending }
    }

    fn poll_values(
        self: Pin<&mut Self>,
        waiting: i64,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<(V, R::Values), Rejection>> {
        let mut this = self.project();
        // The others are resolved by now.
        if waiting & 1 == 1 {
            ready!(this.first.as_mut().poll(ctx));
        }
        // A value stays where it is until all others have come.
        let refused = matches!(this.first.as_mut().output(), Some(Err(_)));
        let rest = if refused { None } else { Some(ready!(this.rest.poll_values(waiting >> 1, ctx))?) };
        match (this.first.take_output(), rest) {
            (Some(Ok(value)), Some(rest)) => Poll::Ready(Ok((value, rest))),
            (Some(Err(rejection)), _) => Poll::Ready(Err(rejection)),
            _ => unreachable!("it has come, is taken once, and was looked at"),
        }
    }

    fn values(self) -> Result<(V, R::Values), Rejection> {
        let MaybeDone::Pending { future } = self.first else { unreachable!("no parameter was polled") };
        let first = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
        let rest = self.rest.values();
        let Poll::Ready(first) = first else {
            unreachable!(
                "the source of a `{}` waits, but its `IS_READY` says that it does not",
                type_name::<V>()
            )
        };
        Ok((first?, rest?))
    }
}

/// Resolves parameters that wait for nothing: without the states in which [`resolve`] keeps each value until the others have come.
///
/// # Errors
///
/// The first refusal in the order of the parameters.
pub fn resolve_now<P: Parameters>(parameters: P) -> Result<P::Values, Rejection> {
    parameters.values()
}

/// Resolves the parameters, all that need not wait at once. The result is the first refusal in the order of the
/// parameters, or to all values.
///
/// Those of `waiting` wait for all others: they read the body, which is not read for a request that another parameter refuses.
pub fn resolve<P: Parameters>(waiting: i64, parameters: P) -> Resolve<P> {
    Resolve { is_early: true, waiting, parameters }
}

pin_project_lite::pin_project! {
    /// The future of [`resolve`]. It is written by hand, because an `async` function would have room for the parameters twice.
    pub struct Resolve<P> {
        is_early: bool,
        waiting: i64,
        #[pin]
        parameters: P,
    }
}

impl<P: Parameters> Future for Resolve<P> {
    type Output = Result<P::Values, Rejection>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if *this.is_early {
            ready!(this.parameters.as_mut().poll_early(*this.waiting, ctx));
            *this.is_early = false;
        }
        this.parameters.poll_values(*this.waiting, ctx)
    }
}
