//! Builds without debug assertions have nothing of development: an app is never in it.

use std::error::Error;

use http::request::Parts;

use crate::response::Response;

#[derive(Debug, Default)]
pub(crate) struct Development;

impl Development {
    pub(crate) fn decide(&self, _: Option<bool>, _: bool) {}

    pub(crate) fn is_on(&self) -> bool {
        false
    }

    pub(crate) fn answer(&self, _: &Parts) -> Option<Response> {
        None
    }
}

#[derive(Debug, Default)]
pub(crate) struct SeenRequest;

impl SeenRequest {
    pub(crate) fn of(_: &Development, _: &Parts) -> Self {
        Self
    }

    pub(crate) fn note_panic(&self, _: &str) {}
}

pub(crate) fn note_cause(_: &mut Response, _: &(dyn Error + 'static)) {}

pub(crate) fn note_no_route(_: &mut Response) {}
