//! The values of a stored command's parameters: how they are collected, and given back.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::payload::{HEAD, split};
use super::same_json::is_same_json;
use crate::error::{Error, Rejection, Result};
#[cfg(feature = "uploads")]
use crate::extract::UploadedFile;
use crate::request_id::RequestId;

/// The JSON of a payload.
#[derive(Serialize, Deserialize)]
struct PayloadLine<'a> {
    #[serde(borrow)]
    values: BTreeMap<&'a str, &'a RawValue>,
    /// The lengths of the files, which follow in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<usize>,
}

/// What is collected of the parameters, to be stored.
#[derive(Debug)]
pub struct ValuesWriter {
    /// The name of the command: `durable = ".."`.
    command: &'static str,
    values: BTreeMap<&'static str, Box<RawValue>>,
    files: Vec<Content>,
}

/// The value of a parameter that serde cannot write as JSON, such as a map whose keys are lists.
#[derive(Debug)]
struct NoJson {
    command: &'static str,
    parameter: &'static str,
    cause: serde_json::Error,
}

impl fmt::Display for NoJson {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, parameter, .. } = self;
        write!(formatter, "`{parameter}` of the durable command `{command}` cannot be written as JSON")
    }
}

impl StdError for NoJson {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.cause)
    }
}

/// The bytes of a file.
#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    #[cfg(feature = "uploads")]
    File(UploadedFile),
}

impl ValuesWriter {
    /// Holds no value yet of the command of this name.
    pub fn new(command: &'static str) -> Self {
        Self { command, values: BTreeMap::new(), files: Vec::new() }
    }

    /// Adds the value of a parameter. An error of it is not logged here: that of a request is when it is answered, and code is given it.
    pub(super) fn value<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Rejection> {
        let json = serde_json::value::to_raw_value(value)
            .map_err(|cause| failed(NoJson { command: self.command, parameter: name, cause }))?;
        self.values.insert(name, json);
        Ok(())
    }

    /// Adds the bytes of a file. Returns its number, by which a value refers to it.
    pub(super) fn bytes(&mut self, bytes: Bytes) -> usize {
        self.files.push(Content::Bytes(bytes));
        self.files.len() - 1
    }

    /// The same of a file that may be on the disk.
    #[cfg(feature = "uploads")]
    pub(super) fn file(&mut self, file: UploadedFile) -> usize {
        self.files.push(Content::File(file));
        self.files.len() - 1
    }

    /// The JSON of a value, by which commands are put into groups.
    pub fn group_of(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.get().to_owned())
    }

    /// The payload; refused with 413 if it has more bytes than `limit`.
    pub(super) async fn into_payload(self, request: RequestId, limit: usize) -> Result<Vec<u8>, Rejection> {
        let files: Vec<usize> = self.files.iter().map(Content::len).collect();
        let values = self.values.iter().map(|(name, value)| (*name, &**value)).collect();
        let line = serde_json::to_vec(&PayloadLine { values, files }).map_err(failed)?;
        let length = line.len() + self.files.iter().map(Content::len).sum::<usize>();
        if length > limit {
            return Err(Rejection::too_much(format!(
                "this command has {length} bytes of values, and its store takes {limit}"
            )));
        }
        let mut payload = Vec::with_capacity(HEAD + length + 1);
        payload.extend_from_slice(request.to_string().as_bytes());
        payload.push(b' ');
        payload.extend_from_slice(&line);
        payload.push(b'\n');
        for file in &self.files {
            payload.extend_from_slice(&file.read().await?);
        }
        Ok(payload)
    }
}

/// 500 with its cause.
fn failed(cause: impl StdError + Send + Sync + 'static) -> Rejection {
    Error::from(cause).into_rejection()
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Bytes(bytes) => bytes.len(),
            #[cfg(feature = "uploads")]
            Content::File(file) => usize::try_from(file.len()).unwrap_or(usize::MAX),
        }
    }

    async fn read(&self) -> Result<Bytes, Rejection> {
        match self {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            #[cfg(feature = "uploads")]
            Content::File(file) => file.bytes().await.map_err(failed),
        }
    }
}

/// The values of a stored command, to be given to its parameters.
#[derive(Debug)]
pub struct StoredValues {
    request: Option<RequestId>,
    values: BTreeMap<String, Box<RawValue>>,
    files: Vec<Bytes>,
}

impl StoredValues {
    /// Reads a payload.
    pub(crate) fn read(payload: Vec<u8>) -> Result<Self> {
        let payload = Bytes::from(payload);
        let damaged = || Error::from("the stored values are damaged");
        let (json, mut begin) = split(&payload).ok_or_else(damaged)?;
        let head = std::str::from_utf8(&payload[..HEAD]).ok();
        let request = head.and_then(|head| RequestId::parse(head.trim_end()));
        let PayloadLine { values, files } = serde_json::from_slice(json)?;
        let mut contents = Vec::with_capacity(files.len());
        for length in files {
            let end = begin.checked_add(length).filter(|end| *end <= payload.len()).ok_or_else(damaged)?;
            contents.push(payload.slice(begin..end));
            begin = end;
        }
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { request, values, files: contents })
    }

    /// The request that has stored it.
    pub(crate) fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// Replaces the values by what `lift` makes of them.
    pub(crate) fn lift(
        &mut self,
        lift: impl FnOnce(serde_json::Value) -> Result<serde_json::Value>,
    ) -> Result<()> {
        let values = serde_json::to_value(std::mem::take(&mut self.values))?;
        self.values = serde_json::from_value(lift(values)?)?;
        Ok(())
    }

    /// Whether both have the same values. One that is not there is `null`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let mut names = self.values.keys().chain(other.values.keys());
        self.files == other.files && names.all(|name| is_same_json(self.json(name), other.json(name)))
    }

    fn json(&self, name: &str) -> &str {
        self.values.get(name).map_or("null", |value| value.get())
    }

    /// The value of a parameter. One that is not there is read as `null`, so that an `Option` can be added.
    pub(super) fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let (value, what) = match self.values.get(name) {
            Some(value) => (serde_json::from_str(value.get()), "does not fit its type"),
            None => (serde_json::from_str("null"), "is not stored"),
        };
        value.map_err(|error| format!("the value of `{name}` {what}: {error}").into())
    }

    /// The bytes of a file, by its number.
    pub(super) fn file(&self, number: usize) -> Result<Bytes> {
        self.files
            .get(number)
            .cloned()
            .ok_or_else(|| "the stored values are damaged: a file is not there".into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::payload::json_of;
    use super::*;

    #[tokio::test]
    async fn values_and_files_come_back() {
        let mut writer = ValuesWriter::new("import");
        writer.value("name", &"two\nlines").unwrap();
        writer.value("big", &u128::MAX).unwrap();
        assert_eq!(writer.bytes(Bytes::from_static(b"a\nb")), 0);
        assert_eq!(writer.bytes(Bytes::new()), 1);
        assert_eq!(writer.group_of("name").as_deref(), Some(r#""two\nlines""#));
        let id = RequestId::next();
        let payload = writer.into_payload(id, 200).await.unwrap();
        assert_eq!(
            json_of(&payload),
            Some(format!(r#"{{"big":{},"name":"two\nlines"}}"#, u128::MAX).as_str())
        );
        let mut stored = StoredValues::read(payload.clone()).unwrap();
        assert_eq!(stored.request(), Some(id));
        assert_eq!(stored.value::<String>("name").unwrap(), "two\nlines");
        assert_eq!(stored.value::<u128>("big").unwrap(), u128::MAX);
        assert_eq!(stored.value::<Option<u8>>("new").unwrap(), None);
        assert_eq!(stored.file(0).unwrap(), "a\nb");
        assert_eq!(stored.file(1).unwrap(), "");
        assert!(stored.file(2).is_err());
        let error = stored.value::<u8>("new").unwrap_err().to_string();
        assert!(error.starts_with("the value of `new` is not stored"), "{error}");
        let error = stored.value::<u8>("name").unwrap_err().to_string();
        assert!(error.starts_with("the value of `name` does not fit its type"), "{error}");

        stored.lift(|values| Ok(serde_json::json!({ "lifted": values["name"] }))).unwrap();
        assert_eq!(stored.value::<String>("lifted").unwrap(), "two\nlines");
        for cut in [0, HEAD, payload.len() - 1] {
            assert!(StoredValues::read(payload[..cut].to_vec()).is_err());
        }
    }

    #[tokio::test]
    async fn what_is_too_large_names_the_bound() {
        let mut writer = ValuesWriter::new("import");
        writer.bytes(Bytes::from(vec![0; 100]));
        let refused = writer.into_payload(RequestId::next(), 100).await.unwrap_err();
        assert_eq!(refused.status(), 413);
        assert_eq!(refused.message(), "this command has 127 bytes of values, and its store takes 100");
    }
}
