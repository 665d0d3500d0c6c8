//! Reads what a form sent, in any of the ways in which it may be sent.

use super::super::content_type::MediaType;
use super::super::form_body::{self, FIELD_LIMIT};
use super::super::multipart::{MultipartParser, is_multipart};
use super::super::off_worker;
use super::super::signals_json::{SignalsJson, not_json};
use super::super::uploaded_file::{Upload, UploadedFile};
use super::super::value::JsonTree;
use super::entries::{FormEntry, names};
use super::files::ReceivedFile;
use super::problem::Problem;
use super::reader::{FieldInfo, FieldKind, kind_of};
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// The fields that a request sent, and how many bytes were read for them.
pub(super) async fn receive(
    scope: &Scope,
    parameter: &Parameter,
    fields: &'static [FieldInfo],
) -> Result<(FormEntry, usize), Rejection> {
    let is_known =
        |path: &str| names(path).next().is_some_and(|root| fields.iter().any(|info| info.name == root));
    let mut root = FormEntry::default();
    let mut length = 0;
    match MediaType::of(scope.headers()) {
        Some(content_type) if content_type.is_json() => {
            let signals = SignalsJson::read(scope).await?;
            length = signals.json().len();
            root = off_worker::parse(length, move || of_signals(&signals, fields)).await?;
        }
        Some(content_type) if content_type.is_form() => {
            let pairs = form_body::read_fields(scope, |(name, text)| (name.into_owned(), text.into_owned()));
            for (name, text) in pairs.await?.into_iter().filter(|(name, _)| is_known(name)) {
                length += text.len();
                if let Some(entry) = root.at_path(&name) {
                    entry.texts.push(text);
                }
            }
        }
        Some(_) if is_multipart(scope) => length = receive_parts(scope, fields, is_known, &mut root).await?,
        // A form without fields has no body and needs no content type.
        None if scope.has_empty_body() => {}
        _ => return Err(Rejection::unsupported_media_type(parameter, "a form, or the signals of a page")),
    }
    root.renumber();
    Ok((root, length))
}

/// The fields among the signals of a page. Its other signals are skipped.
fn of_signals(signals: &SignalsJson, fields: &'static [FieldInfo]) -> Result<FormEntry, Rejection> {
    let mut root = FormEntry::default();
    for info in fields {
        if let Some(json) = signals.get(info.name)
            && let Some(entry) = root.at_path(info.name)
        {
            entry.add_json(JsonTree::read(json).map_err(|error| not_json(&error))?.root());
        }
    }
    if root.size() > FIELD_LIMIT {
        return Err(Rejection::too_much(format!("the form has more than {FIELD_LIMIT} fields")));
    }
    Ok(root)
}

/// Reads multipart. A file that its field does not accept is not kept, whatever its size.
async fn receive_parts(
    scope: &Scope,
    fields: &'static [FieldInfo],
    is_known: impl Fn(&str) -> bool,
    root: &mut FormEntry,
) -> Result<usize, Rejection> {
    let mut parser = MultipartParser::new(scope)?;
    let mut length = 0;
    while let Some(mut part) = parser.next_part().await? {
        let path = part.name().to_owned();
        let Some(entry) = Some(&mut *root).filter(|_| is_known(&path)).and_then(|root| root.at_path(&path))
        else {
            continue;
        };
        let rules = match kind_of(fields, &path) {
            Some(FieldKind::File(rules)) => Some(rules),
            _ => None,
        };
        let Some(file_name) = part.file_name() else {
            let text = part.rest().await?;
            parser.keep(text.capacity(), text.len())?;
            length += text.len();
            match String::from_utf8(text) {
                Ok(text) => entry.texts.push(text),
                Err(_) => return Err(Rejection::bad_request("the form is not valid text")),
            }
            continue;
        };
        // A file that the form does not ask for is skipped.
        let Some(rules) = rules else { continue };
        if !part.is_unnamed_file() && !rules.accept(file_name, part.content_type()) {
            entry.files.push(ReceivedFile::Refused(Problem::of_rule("file-type", rules.accept)));
            continue;
        }
        let received = match UploadedFile::read_within(part, rules.max_size).await? {
            Upload::File(file) => {
                parser.keep(file.bytes_in_memory(), file.length())?;
                ReceivedFile::File(file)
            }
            Upload::Nothing => ReceivedFile::Nothing,
            Upload::TooLarge => {
                ReceivedFile::Refused(Problem::of_rule("file-too-large", rules.max_size.to_string()))
            }
        };
        entry.files.push(received);
    }
    scope.keep(parser.into_held());
    Ok(length)
}
