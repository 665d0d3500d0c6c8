//! Conditional requests (RFC 9110 section 13): what a client has, and whether it wants what is here.

use std::time::SystemTime;

use http::header::{
    ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED,
};
use http::{HeaderMap, StatusCode};

/// What tells one state of a file from another, as it stands in the response's head.
#[derive(Debug)]
pub(super) struct Validators {
    etag: Option<EntityTag>,
    modified: Option<SystemTime>,
}

impl Validators {
    pub(super) fn of(response: &HeaderMap) -> Self {
        let etag = response.get(ETAG).and_then(|etag| EntityTag::read(etag.as_bytes()).map(|(tag, _)| tag));
        Self { etag, modified: date(response, &LAST_MODIFIED) }
    }

    /// What is answered instead of the file: 304 if the client has it, 412 if the client wants another state of it.
    pub(super) fn answer_instead(&self, request: &HeaderMap) -> Option<StatusCode> {
        if request.contains_key(IF_MATCH) {
            if !self.is_among(request, &IF_MATCH, EntityTag::is_strongly) {
                return Some(StatusCode::PRECONDITION_FAILED);
            }
        } else if let (Some(modified), Some(since)) = (self.modified, date(request, &IF_UNMODIFIED_SINCE))
            && modified > since
        {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let is_known = if request.contains_key(IF_NONE_MATCH) {
            self.is_among(request, &IF_NONE_MATCH, EntityTag::is_weakly)
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
            Some((tag, _)) => tag.is_strongly(etag),
            None => self.modified.is_some() && self.modified == date(request, &IF_RANGE),
        }
    }

    fn is_among(
        &self,
        request: &HeaderMap,
        name: &HeaderName,
        is_same: fn(&EntityTag, &EntityTag) -> bool,
    ) -> bool {
        request.get_all(name).iter().any(|line| {
            let mut rest = line.as_bytes().trim_ascii();
            if rest == b"*" {
                return true;
            }
            let Some(etag) = &self.etag else {
                return false;
            };
            while let Some((tag, after)) = EntityTag::read(rest) {
                if is_same(&tag, etag) {
                    return true;
                }
                let after = after.trim_ascii_start();
                rest = after.strip_prefix(b",").unwrap_or_default().trim_ascii_start();
            }
            false
        })
    }
}

/// An entity tag (RFC 9110 section 8.8.3).
#[derive(Debug, PartialEq, Eq)]
struct EntityTag {
    is_weak: bool,
    /// What stands between the quotes.
    opaque: Vec<u8>,
}

impl EntityTag {
    /// The tag that `text` begins with, and what follows it.
    fn read(text: &[u8]) -> Option<(Self, &[u8])> {
        let (is_weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let opaque = quoted.strip_prefix(b"\"")?;
        let end = opaque.iter().position(|byte| *byte == b'"')?;
        Some((Self { is_weak, opaque: opaque[..end].to_owned() }, &opaque[end + 1..]))
    }

    fn is_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    fn is_strongly(&self, other: &Self) -> bool {
        !self.is_weak && !other.is_weak && self.is_weakly(other)
    }
}

/// The date in a header; what is no date says nothing.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}
