//! Conditional requests (RFC 9110 section 13): compares the client's copy with the file.

use std::time::SystemTime;

use http::header::{
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use http::{HeaderMap, StatusCode};

use crate::response::entity_tag::EntityTag;

/// The validators of a file, `etag` and `last-modified`, as the response's head has them.
#[derive(Debug)]
pub(super) struct Validators {
    etag: Option<EntityTag>,
    modified: Option<SystemTime>,
}

impl Validators {
    pub(super) fn of(response: &HeaderMap) -> Self {
        Self { etag: EntityTag::of(response), modified: date(response, &LAST_MODIFIED) }
    }

    /// What is answered instead of the file: 304 if the client has it, 412 if the client wants another state of it.
    pub(super) fn answer_instead(&self, request: &HeaderMap) -> Option<StatusCode> {
        if request.contains_key(IF_MATCH) {
            if !self.is_among(request, &IF_MATCH, is_strongly) {
                return Some(StatusCode::PRECONDITION_FAILED);
            }
        } else if let (Some(modified), Some(since)) = (self.modified, date(request, &IF_UNMODIFIED_SINCE))
            && modified > since
        {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let is_known = if request.contains_key(IF_NONE_MATCH) {
            self.is_among(request, &IF_NONE_MATCH, EntityTag::matches_weakly)
        } else {
            let since = date(request, &IF_MODIFIED_SINCE);
            self.modified.is_some_and(|modified| since.is_some_and(|since| modified <= since))
        };
        is_known.then_some(StatusCode::NOT_MODIFIED)
    }

    /// Whether a range of what the client has is a range of what is here.
    pub(super) fn allow_range(&self, request: &HeaderMap) -> bool {
        let Some(condition) = request.get(IF_RANGE) else {
            return true;
        };
        // A date is as good as the tag: neither tells two changes of one second apart while it is weak.
        let Some(etag) = self.etag.as_ref().filter(|etag| !etag.is_weak) else {
            return false;
        };
        match EntityTag::read(condition.as_bytes()) {
            Some((tag, _)) => is_strongly(&tag, etag),
            None => self.modified.is_some() && self.modified == date(request, &IF_RANGE),
        }
    }

    fn is_among(
        &self,
        request: &HeaderMap,
        name: &HeaderName,
        is_same: fn(&EntityTag, &EntityTag) -> bool,
    ) -> bool {
        EntityTag::is_among(self.etag.as_ref(), request, name, is_same)
    }
}

/// Whether both are of one state, byte by byte.
fn is_strongly(left: &EntityTag, right: &EntityTag) -> bool {
    !left.is_weak && !right.is_weak && left.matches_weakly(right)
}

/// The date in a header; what is no date says nothing.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}
