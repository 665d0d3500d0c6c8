//! What the compiler knows of one parameter of a handler or a provider.

use std::any::TypeId;
use std::sync::Arc;

use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// What a parameter's type says about it.
#[derive(Debug)]
pub struct ArgumentInfo {
    pub(crate) source: Source,
    pub(crate) by_name: bool,
    /// Whether its future is ready when it is polled first.
    pub(crate) is_ready: bool,
    /// Whether its provider defers work until the end of the request.
    pub(crate) defers: bool,
    pub(crate) reads_body: fn(&Scope) -> bool,
    pub(crate) reads_body_later: fn(&Scope) -> bool,
    pub(crate) requirement: fn(&Parameter) -> Option<Requirement>,
}

/// One parameter, as the macros describe it: checks, requirements and resolutions refer to this.
#[derive(Debug)]
pub struct ParameterInfo {
    /// Its name.
    pub parameter: Parameter,
    argument: ArgumentInfo,
}

impl ArgumentInfo {
    /// The parameter of this name.
    pub const fn named(self, name: &'static str) -> ParameterInfo {
        ParameterInfo { parameter: Parameter::new(name), argument: self }
    }

    /// The parameter whose attribute names it so.
    pub const fn renamed(self, name: &'static str) -> ParameterInfo {
        ParameterInfo { parameter: Parameter::renamed(name), argument: self }
    }
}

// The methods whose names begin with `expect` are evaluated by the compiler: it reports their panics as errors.
#[allow(clippy::missing_panics_doc)]
impl ParameterInfo {
    /// Notes that it has a default.
    #[must_use]
    pub const fn with_default(self) -> Self {
        Self { parameter: self.parameter.with_default(), argument: self.argument }
    }

    /// Notes the provider of a singleton whose parameter it is.
    #[must_use]
    pub const fn in_singleton(self, provider: fn() -> TypeId) -> Self {
        Self { parameter: self.parameter.in_singleton(provider), argument: self.argument }
    }

    /// Refuses a parameter that needs a name and has none.
    #[track_caller]
    pub const fn expect_name(&self) {
        assert!(
            !self.argument.by_name,
            "this value is looked up by the parameter's name, and the parameter has none; add #[name(\"..\")]"
        );
    }

    /// Refuses a path parameter where the path has no capture of its name.
    #[track_caller]
    pub const fn expect_no_capture(&self, message: &'static str) {
        assert!(!self.argument.source.is_path(), "{}", message);
    }

    /// Refuses a body where a request has none.
    #[track_caller]
    pub const fn expect_no_body(&self) {
        assert!(
            !self.argument.source.needs_body(),
            "a query has no body: browsers send none with GET; make this handler a command"
        );
    }

    /// Refuses a `Writer`, for the reason in the message.
    #[track_caller]
    pub const fn expect_no_writer(&self, message: &'static str) {
        assert!(!self.argument.source.is_writer(), "{}", message);
    }

    /// Whether a durable command stores its value.
    pub const fn is_stored(&self) -> bool {
        self.argument.source.is_stored()
    }

    /// Refuses a value that is not stored, for the reason in the message.
    #[track_caller]
    pub const fn expect_stored(&self, message: &'static str) {
        assert!(self.is_stored(), "{}", message);
    }

    /// Refuses a value that would be stored, for the reason in the message.
    #[track_caller]
    pub const fn expect_not_stored(&self, message: &'static str) {
        assert!(!self.is_stored(), "{}", message);
    }

    /// Refuses a value whose provider takes a `Cleanup`, for the reason in the message.
    #[track_caller]
    pub const fn expect_no_cleanup(&self, message: &'static str) {
        assert!(!(self.is_stored() && self.argument.defers), "{}", message);
    }

    /// Refuses what belongs to one request.
    #[track_caller]
    pub const fn expect_app(&self, message: &'static str) {
        assert!(self.argument.source.is_app(), "{}", message);
    }

    /// Refuses a second reader of the body and a second writer of the response.
    #[track_caller]
    pub const fn expect_beside(
        &self,
        other: &Self,
        signals_in_query: bool,
        second_body: &'static str,
        second_writer: &'static str,
    ) {
        assert!(
            !self.argument.source.conflicts_with(other.argument.source, signals_in_query),
            "{}",
            second_body
        );
        assert!(
            !(self.argument.source.is_writer() && other.argument.source.is_writer()),
            "{}",
            second_writer
        );
    }
}

/// What the parameters need of the app.
pub fn requirements(parameters: &[ParameterInfo]) -> Vec<Option<Requirement>> {
    let needs = |info: &ParameterInfo| {
        [(info.argument.requirement)(&info.parameter), Requirement::reads(info.argument.source)]
    };
    parameters.iter().flat_map(needs).collect()
}

/// Drops the inputs of a call whose parameters are resolved, and the body, unless one of them may read it while the handler
/// runs.
#[allow(clippy::needless_pass_by_value)] // Inputs that are borrowed would live as long as the handler's future.
#[inline]
pub fn close(parameters: &[ParameterInfo], inputs: Arc<Scope>) {
    if !parameters.iter().any(|info| (info.argument.reads_body_later)(&inputs)) {
        inputs.close();
    }
}

/// Which parameters wait for the others, because they read the body, or a provider that they need does: a bit for each, the
/// lowest for the first. The highest stands for all from there on.
pub fn waiting(parameters: &[ParameterInfo], scope: &Scope) -> i64 {
    let waits = parameters.iter().enumerate().map(|(position, info)| {
        let bit = position.min(i64::BITS as usize - 1);
        i64::from((info.argument.reads_body)(scope)) << bit
    });
    waits.fold(0, |all, bit| all | bit)
}

/// Whether no parameter waits for anything, so that `resolve_now` resolves them.
#[inline(always)]
pub const fn are_ready(parameters: &[ParameterInfo]) -> bool {
    let mut position = 0;
    while position < parameters.len() {
        if !parameters[position].argument.is_ready {
            return false;
        }
        position += 1;
    }
    true
}

/// Whether one of them writes the response.
pub const fn has_writer(parameters: &[ParameterInfo]) -> bool {
    let mut position = 0;
    while position < parameters.len() {
        if parameters[position].argument.source.is_writer() {
            return true;
        }
        position += 1;
    }
    false
}
