//! What expressions act on: signals, elements, and the client's actions.

use bytes::Bytes;
use http::Method;

use super::address::{encode, pairs, resolve, split_origin, split_query, with_query};
use super::document::Document;
use super::dom::NodeId;
use super::failure::Failure;
use super::form::{self, Entry};
use super::outgoing::{ActionCall, Cancellation, Outgoing};
use super::script::{Fault, Host, Reads, Scope, Value};
use super::signals::Filter;

/// The signals that are not sent unless an action says otherwise.
const LOCAL: &str = r"(^|\.)_";

impl Host for Document {
    fn signal(&mut self, path: &[String]) -> Value {
        let value = self.signals.read(path);
        if let Some(reads) = &mut self.reads {
            reads.push((path.to_vec(), value.clone()));
        }
        value
    }

    fn set_signal(&mut self, path: &[String], value: Value) {
        self.signals.assign(path, value);
    }

    fn begin_peek(&mut self) -> Reads {
        self.reads.take()
    }

    fn end_peek(&mut self, before: Reads) {
        self.reads = before;
    }

    fn property(&mut self, element: NodeId, name: &str) -> Option<Value> {
        let dom = &self.dom;
        let text = |name: &str| Value::text(dom.attribute(element, name).unwrap_or_default());
        Some(match name {
            "value" => Value::String(dom.value(element)),
            "checked" => Value::Bool(dom.is_checked(element)),
            "disabled" | "open" | "hidden" | "required" | "multiple" => {
                Value::Bool(dom.has_attribute(element, name))
            }
            "id" | "name" | "href" | "title" => text(name),
            "type" => Value::String(dom.control_type(element)),
            "className" => text("class"),
            "tagName" => Value::String(dom.element(element)?.name.local.to_ascii_uppercase().to_string()),
            "textContent" => Value::String(dom.text_content(element)),
            "innerText" => Value::String(self.visible_text(element)),
            "form" => dom.form_of(element).map_or(Value::Null, Value::Element),
            "dataset" => {
                let attributes = dom.element(element)?.attributes.iter();
                let data = attributes.filter_map(|attribute| {
                    let name = attribute.name.local.strip_prefix("data-")?;
                    let name = super::attribute::DataAttribute::parse(&format!("x:{name}")).cased("camel")?;
                    Some((name, Value::text(&*attribute.value)))
                });
                Value::Object(data.collect())
            }
            _ => return None,
        })
    }

    fn set_property(&mut self, element: NodeId, name: &str, value: Value) -> bool {
        match name {
            "value" => self.dom.set_value(element, &value.to_text()),
            "checked" => self.dom.set_checked(element, value.is_truthy()),
            "disabled" | "open" | "hidden" => self.dom.toggle_attribute(element, name, value.is_truthy()),
            "textContent" | "innerText" => self.dom.set_text_content(element, &value.to_text()),
            _ => return false,
        }
        true
    }

    fn call_element(&mut self, element: NodeId, name: &str, arguments: &[Value]) -> Option<Value> {
        let text = arguments.first().map(Value::to_text).unwrap_or_default();
        match name {
            "remove" => self.dom.detach(element),
            "focus" | "blur" | "select" | "scrollIntoView" => {}
            "reset" => self.dom.reset(element),
            "showModal" | "show" => self.dom.toggle_attribute(element, "open", true),
            "close" => self.dom.toggle_attribute(element, "open", false),
            "click" => self.note(|document| document.click(element)),
            "requestSubmit" => self.note(|document| document.submit(element, None)),
            "setAttribute" => {
                let value = arguments.get(1).map(Value::to_text).unwrap_or_default();
                self.dom.set_attribute(element, &text, &value);
            }
            "removeAttribute" => self.dom.remove_attribute(element, &text),
            "hasAttribute" => return Some(Value::Bool(self.dom.has_attribute(element, &text))),
            "getAttribute" => {
                return Some(self.dom.attribute(element, &text).map_or(Value::Null, Value::text));
            }
            _ => return None,
        }
        Some(Value::Undefined)
    }

    fn action(&mut self, scope: &Scope, name: &str, arguments: Vec<Value>) -> Result<Value, Fault> {
        let failed = |failure: Failure| Fault::Failed(failure.0);
        match name {
            "setAll" => {
                let mut arguments = arguments.into_iter();
                let value = arguments.next().unwrap_or_default();
                self.change_all(&arguments.next().unwrap_or_default(), |_| value.clone()).map_err(failed)?;
            }
            "toggleAll" => {
                let filter = arguments.into_iter().next().unwrap_or_default();
                self.change_all(&filter, |value| Value::Bool(!value.is_truthy())).map_err(failed)?;
            }
            _ => {
                let element = scope.element.unwrap_or(super::dom::Dom::DOCUMENT);
                self.fetch_event(element, "started", Value::Object(Vec::new())).map_err(failed)?;
                let call = ActionCall { name: name.to_owned(), arguments, scope: scope.clone() };
                let outgoing = self.request(call)?;
                self.outgoing.push(outgoing);
            }
        }
        // A promise, which is true.
        Ok(Value::Object(Vec::new()))
    }
}

impl Document {
    /// Keeps a failure of what cannot return it.
    fn note(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Failure>) {
        if let Err(failure) = step(self) {
            self.failure.get_or_insert(failure);
        }
    }

    fn change_all(&mut self, filter: &Value, change: impl Fn(&Value) -> Value) -> Result<(), Failure> {
        let mut taken = self.signals.filtered(&Filter::new(filter, None)?);
        change_leaves(&mut taken, &change);
        self.signals.merge(taken, false);
        Ok(())
    }

    /// Makes the request of an action from the signals or the form as they are now.
    pub(in crate::testing) fn request(&mut self, call: ActionCall) -> Result<Outgoing, Fault> {
        let method = match &*call.name {
            "get" | "post" | "put" | "patch" | "delete" | "query" => call.name.to_ascii_uppercase(),
            other => return Err(Fault::Failed(format!("the client has no action `@{other}`"))),
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let written = call.arguments.first().map(Value::to_text).unwrap_or_default();
        if written.is_empty() {
            return Err(Fault::Failed(format!("`@{}` has no URL", call.name)));
        }
        let options = call.arguments.get(1).cloned().unwrap_or_default();
        let option = |name: &str| options.field(name).map(Value::to_text);
        let element = call.scope.element.unwrap_or(super::dom::Dom::DOCUMENT);
        let mut headers = vec![
            ("accept".to_owned(), "text/event-stream, text/html, application/json".to_owned()),
            ("datastar-request".to_owned(), "true".to_owned()),
        ];
        let has_body = !matches!(method, Method::GET | Method::DELETE);
        let address = resolve(&self.address, &written);
        let mut query = pairs(split_query(&address).1);
        let mut body = None;
        match option("contentType").as_deref() {
            None | Some("json" | "undefined") => {
                let json = self.payload(&options).map_err(|failure| Fault::Failed(failure.0))?;
                if has_body {
                    headers.push(("content-type".to_owned(), "application/json".to_owned()));
                    body = Some(Bytes::from(json));
                } else {
                    match query.iter_mut().find(|(name, _)| name == "datastar") {
                        Some((_, value)) => *value = json,
                        None => query.push(("datastar".to_owned(), json)),
                    }
                }
            }
            Some("form") => {
                let (form, entries) = self.form_entries(&call.scope, element, option("selector"))?;
                let as_object = |_: &str| "[object File]".to_owned();
                let is_multipart = self.dom.attribute(form, "enctype") == Some("multipart/form-data");
                let (content_type, content) = if is_multipart && has_body {
                    form::multipart(&entries)
                } else {
                    let encoded = form::urlencoded(&entries, as_object);
                    ("application/x-www-form-urlencoded".to_owned(), encoded.into())
                };
                if has_body || !is_multipart {
                    headers.push(("content-type".to_owned(), content_type));
                }
                if has_body {
                    body = Some(content);
                } else {
                    query.extend(form::texts(&entries, as_object));
                }
            }
            Some(other) => {
                return Err(Fault::Failed(format!("`contentType` is `{other}`: expected `json` or `form`")));
            }
        }
        if let Some(Value::Object(own)) = options.field("headers") {
            for (name, value) in own {
                headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
                headers.push((name.to_ascii_lowercase(), value.to_text()));
            }
        }
        let cancellation = match option("requestCancellation").as_deref() {
            Some("cleanup") => Cancellation::Cleanup,
            Some("disabled") => Cancellation::Disabled,
            _ => Cancellation::Auto,
        };
        let (_, path) = split_origin(&address);
        let label = format!("{method} {}, by {}", split_query(path).0, self.dom.place(element));
        let address = with_query(&address, &encode(&query));
        let name = format!("{method} {written}");
        Ok(Outgoing { element, method, address, headers, body, cancellation, name, action: call, label })
    }

    /// The signals, or what an action sends in their place.
    fn payload(&self, options: &Value) -> Result<String, Failure> {
        if let Some(payload) = options.field("payload").filter(|payload| **payload != Value::Undefined) {
            return Ok(payload.to_json());
        }
        let filter = options.field("filterSignals").cloned().unwrap_or_default();
        Ok(self.signals.filtered(&Filter::new(&filter, Some(LOCAL))?).to_json())
    }

    fn form_entries(
        &self,
        scope: &Scope,
        element: NodeId,
        selector: Option<String>,
    ) -> Result<(NodeId, Vec<Entry>), Fault> {
        let form = match &selector {
            Some(selector) => {
                let found = self.dom.select(selector).map_err(|failure| Fault::Failed(failure.0))?;
                found.first().copied()
            }
            None => std::iter::once(element)
                .chain(self.dom.ancestors(element))
                .find(|&node| self.dom.html_name(node) == "form"),
        };
        let Some(form) = form.filter(|&form| self.dom.html_name(form) == "form") else {
            let sought =
                selector.map_or("around the element".to_owned(), |selector| format!("at `{selector}`"));
            return Err(Fault::Failed(format!("an action sends a form, but there is none {sought}")));
        };
        if !self.dom.has_attribute(form, "novalidate")
            && let Some((control, problem)) = form::invalid(&self.dom, form)
        {
            let control = self.dom.place(control);
            return Err(Fault::Failed(format!("a browser does not send the form: {problem}: {control}")));
        }
        let mut entries = form::entries(&self.dom, form, None);
        let submitter = if element == form { scope.submitter } else { Some(element) };
        let is_button = |node: NodeId| {
            self.dom.html_name(node) == "button"
                || (self.dom.html_name(node) == "input" && self.dom.control_type(node) == "submit")
        };
        if let Some(submitter) = submitter.filter(|&submitter| is_button(submitter)) {
            form::push_submitter(&self.dom, &mut entries, submitter);
        }
        Ok((form, entries))
    }
}

fn change_leaves(value: &mut Value, change: &impl Fn(&Value) -> Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| change_leaves(field, change)),
        Value::Array(items) => items.iter_mut().for_each(|item| change_leaves(item, change)),
        leaf => *leaf = change(leaf),
    }
}
