//! Actions → requests, as the Datastar client 1.0.4 makes them.

use bytes::Bytes;
use http::Method;

use super::dom::NodeId;

/// A request that an action asks for.
#[derive(Debug, Clone)]
pub(in crate::testing) struct Outgoing {
    pub(in crate::testing) element: NodeId,
    pub(in crate::testing) method: Method,
    /// The whole address.
    pub(in crate::testing) address: String,
    pub(in crate::testing) headers: Vec<(String, String)>,
    pub(in crate::testing) body: Option<Bytes>,
    pub(in crate::testing) cancellation: Cancellation,
    /// The method and the URL as the action names them: the next request of both cancels this one.
    pub(in crate::testing) name: String,
    /// What to ask for when the connection is lost.
    pub(in crate::testing) action: ActionCall,
    /// `POST /items, by <button> in #main`.
    pub(in crate::testing) label: String,
}

impl Outgoing {
    /// Whether the client aborts the earlier request for this one.
    pub(in crate::testing) fn aborts(&self, earlier: &Self) -> bool {
        let of_same_action = || {
            let (own, its) = (&self.action, &earlier.action);
            (&own.name, own.scope.key) == (&its.name, its.scope.key)
        };
        match (self.cancellation, earlier.cancellation) {
            (Cancellation::Disabled, _) | (_, Cancellation::Disabled) => false,
            (Cancellation::Cleanup, Cancellation::Cleanup) if of_same_action() => true,
            _ => self.name == earlier.name,
        }
    }
}

/// An action with its arguments.
#[derive(Debug, Clone)]
pub(in crate::testing) struct ActionCall {
    pub(in crate::testing) name: String,
    pub(in crate::testing) arguments: Vec<super::script::Value>,
    pub(in crate::testing) scope: super::script::Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) enum Cancellation {
    Auto,
    Cleanup,
    Disabled,
}
