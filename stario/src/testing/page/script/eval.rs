//! Expressions → values and what they do.

use super::parser::{Expression, Program, Statement};
use super::value::Value;
use crate::testing::page::dom::NodeId;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::testing) enum Fault {
    /// It needs this part of JavaScript.
    Foreign(String),
    /// It fails in a browser as well, or what it did fails the test.
    Failed(String),
}

impl From<String> for Fault {
    fn from(foreign: String) -> Self {
        Self::Foreign(foreign)
    }
}

/// The names that an expression sees beside signals.
#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct Scope {
    pub(in crate::testing) element: Option<NodeId>,
    pub(in crate::testing) event: Value,
    /// The submitter of a `submit` event, which an action asks for.
    pub(in crate::testing) submitter: Option<NodeId>,
    /// The attribute that the code stands in, by the number of what it did.
    pub(in crate::testing) key: usize,
    /// What a function of the event, such as `evt.preventDefault()`, was called.
    pub(in crate::testing) called: Vec<String>,
}

/// Which signals were read, and what they held; `None` where nothing notes it.
pub(in crate::testing) type Reads = Option<Vec<(Vec<String>, Value)>>;

/// What expressions act on.
pub(in crate::testing) trait Host {
    fn signal(&mut self, path: &[String]) -> Value;
    fn set_signal(&mut self, path: &[String], value: Value);
    fn property(&mut self, element: NodeId, name: &str) -> Option<Value>;
    fn set_property(&mut self, element: NodeId, name: &str, value: Value) -> bool;
    fn call_element(&mut self, element: NodeId, name: &str, arguments: &[Value]) -> Option<Value>;
    fn action(&mut self, scope: &Scope, name: &str, arguments: Vec<Value>) -> Result<Value, Fault>;
    /// What is read from here on is not what the effect that runs depends on; returns what was noted before.
    fn begin_peek(&mut self) -> Reads;
    fn end_peek(&mut self, before: Reads);
}

/// Runs all statements and returns the value of the last.
pub(in crate::testing) fn evaluate(
    program: &Program,
    scope: &mut Scope,
    host: &mut dyn Host,
) -> Result<Value, Fault> {
    Evaluator { scope, host }.statements(&program.0)
}

/// The last expression of a program, whose value an attribute such as `data-computed` takes apart.
pub(in crate::testing) fn last_value(program: &Program) -> Option<&Expression> {
    match program.0.last() {
        Some(Statement::Expression(expression)) => Some(expression),
        _ => None,
    }
}

struct Evaluator<'a> {
    scope: &'a mut Scope,
    host: &'a mut dyn Host,
}

impl Evaluator<'_> {
    fn statements(&mut self, statements: &[Statement]) -> Result<Value, Fault> {
        let mut value = Value::Undefined;
        for statement in statements {
            value = match statement {
                Statement::Expression(expression) => self.value(expression)?,
                Statement::If { condition, then, otherwise } => {
                    let is_met = self.value(condition)?.is_truthy();
                    self.statements(if is_met { then } else { otherwise })?
                }
            };
        }
        Ok(value)
    }

    fn value(&mut self, expression: &Expression) -> Result<Value, Fault> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Signal(path) => Ok(self.signal(path)),
            Expression::Name(name) => self.name(name),
            Expression::Member(..) | Expression::Index(..) => {
                if let Some(path) = self.signal_path(expression)? {
                    return Ok(self.signal(&path));
                }
                let (object, name) = match expression {
                    Expression::Member(object, name) => (self.value(object)?, name.clone()),
                    Expression::Index(object, index) => (self.value(object)?, self.value(index)?.to_text()),
                    _ => return Ok(Value::Undefined),
                };
                self.member(&object, &name)
            }
            Expression::Method(object, name, arguments) => self.method(object, name, arguments),
            Expression::Action(name, arguments) => self.action(name, arguments),
            Expression::Array(items) => self.values(items).map(Value::Array),
            Expression::Object(fields) => {
                let mut object = Value::Object(Vec::new());
                for (name, value) in fields {
                    let value = self.value(value)?;
                    object.set_field(name, value);
                }
                Ok(object)
            }
            Expression::Function(_) => Err(Fault::Foreign("=>".to_owned())),
            Expression::Unary(operator, operand) => {
                let operand = self.value(operand)?;
                Ok(match *operator {
                    "!" => Value::Bool(!operand.is_truthy()),
                    "-" => Value::Number(-operand.to_number()),
                    _ => Value::Number(operand.to_number()),
                })
            }
            Expression::Binary(operator, left, right) => self.binary(operator, left, right),
            Expression::Conditional(condition, then, otherwise) => {
                let is_met = self.value(condition)?.is_truthy();
                self.value(if is_met { then } else { otherwise })
            }
            Expression::Assign(operator, target, value) => self.assign(operator, target, value),
            Expression::Update { target, step, is_postfix } => {
                let before = self.value(target)?.to_number();
                let after = Value::Number(before + step);
                self.set(target, after.clone())?;
                Ok(if *is_postfix { Value::Number(before) } else { after })
            }
        }
    }

    fn values(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, Fault> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    /// The path of a signal that is named in parts: `$a['b'].c`.
    fn signal_path(&mut self, expression: &Expression) -> Result<Option<Vec<String>>, Fault> {
        let (object, name) = match expression {
            Expression::Signal(path) => return Ok(Some(path.clone())),
            Expression::Member(object, name) => (object, name.clone()),
            Expression::Index(object, index) => match self.signal_path(object)? {
                Some(_) => (object, self.value(index)?.to_text()),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(self.signal_path(object)?.map(|mut path| {
            path.push(name);
            path
        }))
    }

    /// `$q.length` is the length of what `$q` holds.
    fn signal(&mut self, path: &[String]) -> Value {
        if let [above @ .., last] = path
            && last == "length"
            && !above.is_empty()
        {
            match self.host.signal(above) {
                Value::String(text) => return length(&text),
                #[allow(clippy::cast_precision_loss)] // No page has so many items.
                Value::Array(items) => return Value::Number(items.len() as f64),
                _ => {}
            }
        }
        self.host.signal(path)
    }

    fn name(&mut self, name: &str) -> Result<Value, Fault> {
        match name {
            "el" => Ok(self.scope.element.map_or(Value::Undefined, Value::Element)),
            "evt" | "patch" => Ok(self.scope.event.clone()),
            "NaN" => Ok(Value::Number(f64::NAN)),
            "Infinity" => Ok(Value::Number(f64::INFINITY)),
            _ => Err(Fault::Foreign(name.to_owned())),
        }
    }

    fn member(&mut self, object: &Value, name: &str) -> Result<Value, Fault> {
        match object {
            Value::Undefined | Value::Null => {
                Err(Fault::Failed(format!("`{}` has no `{name}`", object.to_text())))
            }
            Value::Element(element) => {
                self.host.property(*element, name).ok_or_else(|| Fault::Foreign(format!(".{name}")))
            }
            Value::String(text) if name == "length" => Ok(length(text)),
            #[allow(clippy::cast_precision_loss)] // No page has so many items.
            Value::Array(items) if name == "length" => Ok(Value::Number(items.len() as f64)),
            Value::Array(_) | Value::Object(_) => Ok(object.field(name).cloned().unwrap_or_default()),
            _ => Err(Fault::Foreign(format!(".{name}"))),
        }
    }

    fn method(&mut self, object: &Expression, name: &str, arguments: &[Expression]) -> Result<Value, Fault> {
        let is_event = matches!(object, Expression::Name(name) if name == "evt");
        if is_event && matches!(name, "preventDefault" | "stopPropagation") {
            self.scope.called.push(name.to_owned());
            return Ok(Value::Undefined);
        }
        let object = self.value(object)?;
        let arguments = self.values(arguments)?;
        let foreign = || Fault::Foreign(format!(".{name}()"));
        let first = arguments.first().cloned().unwrap_or_default();
        match (&object, name) {
            (Value::Element(element), _) => {
                self.host.call_element(*element, name, &arguments).ok_or_else(foreign)
            }
            (Value::Array(items), "includes") => Ok(Value::Bool(items.contains(&first))),
            (Value::Array(items), "join") => {
                let separator = if first == Value::Undefined { ",".to_owned() } else { first.to_text() };
                let texts: Vec<String> = items.iter().map(Value::to_text).collect();
                Ok(Value::String(texts.join(&separator)))
            }
            (Value::String(text), "trim") => Ok(Value::text(text.trim())),
            (Value::String(text), "toLowerCase") => Ok(Value::String(text.to_lowercase())),
            (Value::String(text), "toUpperCase") => Ok(Value::String(text.to_uppercase())),
            (Value::String(text), "includes") => Ok(Value::Bool(text.contains(&first.to_text()))),
            (Value::String(text), "startsWith") => Ok(Value::Bool(text.starts_with(&first.to_text()))),
            (Value::String(text), "endsWith") => Ok(Value::Bool(text.ends_with(&first.to_text()))),
            (Value::String(_) | Value::Number(_) | Value::Bool(_), "toString") if arguments.is_empty() => {
                Ok(Value::String(object.to_text()))
            }
            _ => Err(foreign()),
        }
    }

    fn action(&mut self, name: &str, arguments: &[Expression]) -> Result<Value, Fault> {
        if name == "peek" {
            return match arguments {
                [Expression::Function(body)] => {
                    let before = self.host.begin_peek();
                    let value = self.value(body);
                    self.host.end_peek(before);
                    value
                }
                _ => Err(Fault::Foreign("@peek".to_owned())),
            };
        }
        let arguments = self.values(arguments)?;
        self.host.action(self.scope, name, arguments)
    }

    fn binary(
        &mut self,
        operator: &'static str,
        left: &Expression,
        right: &Expression,
    ) -> Result<Value, Fault> {
        let left = self.value(left)?;
        match operator {
            "&&" if !left.is_truthy() => return Ok(left),
            "||" if left.is_truthy() => return Ok(left),
            "??" if !left.is_nullish() => return Ok(left),
            _ => {}
        }
        let right = self.value(right)?;
        Ok(match operator {
            "&&" | "||" | "??" | "," => right,
            _ => apply(operator, &left, &right),
        })
    }

    fn assign(
        &mut self,
        operator: &'static str,
        target: &Expression,
        value: &Expression,
    ) -> Result<Value, Fault> {
        let value = match operator {
            "=" => self.value(value)?,
            "&&=" | "||=" | "??=" => {
                let before = self.value(target)?;
                let keeps = match operator {
                    "&&=" => !before.is_truthy(),
                    "||=" => before.is_truthy(),
                    _ => !before.is_nullish(),
                };
                if keeps {
                    return Ok(before);
                }
                self.value(value)?
            }
            _ => {
                let before = self.value(target)?;
                let value = self.value(value)?;
                apply(&operator[..1], &before, &value)
            }
        };
        self.set(target, value.clone())?;
        Ok(value)
    }

    fn set(&mut self, target: &Expression, value: Value) -> Result<(), Fault> {
        match target {
            Expression::Signal(path) => {
                self.host.set_signal(path, value);
                Ok(())
            }
            _ => {
                if let Some(path) = self.signal_path(target)? {
                    self.host.set_signal(&path, value);
                    return Ok(());
                }
                let Expression::Member(object, name) = target else {
                    return Err(Fault::Foreign("[".to_owned()));
                };
                match self.value(object)? {
                    Value::Element(element) if self.host.set_property(element, name, value) => Ok(()),
                    _ => Err(Fault::Foreign(format!(".{name} ="))),
                }
            }
        }
    }
}

/// A length as JavaScript counts it.
fn length(text: &str) -> Value {
    #[allow(clippy::cast_precision_loss)] // No page has so long a text.
    Value::Number(text.encode_utf16().count() as f64)
}

fn apply(operator: &str, left: &Value, right: &Value) -> Value {
    let is_text =
        |value: &Value| !matches!(value, Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_));
    let numbers = || (left.to_number(), right.to_number());
    let compare = |texts: fn(&str, &str) -> bool, numbers: fn(&f64, &f64) -> bool| {
        Value::Bool(match (left, right) {
            (Value::String(left), Value::String(right)) => texts(left, right),
            _ => numbers(&left.to_number(), &right.to_number()),
        })
    };
    let arithmetic = |operation: fn(f64, f64) -> f64| {
        let (left, right) = numbers();
        Value::Number(operation(left, right))
    };
    match operator {
        "+" if is_text(left) || is_text(right) => Value::String(left.to_text() + &right.to_text()),
        "+" => arithmetic(|left, right| left + right),
        "-" => arithmetic(|left, right| left - right),
        "*" => arithmetic(|left, right| left * right),
        "/" => arithmetic(|left, right| left / right),
        "%" => arithmetic(|left, right| left % right),
        "===" => Value::Bool(is_identical(left, right)),
        "!==" => Value::Bool(!is_identical(left, right)),
        "==" => Value::Bool(is_equal(left, right)),
        "!=" => Value::Bool(!is_equal(left, right)),
        "<" => compare(|left, right| left < right, |left, right| left < right),
        "<=" => compare(|left, right| left <= right, |left, right| left <= right),
        ">" => compare(|left, right| left > right, |left, right| left > right),
        ">=" => compare(|left, right| left >= right, |left, right| left >= right),
        _ => Value::Undefined,
    }
}

/// `===`. Two arrays or objects are never the same, because each expression makes its own.
fn is_identical(left: &Value, right: &Value) -> bool {
    !matches!(left, Value::Array(_) | Value::Object(_) | Value::Regex(..)) && left == right
}

/// `==`.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        _ if left.is_nullish() || right.is_nullish() => left.is_nullish() && right.is_nullish(),
        _ if left.type_name() == right.type_name() => is_identical(left, right),
        _ => {
            let (left, right) = (left.to_number(), right.to_number());
            left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)
        }
    }
}
